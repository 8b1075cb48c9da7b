package shell

import "strings"

// eighths are blocks that fill a cell from the left.
var eighths = []rune(" ▏▎▍▌▋▊▉")

// bar is a horizontal bar of value out of whole on width cells, to an eighth of
// a cell; what is above 0 shows.
func bar(value, whole float64, width int) string {
	if whole <= 0 || value <= 0 || width <= 0 {
		return ""
	}
	n := int(min(value/whole, 1)*float64(width)*8 + 0.5)
	n = max(n, 1)
	s := strings.Repeat("█", n/8)
	if n%8 > 0 {
		s += string(eighths[n%8])
	}
	return s
}

// lane is a time line on width cells: [from, to) of axis [lo, hi) as blocks, at
// least one; the part before cover in the style of late data.
func (st Styles) lane(from, to, cover, lo, hi int64, width int) string {
	if hi <= lo || to <= from || width <= 0 {
		return strings.Repeat("·", max(width, 0))
	}
	at := func(t int64) int {
		return int(min(max(float64(t-lo)/float64(hi-lo), 0), 1) * float64(width))
	}
	a, b := at(from), at(to)
	a = min(a, width-1)
	b = max(b, a+1)
	c := min(max(at(cover), a), b)
	if cover > from && c == a {
		c = a + 1
	}
	return st.Paint(styleDim, strings.Repeat("·", a)) + st.Paint(styleLate, strings.Repeat("▓", c-a)) +
		st.Paint(styleBar, strings.Repeat("█", b-c)) + st.Paint(styleDim, strings.Repeat("·", width-b))
}
