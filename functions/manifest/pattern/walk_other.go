//go:build !amd64 || purego

package pattern

func (p *Pattern) walk(b []byte, from, last, most int, places []int32) (n, to int) {
	return p.portable(b, from, last, most, places)
}

func pairs(b []byte, places []int32, steps, offset int, first, second []int64) {
	portablePairs(b, places, steps, offset, first, second)
}
