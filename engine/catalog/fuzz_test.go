package catalog

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// FuzzConfig: no configuration file makes the reader panic, and the catalogs
// that it lists are those that it has, each once.
func FuzzConfig(f *testing.F) {
	for _, s := range []string{
		"catalog:\n  lake:\n    type: sql\n    uri: sqlite:///x.db\n    warehouse: /w\n  b: {uri: 'http://h', token: 3}\n",
		"default-catalog: b\ncatalog: &c\n  a: {type: rest}\n", "catalog:\n  <<: {a: {}}\n  a: {x: null, y: [1, 2], z: 1.5}\n",
		"catalog: [1]\n", "catalog:\n  ? [a, b]\n  : {}\n", "a: &a [*a]\n", "", "\t", "catalog: {a: {b: !!binary Zm9v}}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseConfig(data)
		if err != nil {
			return
		}
		seen := slices.Clone(c.order)
		slices.Sort(seen)
		if len(slices.Compact(seen)) != len(c.order) {
			t.Fatalf("catalogs %q: one comes twice", c.order)
		}
		for _, name := range c.order {
			for _, v := range c.Catalog[name] {
				_ = propertyText(v)
			}
		}
	})
}

// FuzzMapLocation: whatever a table's metadata names, a mapped location stays
// below the folder that it is mapped to.
func FuzzMapLocation(f *testing.F) {
	for _, s := range [][2]string{
		{"/warehouse=/srv/copy", "file:///warehouse/ns/t/a.parquet"}, {"/warehouse=/srv/copy", "/warehouse/../etc/passwd"},
		{"s3://bucket=/srv", "s3://bucket/x/../../y"}, {"/=/srv", "file://localhost/a"}, {"file:/w/=.", "file:/w//..//x"}, {"=x", ""},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, arg, location string) {
		maps, err := parsePathMaps([]string{arg})
		if err != nil {
			return
		}
		got, err := mapLocation(maps, location)
		if err != nil || got == location {
			return
		}
		if to := maps[0].to; got != to && !strings.HasPrefix(path.Clean(got)+"/", strings.TrimRight(path.Clean(to), "/")+"/") && path.Clean(to) != "." {
			t.Fatalf("%q by %q is %q, outside %q", location, arg, got, to)
		}
	})
}
