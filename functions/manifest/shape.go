package manifest

// A manifest's entries have much the same maps of bounds: the same keys, and
// most values as long as in the entry before. So how a map's pairs lie is
// learned. Where the next one is, is then known before the bytes of this one
// were read, which only have to be compared; the processor need not wait for
// one load to begin the next, and that is most of what walking a map costs.
type shape struct {
	// heads are the bytes of the i-th pair's key and of its value's length, one
	// each, or 0x1000000 and three where the key has two. Others are not learned.
	heads []uint32
	keys  []int32
	picks []uint8 // the wanted key that it is, counted from 1; 0 for none
	miss  []uint8 // how often it was another
	rises int     // so many keys ascend; 0 where that is to be found out

	wanted []int // the pairs with wanted keys, in their order
	known  bool  // what they are; no key changed since
}

const (
	// longKey marks a head of three bytes.
	longKey = 1 << 24
	// changing is the head of a pair whose length is always read.
	changing = 1 << 31
	// settled marks one whose key has one byte, which is the lowest: it is changing for good.
	settled = changing | 1<<30
	// maxMisses is how often another length is learned. Later, the length is
	// always read: a wrong guess costs more than waiting does.
	maxMisses = 4
	// maxPairs is how many pairs of a map are learned.
	maxPairs = 4096
)

// first returns the heads of the first n pairs, none where they are too many.
func (h *shape) first(n int) []uint32 {
	if n > len(h.heads) {
		if n > maxPairs {
			return nil
		}
		more := n - len(h.heads)
		h.heads = append(h.heads, make([]uint32, more)...)
		h.keys = append(h.keys, make([]int32, more)...)
		h.rises = 0
		h.picks = append(h.picks, make([]uint8, more)...)
		h.miss = append(h.miss, make([]uint8, more)...)
		for i := n - more; i < n; i++ {
			h.heads[i], h.keys[i] = changing, -1
		}
	}
	return h.heads[:n]
}

// other reads the head of the i-th pair, which is another than was expected:
// one or two bytes for the key, one or two for the length. It returns how many
// bytes these are and how many the value has; ok is false for an odd one.
func (h *shape) other(i int, w uint32, picks []pick) (head, value int, ok bool) {
	key, rest, learned := w&0x7f, w>>8, w&0xffff
	head = 2
	if w&0x80 != 0 {
		key, rest, learned = key|w>>8&0x7f<<7, w>>16, w&0xffffff|longKey
		if head = 3; w&0x8000 != 0 {
			return 0, 0, false
		}
	}
	long := rest & 0x7f
	if rest&0x80 != 0 {
		if head++; rest&0x8000 != 0 {
			return 0, 0, false
		}
		long |= rest >> 8 & 0x7f << 7
		learned = changing
	}
	if long&1 != 0 {
		return 0, 0, false // a negative length
	}
	if k := int32(key>>1) ^ -int32(key&1); k != h.keys[i] {
		h.rises, h.known = 0, false
		h.keys[i], h.miss[i], h.picks[i] = k, 0, uint8(find(picks, k)+1)
	}
	if h.miss[i] < maxMisses {
		h.miss[i]++
		h.heads[i] = learned
	} else if h.heads[i] = changing; w&0x80 == 0 {
		h.heads[i] = settled | w&0x7f
	}
	return head, int(long >> 1), true
}

// afterPairs steps over an array of one block or none, of pairs of number and bytes.
func (h *shape) afterPairs(b []byte, p int) int {
	n, p := count(b, p)
	if n == 0 {
		return orOdd(p)
	}
	if len(h.first(n)) == 0 {
		return -1
	}
	return afterEnd(b, h.walk(b, p, 0, n, nil))
}

// walk steps over the pairs from one to another.
func (h *shape) walk(b []byte, p, first, end int, picks []pick) int {
	if first < 0 || first > end || end > len(h.heads) {
		return -1
	}
	limit := len(b) - 4
	for i, e := range h.heads[first:end] {
		if p < 0 || p > limit {
			return -1
		}
		w := le.Uint32(b[p:])
		if w&0xffff == e {
			p += 2 + int(e>>9)
			continue
		}
		if w&0xffffff|longKey == e {
			p += 3 + int(e>>17&0x3f)
			continue
		}
		if w&0x7f|settled == e && w&0x8180 == 0 {
			p += 2 + int(w>>9&0x3f)
			continue
		}
		head, value, ok := h.other(first+i, w, picks)
		if !ok {
			return -1
		}
		p += head + value
	}
	return p
}

// at returns where the value of the i-th pair lies, whose head is at p and was
// expected to be e; from is -1 for an odd one.
func (h *shape) at(i int, e, w uint32, p int, picks []pick) (from, to int) {
	switch {
	case w&0xffff == e:
		return p + 2, p + 2 + int(e>>9)
	case w&0xffffff|longKey == e:
		return p + 3, p + 3 + int(e>>17&0x3f)
	case w&0x7f|settled == e && w&0x8180 == 0:
		return p + 2, p + 2 + int(w>>9&0x3f)
	}
	head, value, ok := h.other(i, w, picks)
	if !ok {
		return -1, -1
	}
	return p + head, p + head + value
}

// key reads the key of the i-th pair of a map of numbers, which is another than
// was expected, and returns how many bytes it has, 0 for an odd one. Such maps
// have nothing but the key in heads, and only keys of one byte.
func (h *shape) key(i int, w uint32) (n int) {
	k, head, n := w&0x7f, w&0xff, 1
	if w&0x80 != 0 {
		if w&0x8000 != 0 {
			return 0
		}
		k, head, n = k|w>>8&0x7f<<7, changing, 2
	}
	h.heads[i] = head
	if k := int32(k>>1) ^ -int32(k&1); k != h.keys[i] {
		h.keys[i], h.rises = k, 0
	}
	return n
}

// sorted reports whether the first n keys ascend.
func (h *shape) sorted(n int) bool {
	if h.rises == 0 {
		for h.rises = 1; h.rises < len(h.keys) && h.keys[h.rises-1] < h.keys[h.rises]; h.rises++ {
		}
	}
	return n <= h.rises
}

// afterEnd steps over the 0 that ends an array.
func afterEnd(b []byte, p int) int {
	if p < 0 || p >= len(b) || b[p] != 0 {
		return -1
	}
	return p + 1
}

// orOdd is the place after an array without items, as count returns it.
func orOdd(after int) int {
	if after == 0 {
		return -1
	}
	return after
}

// want finds out which pairs have wanted keys.
func (h *shape) want() {
	h.wanted, h.known = h.wanted[:0], true
	for i, pick := range h.picks {
		if pick != 0 {
			h.wanted = append(h.wanted, i)
		}
	}
}
