package inflate

import "sync"

// twin are two decoders that go side by side.
type twin [2]decoder

var twins = sync.Pool{New: func() any { return new(twin) }}

// Apart is how many bytes the second output of AppendTwo had best lie from the
// first one's place in a page of 4,096 bytes: what is written at the same place of
// another page seems to the processor to be what is read here.
const Apart = 2048

// AppendTwo is Append for two inputs, each with its own output and error. Where
// the fast loop is in assembly both are inflated at the same time, in two thirds of
// the time that one after the other takes.
func AppendTwo(dst0, src0, dst1, src1 []byte, limit int) (out0, out1 []byte, err0, err1 error) {
	if !hasFast {
		out0, err0 = Append(dst0, src0, limit)
		out1, err1 = Append(dst1, src1, limit)
		return out0, out1, err0, err1
	}
	w := twins.Get().(*twin)
	defer twins.Put(w)
	a, b := &w[0], &w[1]
	a.begin(dst0, src0, limit, false)
	b.begin(dst1, src1, limit, false)
	in0, err0 := a.next()
	in1, err1 := b.next()
	for in0 && in1 {
		end0, end1 := w.fast()
		in0, err0 = a.after(end0)
		in1, err1 = b.after(end1)
	}
	out0, err0 = a.rest(in0, err0)
	out1, err1 = b.rest(in1, err1)
	return out0, out1, err0, err1
}
