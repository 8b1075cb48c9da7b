package meta

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"psyberg/psyberg"
)

// oracle reads a metadata.json as Parse does, but by encoding/json, token by
// token into nodes, snapshots too: slow and simple.
type oracle struct {
	*tree
	dec *json.Decoder
}

func oracleParse(name string, data []byte) (m *Metadata, err error) {
	if data, err = inflate(name, data); err != nil {
		return nil, err
	}
	damaged := try(func() {
		o := oracle{newTree(name, data), json.NewDecoder(bytes.NewReader(data))}
		o.dec.UseNumber()
		tok, start := o.token()
		root := o.node(tok, start, 0)
		if rest := bytes.TrimLeft(data[o.dec.InputOffset():], " \t\r\n\x00"); len(rest) > 0 {
			o.failAt(len(data)-len(rest), "text after the end of the JSON object")
		}
		if root.kind != '{' {
			o.fail(root, "not a JSON object")
		}
		if n := root.get("snapshots"); n != nil && n.kind == '[' {
			o.snapshots.err = try(func() {
				for _, s := range o.objects(root, "snapshots") {
					o.snapshots.items = append(o.snapshots.items, o.snapshot(s))
				}
			})
		}
		if n := root.get("snapshot-log"); n != nil && n.kind == '[' {
			o.log.err = try(func() {
				for _, e := range o.objects(root, "snapshot-log") {
					o.log.items = append(o.log.items, SnapshotLogEntry{
						At: o.instant(e, "timestamp-ms"), SnapshotID: psyberg.SnapshotID(o.needNumber(e, "snapshot-id"))})
				}
			})
		}
		m = o.metadata(root)
	})
	if damaged != nil {
		return nil, damaged
	}
	return m, nil
}

// token reads one token and says where it begins.
func (o oracle) token() (json.Token, int) {
	start := int(o.dec.InputOffset())
	for start < len(o.data) && strings.IndexByte(" \t\r\n,:", o.data[start]) >= 0 {
		start++
	}
	tok, err := o.dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			o.cutShort()
		}
		o.failAt(start, "not JSON: %v", err)
	}
	return tok, start
}

func (o oracle) node(tok json.Token, start, depth int) *node {
	if depth > maxDepth {
		o.failAt(start, "nested deeper than %d levels", maxDepth)
	}
	n := &node{span: span{start: start}}
	switch v := tok.(type) {
	case bool:
		n.kind = 'b'
	case string:
		n.kind = 's'
	case json.Number:
		n.kind = 'n'
	case json.Delim:
		n.kind = byte(v)
		o.inside(n, depth)
	}
	n.end = int(o.dec.InputOffset())
	return n
}

func (o oracle) inside(n *node, depth int) {
	n.members = map[string]*node{}
	for {
		tok, start := o.token()
		if d, ok := tok.(json.Delim); ok && (d == '}' || d == ']') {
			return
		}
		if n.kind == '[' {
			n.items = append(n.items, o.node(tok, start, depth+1))
			continue
		}
		key, ok := tok.(string)
		if !ok {
			o.failAt(start, "an object's key is not text")
		}
		if _, again := n.members[key]; !again {
			n.keys = append(n.keys, key)
		}
		tok, start = o.token()
		n.members[key] = o.node(tok, start, depth+1)
	}
}

func (o oracle) snapshot(n *node) *psyberg.Snapshot {
	s := &psyberg.Snapshot{
		ID:           psyberg.SnapshotID(o.needNumber(n, "snapshot-id")),
		CommittedAt:  o.instant(n, "timestamp-ms"),
		ManifestList: o.str(n, "manifest-list"),
		FirstRowID:   o.optional(n, "first-row-id"),
		AddedRows:    o.optional(n, "added-rows"),
	}
	summary := o.texts(n, "summary")
	s.Operation = summary["operation"]
	delete(summary, "operation")
	s.Summary = psyberg.SummaryOf(summary)
	sequence, _ := o.number(n, "sequence-number")
	s.Sequence = psyberg.SequenceNumber(sequence)
	if parent, ok := o.number(n, "parent-snapshot-id"); ok && parent != -1 {
		s.Parent, s.HasParent = psyberg.SnapshotID(parent), true
	}
	if n.get("schema-id") != nil {
		s.SchemaID, s.HasSchema = o.id(n, "schema-id", 0), true
	}
	for _, item := range o.list(n, "manifests") {
		o.want(item.span, 's', "a list of texts", "manifests")
		s.Manifests = append(s.Manifests, o.textOf(item.span))
	}
	return s
}

// sameAsOracle compares Parse with encoding/json.
func sameAsOracle(t testing.TB, name string, data []byte) (*Metadata, error) {
	t.Helper()
	got, err := Parse(name, data)
	want, wantErr := oracleParse(name, data)
	if err == nil {
		got = decoded(t, got)
	}
	if (err == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\ngot  %+v, %v\nwant %+v, %v", name, got, err, want, wantErr)
	}
	if err != nil && !strings.Contains(wantErr.Error(), "not JSON") && err.Error() != wantErr.Error() {
		t.Logf("%s\n%q\ngot  %v\nwant %v", name, data, err, wantErr)
	}
	return got, err
}

