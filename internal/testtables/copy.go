package testtables

import (
	"bytes"
	"compress/flate"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Copy makes a warehouse that a test may write to: a folder of its own with
// the tables of one namespace of a suite, or those of it that are named, and a
// catalog.db that has only them.
// Every location in metadata.json, manifest lists and manifests names the
// folder, so no path map is needed.
//
// The test links a driver "sqlite" for database/sql (engine/catalog does). Copy
// handles what the life namespaces have, manifests in deflate or null; of
// others, name the tables that are like that.
func Copy(t testing.TB, suite, namespace string, tables ...string) string {
	t.Helper()
	from, to := Unpack(t, suite), t.TempDir()
	m := &mover{from: "/warehouse/" + suite, to: to, lengths: map[string]int64{}}
	folders := []string{namespace}
	for i, table := range tables {
		folders = append(folders[:i], filepath.Join(namespace, table))
	}
	for _, f := range folders {
		if err := m.folder(filepath.Join(from, f), filepath.Join(to, f)); err != nil {
			t.Fatalf("copy tables of %s.%s: %v", suite, namespace, err)
		}
	}
	if err := m.catalog(filepath.Join(from, "catalog.db"), filepath.Join(to, "catalog.db"), namespace, tables); err != nil {
		t.Fatalf("copy catalog of %s: %v", suite, err)
	}
	return to
}

// mover rewrites locations below from.
type mover struct {
	from, to string
	lengths  map[string]int64 // of the manifests, by base name
}

func (m *mover) folder(from, to string) error {
	var lists []string
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		case strings.HasPrefix(d.Name(), "snap-"):
			lists = append(lists, rel) // they name the lengths of manifests
			return nil
		}
		return m.file(path, filepath.Join(to, rel))
	})
	for _, rel := range lists {
		if err == nil {
			err = m.file(filepath.Join(from, rel), filepath.Join(to, rel))
		}
	}
	return err
}

func (m *mover) file(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	switch {
	case strings.HasSuffix(from, ".metadata.json"):
		b = bytes.ReplaceAll(b, []byte(m.from), []byte(m.to))
	case strings.HasSuffix(from, ".avro") && strings.Contains(from, "/metadata/"):
		if b, err = m.avro(b, strings.HasPrefix(filepath.Base(from), "snap-")); err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
		m.lengths[filepath.Base(from)] = int64(len(b))
	}
	return os.WriteFile(to, b, 0o644)
}

var errAvro = errors.New("no Avro file as it was expected")

// avro rewrites the blocks of an object container file (Avro spec 1.11.1,
// "Object Container Files").
func (m *mover) avro(b []byte, list bool) ([]byte, error) {
	const magic, sync = 4, 16
	at := magic
	number := func() int {
		v, n := binary.Varint(b[at:])
		at += max(n, 0)
		return int(v)
	}
	text := func() string {
		n := number()
		at += n
		return string(b[at-n : at])
	}
	codec := "null"
	for n := number(); n != 0; n = number() {
		if n < 0 {
			number() // the block's size in bytes
			n = -n
		}
		for range n {
			if k, v := text(), text(); k == "avro.codec" {
				codec = v
			}
		}
	}
	at += sync
	out := bytes.Clone(b[:at])
	for at < len(b) {
		count, size := number(), number()
		block := b[at : at+size]
		at += size + sync
		if codec == "deflate" {
			var err error
			if block, err = io.ReadAll(flate.NewReader(bytes.NewReader(block))); err != nil {
				return nil, err
			}
		} else if codec != "null" {
			return nil, fmt.Errorf("codec %s: %w", codec, errAvro)
		}
		block, err := m.block(block, list)
		if err != nil {
			return nil, err
		}
		if codec == "deflate" {
			var z bytes.Buffer
			w, _ := flate.NewWriter(&z, flate.DefaultCompression)
			if _, err := w.Write(block); err != nil {
				return nil, err
			}
			if err := w.Close(); err != nil {
				return nil, err
			}
			block = z.Bytes()
		}
		out = binary.AppendVarint(binary.AppendVarint(out, int64(count)), int64(len(block)))
		out = append(append(out, block...), b[at-sync:at]...)
	}
	return out, nil
}

// block rewrites the locations in a block's records, each a text with its
// length before it. In a manifest list the manifest's length follows.
func (m *mover) block(b []byte, list bool) ([]byte, error) {
	var out []byte
	for {
		i := bytes.Index(b, []byte(m.from+"/"))
		if i < 0 {
			return append(out, b...), nil
		}
		start := i
		for _, scheme := range []string{"file://", "file:"} {
			if bytes.HasSuffix(b[:i], []byte(scheme)) {
				start = i - len(scheme)
				break
			}
		}
		// every location here is longer than 63 bytes: its length takes two
		if start < 2 {
			return nil, errAvro
		}
		n, used := binary.Varint(b[start-2 : start])
		if used != 2 || n < 64 || start+int(n) > len(b) {
			return nil, fmt.Errorf("a location at byte %d has no length before it: %w", start, errAvro)
		}
		loc := string(b[start : start+int(n)])
		if filepath.Ext(loc) == "" {
			return nil, fmt.Errorf("location %q: %w", loc, errAvro)
		}
		moved := strings.Replace(loc, m.from, m.to, 1)
		out = append(binary.AppendVarint(append(out, b[:start-2]...), int64(len(moved))), moved...)
		b = b[start+int(n):]
		if list {
			length, ok := m.lengths[filepath.Base(loc)]
			_, used := binary.Varint(b)
			if !ok || used <= 0 {
				return nil, fmt.Errorf("manifest %q is not there: %w", loc, errAvro)
			}
			out, b = binary.AppendVarint(out, length), b[used:]
		}
	}
}

func (m *mover) catalog(from, to, namespace string, tables []string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, b, 0o644); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", to)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Exec("DELETE FROM iceberg_tables WHERE table_namespace <> ?", namespace); err != nil {
		return err
	}
	if len(tables) > 0 {
		if _, err := db.Exec("DELETE FROM iceberg_tables WHERE instr(?, ',' || table_name || ',') = 0", ","+strings.Join(tables, ",")+","); err != nil {
			return err
		}
	}
	_, err = db.Exec(`UPDATE iceberg_tables SET metadata_location = replace(metadata_location, ?1, ?2),
		previous_metadata_location = replace(previous_metadata_location, ?1, ?2)`, m.from, m.to)
	return err
}
