package manifest

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
	from := 0
	for i := 0; i < len(fields); i++ {
		special, n := op{}, 0
		if isHead(fields[i:]) {
			special.fast, n = fastHead, 1+len(headCodes)
		} else if n = partitionOp(&special, fields[i:]); n > 0 {
			special.fast = fastPartition
		} else if n = tailOp(&special, fields[i:]); n > 0 {
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
	return append(out, joined(fields[from:])...)
}

// partitionOp makes the op of a partition that is wanted. n is how many of
// fields are its members, 0 where they do not begin with it.
func partitionOp(o *op, fields []fieldOp) (n int) {
	for n < len(fields) && fields[n].member {
		if f := &fields[n]; f.writes && f.to >= 0 {
			o.cols = append(o.cols, f.to)
		}
		n++
	}
	if len(o.cols) == 0 {
		return 0
	}
	o.members = joined(fields[:n:n])
	return n
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

// tailOp makes the op of the tail, and of the record count and the file's size
// before it where both go into columns. n is how many of fields these are, 0
// where they do not begin with them.
func tailOp(o *op, fields []fieldOp) (n int) {
	if o.longs = twoLongs(fields); o.longs != nil {
		n = len(o.longs)
	}
	t := tailOf(fields[n:])
	if t == 0 {
		return 0
	}
	o.tail = fields[n : n+t : n+t]
	o.counts = o.tail[1].kind == opPickCounts
	return n + t
}

// twoLongs are the columns that fields begin to fill with two numbers of 64
// bits that are never absent.
func twoLongs(fields []fieldOp) *[2]int {
	if len(fields) < 2 || !fields[0].isLong() || !fields[1].isLong() {
		return nil
	}
	return &[2]int{int(fields[0].to), int(fields[1].to)}
}

// isLong reports whether a field fills a column of 64 bits, and is never absent.
func (o *fieldOp) isLong() bool {
	return o.kind == opInt64 && !o.optional && !o.narrow && !o.member
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
