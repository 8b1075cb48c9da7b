package manifest

import (
	"math/bits"
)

// Nearly all manifests have the fields of the spec in the spec's order. What a
// question steps over of them is then the same: what lies before the partition
// (the head), and what lies behind the file's size (the tail). These have fast
// ways of their own, without a look at a program for every field, and without
// calls: what is kept in registers stays there. Whoever writes fields in
// another order, or others, is read by the general ways.

// headCodes are: status; snapshot_id, sequence_number, file_sequence_number,
// content (of format version 2 and 3), file_path, file_format.
var headCodes = func() []skipCode {
	optional := skipCode(codeOptional | 2<<8)
	return []skipCode{optional, optional, optional, 0, 1, 1}
}()

// tailCodes are: column_sizes, value_counts, null_value_counts,
// nan_value_counts; lower_bounds, upper_bounds; key_metadata; split_offsets,
// equality_ids; sort_order_id; and a text, referenced_data_file, where it
// follows. n of the bounds is left out.
var tailCodes = func() []skipCode {
	optional := skipCode(codeOptional | 2<<8)
	counts := optional | skipCode(opSkipTuples-opSkipNumber) | 2<<16
	bounds := optional | skipCode(opSkipPairs-opSkipNumber)
	longs := optional | skipCode(opSkipTuples-opSkipNumber) | 1<<16
	return []skipCode{counts, counts, counts, counts, bounds, bounds, optional | 1, longs, longs, optional}
}()

// tailLen is how many fields the tail has without the text.
var tailLen = len(tailCodes)

// opsOf makes ops of fields, and gives them the fast ways of the writers that
// exist. The head's begins with the status, which is read, and may read the
// content; the tail's may take values out of counts and bounds.
func opsOf(fields []fieldOp) []op {
	var out []op
	from, repeated := 0, false // of one op only is kept what it read before: the partition's
	for i := 0; i < len(fields); i++ {
		special, n := op{}, 0
		if isHead(fields[i:]) {
			special.fast, n = fastHead, 1+len(headCodes)
		} else if n = tailOf(fields[i:]); n > 0 {
			special.fast = fastTail
		}
		if n == 0 {
			continue
		}
		special.fields = fields[i : i+n : i+n]
		out = append(append(out, joined(fields[from:i])...), special)
		from = i + n
		i = from - 1
	}
	out = append(out, joined(fields[from:])...)
	for i := range out {
		o := &out[i]
		if !repeated {
			o.repeats = repeats(o.numbers)
			repeated = o.repeats > 0
		}
		o.longs = twoLongs(o.numbers[o.repeats:])
	}
	return out
}

// isHead reports whether fields begin with the status, read, and the head.
func isHead(fields []fieldOp) bool {
	if len(fields) <= len(headCodes) || !fields[0].isPlain(Status) {
		return false
	}
	for i, c := range headCodes {
		f := &fields[1+i]
		if !f.isSkip(c) && (c != 0 || !f.isPlain(FileContent)) {
			return false
		}
	}
	return true
}

// tailOf is how many of fields are the tail, 0 where they do not begin with it.
func tailOf(fields []fieldOp) (n int) {
	if len(fields) < tailLen {
		return 0
	}
	for i, c := range tailCodes {
		f := &fields[i]
		picks := f.optional && f.there == 2 && (f.kind == opPickPairs || f.kind == opPickCounts && i > 0 && fields[1].kind == fields[3].kind)
		if !picks && !f.isSkip(c) {
			return 0
		}
	}
	if len(fields) > tailLen && fields[tailLen].isSkip(tailCodes[6]) { // an optional text
		return tailLen + 1
	}
	return tailLen
}

// isSkip reports whether a field is stepped over as c says, shapes apart.
func (o *fieldOp) isSkip(c skipCode) bool {
	if skips, _ := o.kind.joins(); !skips {
		return false
	}
	have := o.code()
	if have&7 == skipCode(opSkipPairs-opSkipNumber) {
		have &= 0xffff
	}
	return have == c
}

