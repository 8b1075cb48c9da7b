package suite

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// series are the lines of the plot, in the order of the legend.
var series = []struct{ name, legend, colour string }{
	{"Q1", "Q1: all partitions, by SQL", "#1f6feb"},
	{"limit", "limit: read and inflate all manifests", "#8b949e"},
	{"Q3", "Q3: what the last ten snapshots added, by SQL", "#d1242f"},
}

// Plot draws the rows of the measure "growth": CPU time against table size,
// both logarithmic, as SVG that reads on light and dark ground.
func Plot(w io.Writer, rows []Row) error {
	points := map[string][][2]float64{}
	var xs, ys []float64
	for _, r := range rows {
		var files float64
		size, name, ok := strings.Cut(r.What, ": ")
		if r.Measure != "growth" || !ok || r.Value <= 0 {
			continue
		}
		if _, err := fmt.Sscanf(size, "%g files", &files); err != nil {
			return fmt.Errorf("plot %q: %w", r.What, err)
		}
		points[name] = append(points[name], [2]float64{files, r.Value})
		xs, ys = append(xs, files), append(ys, r.Value)
	}
	if len(xs) == 0 {
		return fmt.Errorf("plot: no rows of the measure growth")
	}
	const width, height, left, top, right, bottom = 760, 440, 80, 70, 30, 60
	lo := func(v []float64) float64 { return math.Floor(math.Log10(slices.Min(v))) }
	hi := func(v []float64) float64 { return math.Max(math.Ceil(math.Log10(slices.Max(v))), lo(v)+1) }
	scale := func(v, from, to, a, b float64) float64 { return a + (math.Log10(v)-from)/(to-from)*(b-a) }
	x := func(v float64) float64 { return scale(v, lo(xs), hi(xs), left, width-right) }
	y := func(v float64) float64 { return scale(v, lo(ys), hi(ys), height-bottom, top) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="12" role="img">`+"\n", width, height)
	fmt.Fprintf(&b, `<title>CPU time of questions against the number of files in the table</title><rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	for k := lo(xs); k <= hi(xs); k++ {
		v := math.Pow(10, k)
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#d0d7de"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x(v), x(v), top, height-bottom, x(v), height-bottom+18, short(v, []string{"", " k", " M", " G"}))
	}
	for k := lo(ys); k <= hi(ys); k++ {
		v := math.Pow(10, k)
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#d0d7de"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			left, width-right, y(v), y(v), left-8, y(v)+4, short(v, []string{" ms", " s", " ks"}))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">files in the table</text>`+"\n", (left+width-right)/2, height-16)
	fmt.Fprintf(&b, `<text x="%d" y="%d" transform="rotate(-90 20 %d)" text-anchor="middle">CPU time</text>`+"\n", 20, (top+height-bottom)/2, (top+height-bottom)/2)
	for i, s := range series {
		var line strings.Builder
		for _, p := range points[s.name] {
			fmt.Fprintf(&line, "%.1f,%.1f ", x(p[0]), y(p[1]))
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>`+"\n", x(p[0]), y(p[1]), s.colour)
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.TrimSpace(line.String()), s.colour)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="12" height="12" fill="%s"/><text x="%d" y="%d">%s</text>`+"\n", left, 10+18*i, s.colour, left+18, 20+18*i, s.legend)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// short is a power of ten with the unit that is every third one.
func short(v float64, units []string) string {
	i := 0
	for v >= 1000 && i < len(units)-1 {
		v, i = v/1000, i+1
	}
	return fmt.Sprintf("%g%s", v, units[i])
}