// decoded returns m with summaries that are maps. What they were says of each
// key, and of one that is not there, what the map has.
func decoded(t testing.TB, m *Metadata) *Metadata {
	t.Helper()
	out := *m
	out.Snapshots = nil
	for _, s := range m.Snapshots {
		c := *s
		all := s.Summary.Map()
		for k, want := range all {
			if got, ok := s.Summary.Lookup(k); !ok || got != want {
				t.Fatalf("the summary of %d has %q: %q, %v, want %q", s.ID, k, got, ok, want)
			}
		}
		for _, k := range []string{"", "operation", "not there", `"`, "a"} {
			if got, ok := s.Summary.Lookup(k); got != all[k] || (ok != (func() bool { _, ok := all[k]; return ok })()) {
				t.Fatalf("the summary of %d has %q: %q, %v", s.ID, k, got, ok)
			}
		}
		c.Summary = psyberg.SummaryOf(all)
		out.Snapshots = append(out.Snapshots, &c)
	}
	return &out
}

func TestParseIsAsEncodingJSON(t *testing.T) {
	for _, suite := range []string{"spark", "pyiceberg"} {
		for name, data := range archive(t, suite, isMetadata) {
			sameAsOracle(t, name, data)
		}
	}
	sameAsOracle(t, "long", longHistory(300))
	for _, value := range []string{
		`"a"`, `"\u00e9\n"`, `"\ud83d\ude00"`, `"\ud83d"`, "\"\xff\"", "\"日本語 and more than eight\"", `"12345678"`, `"1234567\""`, `"12345678\\"`,
		`"\x"`, `"\u12"`, `"\u12g4"`, "\"a\nb\"", "\"1234567\x1f\"", `"`, `"\`, `"\u`, "\"\x7f\"", "\"a\x00\"",
		`0`, `-0`, `01`, `-`, `1.`, `.5`, `1.5e`, `1e+5`, `1E-05`, `+1`, `12a`, `9223372036854775807`, `-9223372036854775808`, `9223372036854775808`, `1.0`, `0x1`,
		`true`, `false`, `null`, `tru`, `trux`, `nulls`, `True`, ``, `{}`, `[]`, `{"a":1}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{1:2}`, `[1,]`, `[,1]`, `[1 2]`,
		`{"a":null,"a":"b"}`, `{"a":"b","a":null}`, `{"a":[],"a":"b"}`, `{"a":{}}`, `{"operation":"append","n":1,"b":true,"\u0061":"x","z":null}`, `]`, `}`, `/`, "\u00a0", "\x00",
	} {
		for _, text := range []string{
			`,"x":%s}`, `,"properties":%s}`, `,"table-uuid":%s}`, `,"last-updated-ms":%s}`, `,"snapshots":%s}`, `,"snapshots":[%s]}`, `,"snapshot-log":[%s]}`, `,"snapshot-log":%s}`,
			`,"snapshots":[{"snapshot-id":%s}]}`, `,"snapshots":[{"snapshot-id":1,"summary":%s}]}`, `,"snapshots":[{"snapshot-id":1,"summary":{"k":%s}}]}`,
			`,"snapshots":[{"snapshot-id":1,"summary":{"k":"l"},"summary":%s}]}`, `,"snapshots":[{"snapshot-id":1,"manifest-list":%s}]}`,
			`,"snapshots":[{"snapshot-id":1,"manifests":%s}]}`, `,"snapshots":[{"snapshot-id":1,"manifests":["a",%s]}]}`, `,"snapshots":[{"snapshot-id":1,"schema-id":%s}]}`,
			`,"snapshots":[{"snapshot-id":"x","snapshot-id":%s,"parent-snapshot-id":%[1]s,"timestamp-ms":%[1]s}]}`, `,"snapshots":[{"snapshot-id":1,"other":[%s]}]}`,
			`,"snapshots":[{}],"snapshots":%s}`, `,"snapshot-log":[{"snapshot-id":1,"timestamp-ms":%s}]}`, `,"statistics":%s}`, `,"refs":{"main":%s}}`, `,"refs":%s} `, `}%s`, "}\x00%s",
		} {
			data := []byte(minimal + fmt.Sprintf(text, value))
			sameAsOracle(t, string(data), data)
		}
	}
	for n := range []int{0, 1, 2} {
		deep := minimal + `,"snapshots":[{"snapshot-id":1,"x":` + strings.Repeat("[", 297+n) + strings.Repeat("]", 297+n) + `}]}`
		sameAsOracle(t, "deep", []byte(deep))
	}
	long := longHistory(3)
	for cut := range long {
		sameAsOracle(t, "cut", long[:cut])
	}
}

