package cache

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/functions/manifest"
)

var rewrite = flag.Bool("rewrite", false, "rewrite testdata/version.txt, after version was raised")

// TestC1_Version: files that an older psyql has written are not read by one
// whose decoder would answer otherwise, or that lays them out otherwise:
// version says so. What it stands for is in testdata/version.txt, as hashes;
// whoever changes that has to raise version first, and then to run this with
// -rewrite.
func TestC1_Version(t *testing.T) {
	t.Parallel()
	const file = "testdata/version.txt"
	number, what := fmt.Sprintf("version %d", version), standsFor(t)
	b, err := os.ReadFile(file)
	if err != nil && !*rewrite {
		t.Fatal(err)
	}
	before, hashes, _ := strings.Cut(string(b), "\n")
	switch {
	case before == number && hashes == what:
	case before == number:
		t.Errorf("what cache files hold has changed, and version (plan.go) has not: raise it, then run with -rewrite\nwas\n%s\nis\n%s", hashes, what)
	case !*rewrite:
		t.Errorf("%s of %s is rewritten by -rewrite", number, file)
	default:
		if err := os.WriteFile(file, []byte(number+"\n"+what), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// standsFor are hashes of all that a reader of files relies on.
func standsFor(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	sum := func(name string, parts ...any) {
		fmt.Fprintf(&out, "%s %x\n", name, sha256.Sum256([]byte(fmt.Sprintln(parts...))))
	}
	sample := samples(t)
	g := newGroup("column 7", manifest.Request{Bounds: []int32{7}, Counts: []int32{7}})
	for _, g := range []*group{core, numbers, texts, maps, g} {
		sum("schema of "+g.name, g.schema, g.nodes, g.buffers)
	}
	first := int64(5)
	sum("key", key(manifest.File{Path: "p", Length: 1, SpecID: 2, Content: manifest.ContentDeletes, Sequence: 3, AddedSnapshotID: 4, FirstRowID: &first}, core))
	x := index{key: "k", rows: math.MaxInt64, deleted: 6, batches: []batchIndex{{rows: 7, nodes: []node{{8, 9}}, buffers: []buffer{{10, 11, 12}}}}}
	sum("index", x.encode(), trailerMagic, trailerSize, directorySize, folderOf(manifest.File{Path: "a/b"}), hashOf("k"))
	answers := sha256.New()
	for _, s := range sample {
		parts, err := manifest.PartitionType(s.Path, s.data)
		if err != nil {
			parts = nil
		}
		rows, n, failed := direct(t, s, &manifest.Request{Columns: manifest.AllColumns(), Partition: parts, Bounds: []int32{1, 2}, Counts: []int32{1, 2}})
		fmt.Fprintln(answers, filepath.Base(s.Path), n, failed != "", rows)
	}
	fmt.Fprintf(&out, "answers of the manifests of testdata %x\n", answers.Sum(nil))
	return out.String()
}
