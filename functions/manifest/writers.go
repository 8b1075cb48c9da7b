package manifest

import (
	"math/bits"
	"slices"
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

// special gives ops the fast ways of the writers that exist. The head's begins
// with the status, which is read; the tail's may take values out of the bounds.
func special(ops []op) []op {
	var out []op
	for i := 0; i < len(ops); i++ {
		o := ops[i]
		if bounds := o.hasCodes(tailCodes[:4]) && len(o.codes) == 4 && i+3 < len(ops) &&
			ops[i+1].picksBounds() && ops[i+2].picksBounds() && ops[i+3].hasCodes(tailCodes[6:]); bounds {
			for _, next := range ops[i+1 : i+4] {
				o.fields = append(o.fields[:len(o.fields):len(o.fields)], next.fields...)
				o.codes = append(o.codes[:len(o.codes):len(o.codes)], next.codes...)
				if next.codes == nil {
					o.codes = append(o.codes, tailCodes[4])
				}
			}
			i += 3
		}
		switch n := len(out) - 1; {
		case o.hasCodes(headCodes) && n >= 0 && out[n].isStatus():
			head, rest := split(o, len(headCodes))
			out[n].fields = append(out[n].fields, head.fields...)
			out[n].numbers, out[n].fast = nil, fastHead
			o = rest
		case o.hasCodes(tailCodes):
			n := len(tailCodes)
			if len(o.codes) > n && o.codes[n] == tailCodes[6] { // an optional text
				n++
			}
			tail, rest := split(o, n)
			tail.fast, rest.fast = fastTail, fastSkips
			out = append(out, tail)
			o = rest
		}
		if len(o.fields) > 0 {
			out = append(out, o)
		}
	}
	return out
}

// hasCodes reports whether an op begins with what codes say.
func (o *op) hasCodes(codes []skipCode) bool {
	return len(o.codes) >= len(codes) && slices.EqualFunc(o.codes[:len(codes)], codes, sameButShape)
}

// picksBounds reports whether an op takes values out of a map of bounds.
func (o *op) picksBounds() bool {
	f := o.fields[0]
	return f.kind == opPickPairs && f.optional && f.there == 2
}

// isStatus reports whether an op does nothing but read the status.
func (o *op) isStatus() bool {
	return len(o.numbers) == 1 && o.fields[0].kind == opNumber && o.fields[0].to == int32(Status) && !o.fields[0].optional
}

func split(o op, n int) (first, rest op) {
	first, rest = o, o
	first.fields, rest.fields = o.fields[:n:n], o.fields[n:]
	first.codes, rest.codes = o.codes[:n:n], o.codes[n:]
	return first, rest
}

func sameButShape(a, b skipCode) bool {
	if a&7 == skipCode(opSkipPairs-opSkipNumber) {
		a &= 0xffff
	}
	return a == b
}

// fastHead reads the status and steps over the rest of the head.
func fastHead(s *scanner, _ *op, p int) int {
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
	} else {
		if p = afterSequences(b, p); p < 0 || p > len(b)-8 {
			return -1
		}
		w = le.Uint64(b[p:])
	}
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

// afterSequences steps over two optional numbers and one that is not.
func afterSequences(b []byte, p int) int {
	for i := range 3 {
		if p < 0 || p > len(b)-pad {
			return -1
		}
		if i < 2 {
			c := b[p]
			p++
			if c == 0 {
				continue
			}
			if c != 2 {
				return -1
			}
		}
		if b[p] < 0x80 {
			p++
		} else if p = afterNumber(b, p); p < 0 {
			return -1
		}
	}
	return p
}

// fastTail steps over the tail, but for bounds that are wanted.
func fastTail(s *scanner, o *op, p int) int {
	b := s.dec.ahead
	p = afterOptionalTuples(b, p, 4, 2)
	for i := 4; i < 6; i++ {
		if p < 0 || p > len(b)-4 {
			return -1
		}
		if f := &o.fields[i]; f.kind == opPickPairs {
			if p = s.pickPairs(f, p); p < 0 {
				return -1
			}
			continue
		}
		w := le.Uint32(b[p:])
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
	if len(o.codes) == len(tailCodes) {
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
