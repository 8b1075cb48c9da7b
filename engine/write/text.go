package write

import (
	"fmt"
	"sort"
	"strings"
)

func quoteIdent(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func quoteText(s string) string { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }

// suggest says which of the known names are nearest to name, or all of them.
func suggest(name string, known []string) string {
	type scored struct {
		name string
		d    int
	}
	near := make([]scored, 0, len(known))
	for _, k := range known {
		d := distance(strings.ToLower(name), strings.ToLower(k))
		if d <= 1+len(name)/3 {
			near = append(near, scored{k, d})
		}
	}
	if len(near) == 0 {
		all := append([]string(nil), known...)
		sort.Strings(all)
		if len(all) > 12 {
			return "known are " + strings.Join(all[:12], ", ") + ", ..."
		}
		return "known are " + strings.Join(all, ", ")
	}
	sort.Slice(near, func(i, j int) bool {
		return near[i].d < near[j].d || near[i].d == near[j].d && near[i].name < near[j].name
	})
	names := make([]string, 0, 3)
	for _, n := range near[:min(3, len(near))] {
		names = append(names, n.name)
	}
	return "did you mean " + strings.Join(names, " or ") + "?"
}

// distance is the number of changes of one character that lead from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// localPath is the path of a location on this machine; ok is false for those
// of an object store. Nothing is decoded.
func localPath(location string) (p string, ok bool) {
	rest, isFile := strings.CutPrefix(location, "file:")
	if !isFile {
		return location, !strings.Contains(location, "://")
	}
	if after, hasAuthority := strings.CutPrefix(rest, "//"); hasAuthority {
		if host, p, found := strings.Cut(after, "/"); found && (host == "" || host == "localhost") {
			return "/" + p, true
		}
		return after, true
	}
	return rest, true
}

// quoteGlob quotes a path for read_parquet, which takes patterns.
func quoteGlob(path string) (string, error) {
	if !strings.ContainsAny(path, "*?[") {
		return quoteText(path), nil
	}
	if strings.Contains(path, `\`) {
		return "", fmt.Errorf("read %q: DuckDB cannot open a path with a backslash beside one of * ? [", path)
	}
	return quoteText(strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]").Replace(path)), nil
}
