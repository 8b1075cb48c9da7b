package discover

import (
	"strconv"
	"strings"
	"testing"

	"psyberg/functions/meta"
)

// pathsMetadata has a field of every kind that a path can show.
const pathsMetadata = `{"format-version": 2, "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1", "location": "s3://b/t",
 "last-sequence-number": 1, "last-updated-ms": 1, "last-column-id": 9, "current-schema-id": 0, "schemas": [{"type": "struct", "schema-id": 0, "fields": [
  {"id": 1, "name": "i", "required": false, "type": "long"}, {"id": 2, "name": "s", "required": false, "type": "string"},
  {"id": 3, "name": "d", "required": false, "type": "date"}, {"id": 4, "name": "ts", "required": false, "type": "timestamptz"},
  {"id": 5, "name": "dec", "required": false, "type": "decimal(9,2)"}, {"id": 6, "name": "f", "required": false, "type": "double"},
  {"id": 7, "name": "b", "required": false, "type": "binary"}, {"id": 8, "name": "u", "required": false, "type": "uuid"},
  {"id": 9, "name": "ok", "required": false, "type": "boolean"}]}],
 "default-spec-id": 0, "partition-specs": [
  {"spec-id": 0, "fields": [{"source-id": 1, "field-id": 1000, "name": "i", "transform": "identity"}, {"source-id": 2, "field-id": 1001, "name": "s", "transform": "identity"}]},
  {"spec-id": 1, "fields": [{"source-id": 4, "field-id": 1002, "name": "ts_hour", "transform": "hour"}]},
  {"spec-id": 2, "fields": [{"source-id": 4, "field-id": 1003, "name": "ts_day", "transform": "day"}]},
  {"spec-id": 3, "fields": [{"source-id": 4, "field-id": 1004, "name": "ts_month", "transform": "month"}]},
  {"spec-id": 4, "fields": [{"source-id": 4, "field-id": 1005, "name": "ts_year", "transform": "year"}]},
  {"spec-id": 5, "fields": [{"source-id": 5, "field-id": 1006, "name": "dec", "transform": "identity"}]},
  {"spec-id": 6, "fields": [{"source-id": 6, "field-id": 1007, "name": "f", "transform": "identity"}]},
  {"spec-id": 7, "fields": [{"source-id": 7, "field-id": 1008, "name": "b", "transform": "identity"}]},
  {"spec-id": 8, "fields": [{"source-id": 8, "field-id": 1009, "name": "u", "transform": "identity"}]},
  {"spec-id": 9, "fields": [{"source-id": 9, "field-id": 1010, "name": "ok", "transform": "identity"}]},
  {"spec-id": 10, "fields": [{"source-id": 2, "field-id": 1011, "name": "s_trunc", "transform": "truncate[2]"}, {"source-id": 1, "field-id": 1012, "name": "i_bucket", "transform": "bucket[8]"}]},
  {"spec-id": 11, "fields": [{"source-id": 1, "field-id": 1013, "name": "gone", "transform": "void"}]},
  {"spec-id": 12, "fields": [{"source-id": 1, "field-id": 1014, "name": "new", "transform": "zorder"}]},
  {"spec-id": 13, "fields": [{"source-id": 3, "field-id": 1015, "name": "d", "transform": "identity"}]},
  {"spec-id": 14, "fields": [{"source-id": 1, "field-id": 1016, "name": "twice", "transform": "identity"}]},
  {"spec-id": 15, "fields": [{"source-id": 1, "field-id": 1017, "name": "twice", "transform": "bucket[8]"}]},
  {"spec-id": 16, "fields": [{"source-id": 4, "field-id": 1018, "name": "ts", "transform": "identity"}]}],
 "last-partition-id": 1018, "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}]}`

func pathsResolver(t testing.TB) *resolver {
	t.Helper()
	m, err := meta.Parse("paths.metadata.json", []byte(pathsMetadata))
	if err != nil {
		t.Fatal(err)
	}
	return newResolver(newDecoder(m, nil))
}

// A path is read back only where it can mean one tuple.
func TestResolvePaths(t *testing.T) {
	r := pathsResolver(t)
	for path, want := range map[string]string{
		"i=-7/s=a%2Fb+c":                         `0 {"i":-7,"s":"a/b c"}`,
		"i=null/s=":                              `0 {"i":null,"s":""}`,
		"i=1/s=null":                             "", // null, or the text
		"i=x/s=a":                                "",
		"i=1":                                    "",
		"i=1/s=a/b=":                             "",
		"i=1/s=a b":                              "", // Iceberg would have written a+b
		"i=01/s=a":                               "",
		"ts_hour=2023-09-14-09":                  `1 {"ts_hour":"2023-09-14-09"}`,
		"ts_hour=1969-12-31-23":                  `1 {"ts_hour":"1969-12-31-23"}`,
		"ts_hour=2023-09-14-24":                  "",
		"ts_day=2023-09-14":                      `2 {"ts_day":"2023-09-14"}`,
		"ts_month=1969-12":                       `3 {"ts_month":"1969-12"}`,
		"ts_year=2023":                           `4 {"ts_year":"2023"}`,
		"dec=-12.30":                             `5 {"dec":-12.30}`,
		"dec=12.3":                               "", // scale 2 prints 12.30
		"dec=1E999999999":                        "",
		"f=1.0":                                  "", // not certain to be exact
		"b=AAE%3D":                               `7 {"b":"AAE="}`,
		"b=null":                                 "",
		"u=00112233-4455-6677-8899-aabbccddeeff": `8 {"u":"00112233-4455-6677-8899-aabbccddeeff"}`,
		"ok=true":                                `9 {"ok":true}`,
		"s_trunc=ab/i_bucket=3":                  `10 {"s_trunc":"ab","i_bucket":3}`,
		"gone=null":                              `11 {"gone":null}`,
		"gone=1":                                 "",
		"new=1":                                  "",
		"d=2023-09-14":                           `13 {"d":"2023-09-14"}`,
		"d=2023-9-14":                            "",
		"twice=1":                                "", // of two specs
		"ts=2023-09-14T09%3A00%3A00":             "",
		"":                                       "",
		"i=%zz/s=a":                              "",
	} {
		p, ok := r.resolve(path)
		got := ""
		if ok {
			got = strings.TrimSpace(strings.Join([]string{strconv.Itoa(p.SpecID), p.URI}, " "))
			if p.Path != path {
				t.Errorf("%q resolves to path %q", path, p.Path)
			}
		}
		if got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
}

// Keys of summaries are foreign text: whatever they say, a partition that is
// read back prints as the very same path.
func FuzzResolvePath(f *testing.F) {
	r := pathsResolver(f)
	for _, seed := range []string{"i=1/s=a", "i=null/s=%F0%9F%98%80", "ts_hour=2023-09-14-09", "dec=1E-2", "b=AAE%3D", "ts_year=99999", "i=1/s=a%2", "=/=", "u=x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if p, ok := r.resolve(path); ok && p.Path != path {
			t.Errorf("%q resolves to %q", path, p.Path)
		}
	})
}