// isPlain reports whether a field does nothing but read a number that is there.
func (o *fieldOp) isPlain(c Column) bool {
	return o.kind == opNumber && o.to == int32(c) && !o.optional
}

// fastHead reads the status, perhaps the content, and steps over the rest of
// the head.
func fastHead(s *scanner, o *op, p int) int {
	b := s.dec.ahead
	if p < 0 || p > len(b)-pad {
		return -1
	}
	w := le.Uint64(b[p:])
	if w&0xfdf9 != 0 {
		return -1 // the status is none of 0, 1, 2, or the branch of the snapshot's id is odd
	}
	s.num[Status], s.has[Status] = int64(w>>1&3), true
	p += 2
	if w&0x200 != 0 {
		stops := ^le.Uint64(b[p:]) & stopBits
		switch {
		case stops != 0:
			p += bits.TrailingZeros64(stops)>>3 + 1
		case b[p+8] < 0x80:
			p += 9
		case b[p+9] <= 1:
			p += 10
		default:
			return -1
		}
	}
	if p < 0 || p > len(b)-8 {
		return -1
	}
	// No sequence numbers, and content 0: an entry of the manifest's own commit.
	if w = le.Uint64(b[p:]); w&0xffffff == 0 {
		p += 3
		w >>= 24
		s.num[FileContent] = 0
	} else {
		if p = afterSequences(b, p); p < 0 || p > len(b)-8 {
			return -1
		}
		if w = le.Uint64(b[p:]); w&0x80 != 0 {
			return -1 // no content is as great
		}
		s.num[FileContent] = int64(w>>1&0x3f) ^ -int64(w&1)
		if p++; p > len(b)-8 {
			return -1
		}
		w = le.Uint64(b[p:])
	}
	s.has[FileContent] = o.fields[4].kind == opNumber
	if w&0x8081 == 0x80 {
		p += 2 + int(w&0x7f>>1|w>>2&0x1fc0)
	} else if w&0x81 == 0 {
		p += 1 + int(w>>1&0x3f)
	} else {
		return -1
	}
	if p < 0 || p >= len(b) || b[p]&0x81 != 0 {
		return -1
	}
	return p + 1 + int(b[p]>>1)
}

// afterSequences steps over two optional numbers.
func afterSequences(b []byte, p int) int {
	for range 2 {
		if p < 0 || p > len(b)-pad {
			return -1
		}
		c := b[p]
		p++
		if c == 0 {
			continue
		}
		if c != 2 {
			return -1
		}
		if b[p] < 0x80 {
			p++
		} else if p = afterNumber(b, p); p < 0 {
			return -1
		}
	}
	return p
}

