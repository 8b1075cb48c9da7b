package meta

import (
	"cmp"
	"slices"
	"strings"
)

// NearMatches returns the few candidates that name may have been meant for,
// nearest first: equal but for case, then by edit distance, then those that
// contain it. At most three; none if nothing is near.
func NearMatches(name string, candidates []string) []string {
	type match struct {
		text string
		far  int
	}
	limit := max(1, min(4, len([]rune(name))/4))
	lower := strings.ToLower(name)
	var found []match
	seen := map[string]bool{}
	for _, c := range candidates {
		if seen[c] {
			continue
		}
		seen[c] = true
		other := strings.ToLower(c)
		// The last part of a dotted name alone is what people type.
		last := other[strings.LastIndexByte(other, '.')+1:]
		far := min(distance(lower, other), distance(lower, last)+1)
		switch {
		case far <= limit:
			found = append(found, match{c, far})
		case len(lower) >= 3 && strings.Contains(other, lower):
			found = append(found, match{c, limit + 1})
		}
	}
	slices.SortStableFunc(found, func(a, b match) int { return cmp.Compare(a.far, b.far) })
	var out []string
	for _, m := range found[:min(3, len(found))] {
		out = append(out, m.text)
	}
	return out
}

// Suggest returns what an error says after "no such x": "; did you mean a, b?"
// for near matches, else "; there are a, b, c" for a few candidates, else that
// there are none.
func Suggest(name string, candidates []string) string {
	if near := NearMatches(name, candidates); len(near) > 0 {
		return "; did you mean " + quoteList(near) + "?"
	}
	const few = 10
	switch {
	case len(candidates) == 0:
		return "; there is none"
	case len(candidates) > few:
		return "; there are " + quoteList(candidates[:few]) + " and more"
	}
	return "; there is " + quoteList(candidates)
}

func quoteList(names []string) string {
	var b strings.Builder
	for i, n := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('"')
		b.WriteString(n)
		b.WriteByte('"')
	}
	return b.String()
}

// distance is the number of runes to insert, delete, replace or swap with the
// neighbour that make a into b.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 200 || len(y) > 200 {
		return max(len(x), len(y)) // nobody mistypes that; do not spend the time
	}
	var before []int
	prev := make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev = prev, row
	}
	return prev[len(y)]
}
