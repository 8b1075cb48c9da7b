package catalog

import (
	"slices"
	"strings"
	"testing"
)

func TestParseName(t *testing.T) {
	tests := []struct {
		in, levels, ref, location, fails string
	}{
		{in: "ns.t", levels: "ns|t"},
		{in: "lake.ns.t", levels: "lake|ns|t"},
		{in: "a.b.c.t@dev", levels: "a|b|c|t", ref: "dev"},
		{in: `ns."odd.table"`, levels: "ns|odd.table"},
		{in: `"n""s".t`, levels: `n"s|t`},
		{in: `ns."t@1"@"b@2"`, levels: "ns|t@1", ref: "b@2"},
		{in: "ns.t@psyberg_a.b", levels: "ns|t", ref: "psyberg_a.b"},
		{in: "/w/t/metadata/00001-x.metadata.json", location: "/w/t/metadata/00001-x.metadata.json"},
		{in: "s3://b/t/v3.gz.metadata.json@audit", location: "s3://b/t/v3.gz.metadata.json", ref: "audit"},
		{in: "file:/a@b/v1.metadata.json.gz", location: "file:/a@b/v1.metadata.json.gz"},
		{in: "t", fails: "no namespace"},
		{in: "", fails: "empty"},
		{in: "ns..t", fails: "empty"},
		{in: "ns.t@", fails: "no branch or tag"},
		{in: `ns."t`, fails: "not closed"},
		{in: `ns."t"x`, fails: "'.' or '@'"},
	}
	for _, tt := range tests {
		p, err := parseName(tt.in)
		if tt.fails != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("%s: error %v, want one with %q", tt.in, err, tt.fails)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		if got := strings.Join(p.levels, "|"); got != tt.levels || p.ref != tt.ref || p.location != tt.location {
			t.Errorf("%s: levels %s ref %q location %q", tt.in, got, p.ref, p.location)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"a.b", `"a.b".c@d`, "x.metadata.json@r", `a."`, "@", `"".""`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseName(s)
		if err != nil || p.location != "" {
			return
		}
		again, err := parseName(quoteName(p.levels))
		if err != nil || !slices.Equal(again.levels, p.levels) {
			t.Fatalf("%q: levels %q, quoted and read again %q, %v", s, p.levels, again.levels, err)
		}
	})
}

func TestMapLocation(t *testing.T) {
	maps, err := parsePathMaps([]string{"file:///warehouse=/tmp/w", "s3://b/x=/data/x/"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ in, want string }{
		{"file:/warehouse/a/b%2Bc", "/tmp/w/a/b%2Bc"},
		{"file:///warehouse/a", "/tmp/w/a"},
		{"/warehouse/a/../b", "/tmp/w/a/../b"},
		{"file:/warehouse", "/tmp/w"},
		{"file:/warehouse2/a", "file:/warehouse2/a"},
		{"s3://b/x/y", "/data/x/y"},
		{"s3://b/xy", "s3://b/xy"},
		{"/warehouse/../etc/passwd", ""},
		{"/warehouse/a/../../etc", ""},
		{"file:/warehouse//a", "/tmp/w/a"},
	}
	for _, tt := range tests {
		got, err := mapLocation(maps, tt.in)
		if (err != nil) != (tt.want == "") || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
	for _, bad := range []string{"x", "=y", "x="} {
		if _, err := parsePathMaps([]string{bad}); err == nil {
			t.Errorf("path map %q: no error", bad)
		}
	}
}

func TestLocalPath(t *testing.T) {
	tests := []struct {
		in, want string
		ok       bool
	}{
		{"/a/b", "/a/b", true},
		{"file:/a", "/a", true},
		{"file:///a%20b", "/a%20b", true},
		{"file://localhost/a", "/a", true},
		{"s3://b/a", "", false},
		{"rel/a:b//c", "rel/a:b//c", true},
	}
	for _, tt := range tests {
		if got, ok := localPath(tt.in); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %q, %v", tt.in, got, ok)
		}
	}
}
