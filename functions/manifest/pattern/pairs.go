package pattern

import "math/bits"

// Pairs reads two numbers, of eight bytes together, of each of so many entries:
// from places on, steps of them an entry, so many bytes further. first and second
// are as long as there are entries; b has eight bytes from each of the places on,
// which rise from entry to entry, as Walk has them.
func Pairs(b []byte, places []int32, steps, offset int, first, second []int64) {
	second = second[:len(first)]
	if len(first) == 0 {
		return
	}
	if int(places[0])+offset < 0 || int(places[(len(first)-1)*steps])+offset > len(b)-8 { // assembly asks no more
		panic("pattern: a place behind the bytes")
	}
	pairs(b, places, steps, offset, first, second)
}

// portablePairs is pairs in Go.
func portablePairs(b []byte, places []int32, steps, offset int, first, second []int64) {
	for i := range first {
		w := le.Uint64(b[int(places[i*steps])+offset:])
		stops := ^w & stopBits
		rest := stops & (stops - 1)
		one, two := stops^(stops-1), rest^(rest-1)
		v, u := Squeeze(w&one), Squeeze(w&two>>(bits.Len64(one)&63))
		first[i], second[i] = int64(v>>1)^-int64(v&1), int64(u>>1)^-int64(u&1)
	}
}

// Squeeze pushes the groups of seven bits of a varint of at most eight bytes together.
func Squeeze(w uint64) uint64 {
	w = w&0x007f007f007f007f | w>>1&0x3f803f803f803f80
	w = w&0x00003fff00003fff | w>>2&0x0fffc0000fffc000
	return w&0x000000000fffffff | w>>4&0x00fffffff0000000
}