// fastTail steps over the tail, but for counts and bounds that are wanted.
func fastTail(s *scanner, o *op, p int) int {
	b := s.dec.ahead
	if o.fields[1].kind != opPickCounts {
		p = afterOptionalTuples(b, p, 4, 2)
	} else {
		p = afterOptionalTuples(b, p, 1, 2)
		for i := 1; i < 4; i++ {
			if p = s.pickCounts(&o.fields[i], p); p < 0 {
				return -1
			}
		}
	}
	for i := 4; i < 6; i++ {
		if p < 0 || p > len(b)-4 {
			return -1
		}
		w := le.Uint32(b[p:])
		if f := &o.fields[i]; f.kind == opPickPairs {
			if len(f.picks) == 1 && w&0x8180ffff == 0x0202 && uint32(f.picks[0].key) == w>>17&0x3f && w>>16&1 == 0 {
				from := p + 4
				if p = from + int(w>>25); p < len(b) && b[p] == 0 {
					s.setText(&s.cols[f.picks[0].col], b, from, p)
					p++
					continue
				}
				return -1
			}
			if p = s.pickPairs(f, p); p < 0 {
				return -1
			}
			continue
		}
		if w&0x8180ffff == 0x0202 { // a map of one short value
			if p += 4 + int(w>>25); p < len(b) && b[p] == 0 {
				p++
				continue
			}
			return -1
		}
		switch w & 0xff {
		case 0:
			p++
		case 2:
			p = s.shapes[o.fields[i].shape].afterPairs(b, p+1)
		default:
			return -1
		}
	}
	if p < 0 || p > len(b)-4 {
		return -1
	}
	switch w := le.Uint32(b[p:]); {
	case w&0xff == 0:
		p++
	case w&0x81ff == 2: // a short value
		p += 2 + int(w>>9&0x3f)
	default:
		return -1
	}
	p = afterOptionalTuples(b, p, 2, 1)
	if p < 0 || p > len(b)-4 {
		return -1
	}
	w := le.Uint32(b[p:])
	if w&0xff == 0 {
		p, w = p+1, w>>8
	} else if w&0x80ff == 2 {
		p, w = p+2, w>>16
	} else {
		return -1
	}
	if len(o.fields) == tailLen {
		return p
	}
	if w&0xff != 0 {
		return -1
	}
	return p + 1
}

// afterOptionalTuples steps over several optional arrays as afterTuples does
// over one. It is -1 for an odd p.
func afterOptionalTuples(b []byte, p, times, k int) int {
	for ; times > 0; times-- {
		if p < 0 || p > len(b)-8 {
			return -1
		}
		w := le.Uint64(b[p:])
		if w&0xff == 0 {
			p++
			continue
		}
		if w&0x80ffff == 0x0202 && k == 2 { // one pair: the key, the value, 0
			if q := bits.TrailingZeros64(^w >> 24 & (stopBits >> 24)); q < 32 && w>>24>>(q+1)&0xff == 0 {
				p += 5 + q>>3
				continue
			}
		}
		if w&0x81ff != 2 { // there, and fewer than 64 items
			return -1
		}
		p += 2
		n := int(w >> 9 & 0x3f)
		if n == 0 {
			continue
		}
		left := n*k + 1
		// Few short numbers are all in w; what is not of the data ends none.
		w = w>>16 | 0x8080<<48
		sums := ^w & stopBits >> 7 * eachByte
		if left <= int(sums>>56) {
			q := bits.TrailingZeros64(((sums|stopBits)-uint64(left)*eachByte)&stopBits) &^ 7
			if w<<8>>q&0xff80 != 0 {
				return -1
			}
			p += q>>3 + 1
			continue
		}
		for left > 32 {
			if p < 0 || p > len(b)-32 {
				return -1
			}
			more := le.Uint64(b[p:])&stopBits>>7 + le.Uint64(b[p+8:])&stopBits>>7 + le.Uint64(b[p+16:])&stopBits>>7 + le.Uint64(b[p+24:])&stopBits>>7
			left -= 32 - int(more*eachByte>>56)
			p += 32
		}
		for left > 16 {
			if p < 0 || p > len(b)-16 {
				return -1
			}
			more := le.Uint64(b[p:])&stopBits>>7 + le.Uint64(b[p+8:])&stopBits>>7
			left -= 16 - int(more*eachByte>>56)
			p += 16
		}
		for {
			if p < 1 || p > len(b)-8 {
				return -1
			}
			w = le.Uint64(b[p:])
			sums := ^w & stopBits >> 7 * eachByte
			if here := int(sums >> 56); here < left {
				left -= here
				p += 8
				continue
			}
			break
		}
		sums = ^w & stopBits >> 7 * eachByte
		p += bits.TrailingZeros64(((sums|stopBits)-uint64(left)*eachByte)&stopBits) >> 3
		if p < 1 || p > len(b)-1 || b[p] != 0 || b[p-1] >= 0x80 {
			return -1
		}
		p++
	}
	return p
}