// TestShapes: what is read by comparing it with the object before is what it
// would be alone, however the two are alike.
func TestShapes(t *testing.T) {
	t.Parallel()
	long := `"as long as nothing else is, and more"`
	values := []string{`"a"`, `""`, `"\u00e9\n"`, "\"\xff\"", `null`, `1`, `-1.5`, `true`, `{}`, `[1]`, long, long[:len(long)-1] + `, again"`, long[:30] + `\"` + long[30:], ` "a"`, "\n1", `x`, ``}
	keys := []string{`"k":`, `"k" :`, ` "k":`, `"\u006b":`, `"operation":`, `"\u006fperation":`, `"other":`}
	r := rand.New(rand.NewPCG(5, 6))
	object := func() string {
		var b strings.Builder
		for range r.IntN(4) {
			if b.Len() > 0 {
				b.WriteByte(',')
			}
			k := 0
			if r.IntN(3) == 0 {
				k = r.IntN(len(keys))
			}
			b.WriteString(keys[k] + values[r.IntN(len(values)-2*min(1, r.IntN(9)))])
			if r.IntN(9) == 0 {
				b.WriteByte(' ')
			}
		}
		return "{" + b.String() + "}"
	}
	whole := 0
	for range 20_000 {
		a, b, c := object(), object(), object()
		data := minimal + `,"snapshots":[{"snapshot-id":1,"summary":` + a + `},{"snapshot-id":2,"summary":` + b + `},{"snapshot-id":3 ,"x":1,"summary":` + c + `}]}`
		if m, err := sameAsOracle(t, data, []byte(data)); err == nil && len(m.Snapshots) == 3 {
			whole++
		}
	}
	if whole < 1000 {
		t.Errorf("only %d were whole", whole)
	}
}

// longHistory is a metadata.json of n snapshots with the summaries of Spark.
func longHistory(n int) []byte {
	var b, log bytes.Buffer
	b.WriteString(`{"format-version":2,"table-uuid":"0a4e5c2e-63c4-4f1c-9d52-8f37d2bd3cb1","location":"s3://warehouse/life/signup_fact",
"last-sequence-number":` + strconv.Itoa(n) + `,"last-updated-ms":1694700000000,"last-column-id":2,"current-schema-id":0,"schemas":[{"type":"struct","schema-id":0,"fields":[
{"id":1,"name":"event_ts","required":false,"type":"timestamptz"},{"id":2,"name":"customer_id","required":false,"type":"long"}]}],
"default-spec-id":0,"partition-specs":[{"spec-id":0,"fields":[{"name":"event_ts_hour","transform":"hour","source-id":1,"field-id":1000}]}],"last-partition-id":1000,
"properties":{"owner":"life","write.parquet.compression-codec":"zstd"},"current-snapshot-id":` + strconv.Itoa(1_000_000_000+n) + `,"snapshots":[`)
	for i := 1; i <= n; i++ {
		if i > 1 {
			b.WriteByte(',')
			log.WriteByte(',')
			fmt.Fprintf(&b, "{\"sequence-number\":%d,\"snapshot-id\":%d,\"parent-snapshot-id\":%d,", i, 1_000_000_000+i, 1_000_000_000+i-1)
		} else {
			fmt.Fprintf(&b, "{\"sequence-number\":%d,\"snapshot-id\":%d,", i, 1_000_000_000+i)
		}
		at := 1694649600000 + int64(i)*3_600_000
		fmt.Fprintf(&b, `"timestamp-ms":%d,"summary":{"operation":"append","spark.app.id":"application_1694649600000_%06d","added-data-files":"%d",`+
			`"added-records":"%d","added-files-size":"%d","changed-partition-count":"%d","total-records":"%d","total-files-size":"%d","total-data-files":"%d",`+
			`"total-delete-files":"0","total-position-deletes":"0","total-equality-deletes":"0","engine-version":"4.0.1","app-id":"application_1694649600000_%06d",`+
			`"engine-name":"spark","iceberg-version":"Apache Iceberg 1.11.0 (commit 3e5d2e4a9cf0be4b1e5f1d3a8d9bb1ae4a1b7c4e)"},`+
			`"manifest-list":"s3://warehouse/life/signup_fact/metadata/snap-%d-1-0a4e5c2e-63c4-4f1c-9d52-8f37d2bd3cb1.avro","schema-id":0}`,
			at, i/7, 24+i%5, 123456+i, 98765432+i, 1+i%3, 123456*i, 98765432*i, 24*i, i/7, 1_000_000_000+i)
		fmt.Fprintf(&log, `{"timestamp-ms":%d,"snapshot-id":%d}`, at, 1_000_000_000+i)
	}
	fmt.Fprintf(&b, `],"snapshot-log":[%s],"refs":{"main":{"snapshot-id":%d,"type":"branch"}},"statistics":[],"metadata-log":[]}`, log.Bytes(), 1_000_000_000+n)
	return b.Bytes()
}

// BenchmarkParse reads 10,000 snapshots. Its measure, how often one pass of a
// fast scanner would go over the same bytes meanwhile, is in benchmarks.
func BenchmarkParse(b *testing.B) {
	data := longHistory(10_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if m, err := Parse("x", data); err != nil || len(m.Snapshots) != 10_000 {
			b.Fatal(err)
		}
	}
}

func BenchmarkPass(b *testing.B) {
	data := longHistory(10_000)
	b.SetBytes(int64(len(data)))
	t := newTree("x", data)
	for b.Loop() {
		t.pos = 0
		t.pass(0)
	}
}
