package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	iceio "github.com/apache/iceberg-go/io"

	"psyberg/functions/surface"
)

// SweepAge is how old a leftover file has to be where nobody says otherwise:
// what Spark's remove_orphan_files takes. A file that a load has written and
// will commit looks like a leftover until then.
const SweepAge = 72 * time.Hour

// SweepRequest says what to sweep.
type SweepRequest struct {
	Before time.Time // files changed at this time or later stay
	Delete bool      // false: nothing is changed
	Keep   []string  // folders that are left alone, such as that of a cache
}

// Leftover is a file that no metadata of the table names.
type Leftover struct {
	Location string
	Bytes    int64
	Modified time.Time
	Deleted  bool
	// Folder: an empty scratch folder of a COPY that was killed.
	Folder bool

	at place
}

// ErrDoubt: a sweep that could take the wrong file does nothing.
var ErrDoubt = errors.New("in doubt, so nothing is deleted")

// Sweep finds files below a table's location that nothing names: what killed
// writers and failed commits have left. Files are never named that any
// snapshot, branch, tag, staged snapshot, statistics file or metadata.json of
// the log names, nor those that are not of a kind that writers of Iceberg make.
// Files that write.data.path and the like put elsewhere are not looked at:
// another table may share that folder.
//
// In doubt it refuses (ErrDoubt): a file that the table has now is not where
// its metadata says; the same path is named under another scheme or bucket;
// another table's metadata lies below the location; the location is a root.
//
// The table may change meanwhile: files are listed before the metadata is
// read, and just before the first one goes the metadata is read again.
// Killed: some leftovers are gone.
func (c *Catalogs) Sweep(ctx context.Context, name string, req SweepRequest) ([]Leftover, error) {
	load := func() (*surface.Table, error) { return c.sweepable(ctx, name, req.Delete) }
	t, err := load()
	if err != nil {
		return nil, err
	}
	s := &sweep{t: t, req: req, files: t.Files.(*files)}
	s.places = newPlaces(s.files)
	if err := s.begin(ctx); err != nil {
		return nil, fmt.Errorf("sweep %s: %w", t.Name, err)
	}
	for looked, n := "", 0; ; n++ {
		if s.t, err = load(); err != nil {
			return nil, err
		}
		if s.t.Location == looked {
			break
		}
		if n == sweepLooks {
			return nil, fmt.Errorf("sweep %s: %w the table changed %d times meanwhile", s.t.Name, ErrConflict, n)
		}
		looked = s.t.Location
		if err := s.judge(ctx); err != nil {
			return nil, fmt.Errorf("sweep %s: %w", t.Name, err)
		}
	}
	if err := s.remove(ctx); err != nil {
		return nil, fmt.Errorf("sweep %s: %w", t.Name, err)
	}
	return s.left, nil
}

// sweepLooks bounds how often what is a leftover is judged again because the
// table has changed.
const sweepLooks = 10

// sweepable loads a table whose leftovers can be told.
func (c *Catalogs) sweepable(ctx context.Context, name string, write bool) (*surface.Table, error) {
	if write {
		if _, err := c.target(ctx, name); err != nil {
			return nil, err
		}
	}
	t, err := c.Load(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case t.Catalog == "":
		return nil, fmt.Errorf("sweep %s: a bare metadata.json may be older than its table: name the table by its catalog", name)
	case t.Ref != "":
		return nil, fmt.Errorf("sweep %s: the files of a table are swept, not those of a ref: leave out '@%s'", name, t.Ref)
	}
	return t, nil
}

// sweep is one sweep of one table.
type sweep struct {
	t      *surface.Table
	req    SweepRequest
	files  *files
	places *places

	root  place
	keep  []place
	began time.Time
	found []Leftover     // every file below the root
	seen  map[place]bool // where they are
	left  []Leftover
}

func (s *sweep) doubt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDoubt}, args...)...)
}

// begin lists the files below the table's location.
func (s *sweep) begin(ctx context.Context) error {
	location := strings.TrimRight(s.t.Meta.Location, "/")
	var err error
	// A name below it: links are followed up to the last folder.
	if s.root, err = s.places.of(location + "/x"); err != nil {
		return err
	}
	s.root.path = path.Dir(s.root.path)
	if home, _ := os.UserHomeDir(); s.root.path == "/" || s.root.store == "" && s.root.path == filepath.ToSlash(home) {
		return s.doubt("its location %q is no folder of its own", s.t.Meta.Location)
	}
	for _, dir := range s.req.Keep {
		p, err := s.places.of(strings.TrimRight(dir, "/") + "/x")
		if err != nil {
			return err
		}
		p.path = path.Dir(p.path)
		s.keep = append(s.keep, p)
	}
	s.began, s.seen = time.Now(), map[place]bool{}
	return s.list(ctx, location)
}

func (s *sweep) list(ctx context.Context, location string) error {
	if s.root.store == "" {
		err := filepath.WalkDir(filepath.FromSlash(s.root.path), func(p string, d fs.DirEntry, err error) error {
			return s.visit(ctx, p, place{"", filepath.ToSlash(p)}, d, err)
		})
		if isGone(err) {
			return nil // no file was written yet, or all are elsewhere
		}
		return err
	}
	store, err := s.files.store(location)
	if err != nil {
		return err
	}
	lister, ok := store.(iceio.ListableIO)
	if !ok {
		return fmt.Errorf("the files of %q cannot be listed", location)
	}
	return lister.WalkDir(location+"/", func(p string, d fs.DirEntry, err error) error {
		at, err2 := s.places.of(p)
		return s.visit(ctx, p, at, d, errors.Join(err, err2))
	})
}

// visit takes one entry of the listing. Links are not followed.
func (s *sweep) visit(ctx context.Context, location string, at place, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.IsDir() {
		if at != s.root && (hiddenFolder(d.Name()) || slices.Contains(s.keep, at)) {
			return fs.SkipDir
		}
		if at.store != "" || !strings.HasPrefix(d.Name(), scratchFolder) || !empty(location) {
			return nil
		}
	} else if !d.Type().IsRegular() {
		return nil
	}
	info, err := d.Info()
	if isGone(err) {
		return nil // a writer has just taken it away
	}
	if err != nil {
		return err
	}
	f := Leftover{Location: location, Modified: info.ModTime(), Folder: d.IsDir(), at: at}
	if !f.Folder {
		s.seen[at], f.Bytes = true, info.Size()
	}
	s.found = append(s.found, f)
	return nil
}

func empty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}

// scratchFolder begins the names of the folders that a COPY of ours writes in.
const scratchFolder = ".psyberg-"

// hiddenFolder tells folders that engines keep for themselves; one of a
// partition field whose name begins with a line is none.
func hiddenFolder(name string) bool {
	return strings.HasPrefix(name, ".") && !strings.HasPrefix(name, scratchFolder) ||
		strings.HasPrefix(name, "_") && !strings.Contains(name, "=")
}

// madeByWriters tells the kinds of files that writers of Iceberg make. Others
// are somebody's own.
func madeByWriters(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return false
	}
	return isMetadata(name) || slices.Contains([]string{".parquet", ".avro", ".orc", ".puffin", ".stats"}, path.Ext(name))
}

func isMetadata(name string) bool {
	return strings.HasSuffix(strings.TrimSuffix(name, ".gz"), ".metadata.json")
}

// judge tells which of the files found are leftovers of the table as it is.
func (s *sweep) judge(ctx context.Context) error {
	r := newReach(s.places)
	if err := r.of(ctx, s.t); err != nil {
		return err
	}
	if err := s.complete(r); err != nil {
		return err
	}
	s.left = nil
	for _, f := range s.found {
		name := path.Base(f.at.path)
		if _, named := r.named[f.at]; named || !f.Folder && !madeByWriters(name) {
			continue
		}
		if d, ok := f.at.decoded(); ok {
			if _, named := r.named[d]; named {
				continue
			}
		}
		if other, ok := r.paths[f.at.path]; ok {
			return s.doubt("%q is not named, but %q is: are %s and %s one store?", f.Location, r.named[other], f.at.store, other.store)
		}
		if isMetadata(name) {
			if err := s.ours(ctx, f); err != nil {
				return err
			}
		}
		if !f.Modified.IsZero() && f.Modified.Before(s.req.Before) {
			s.left = append(s.left, f)
		}
	}
	slices.SortFunc(s.left, func(a, b Leftover) int { return strings.Compare(a.Location, b.Location) })
	return nil
}

// complete checks that every file that the table has now and that should lie
// below its location was found there: else names are compared wrongly.
func (s *sweep) complete(r *reach) error {
	for at, location := range r.live {
		if !at.below(s.root) || s.seen[at] {
			continue
		}
		if d, ok := at.decoded(); ok && s.seen[d] {
			continue
		}
		if s.lateOrHidden(at) {
			continue
		}
		return s.doubt("%q, which the table has, was not found below %q", location, s.t.Meta.Location)
	}
	return nil
}

// lateOrHidden tells a file that came after the listing, or that lies in a
// folder which is not looked into.
func (s *sweep) lateOrHidden(at place) bool {
	rest := strings.TrimPrefix(at.path, s.root.path+"/")
	for dir := path.Dir(rest); dir != "."; dir = path.Dir(dir) {
		if hiddenFolder(path.Base(dir)) || slices.Contains(s.keep, place{s.root.store, path.Join(s.root.path, dir)}) {
			return true
		}
	}
	if at.store == "" {
		info, err := os.Stat(filepath.FromSlash(at.path))
		return err == nil && !info.ModTime().Before(s.began.Add(-time.Second))
	}
	f, err := s.files.Open(at.store + at.path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	return err == nil && !info.ModTime().Before(s.began.Add(-time.Second))
}

// ours refuses where a metadata.json that is not named is another table's. One
// that is cut short, beside the table's own, is what a killed writer left.
func (s *sweep) ours(ctx context.Context, f Leftover) error {
	m, err := readMeta(ctx, s.files, f.Location)
	if isGone(err) {
		return nil
	}
	if err != nil {
		if b, raw := s.files.Read(ctx, f.Location, -1); raw == nil && s.beside(f.Location) && cutShort(f.Location, b, s.t.Meta.UUID) {
			return nil
		}
		return s.doubt("%q cannot be read, so whose it is: %w", f.Location, err)
	}
	if m.UUID != s.t.Meta.UUID {
		return s.doubt("%q is the metadata of another table (%s): give the two folders of their own", f.Location, m.UUID)
	}
	return nil
}

// beside reports whether location is in the folder of the table's metadata.json.
func (s *sweep) beside(location string) bool {
	a, errA := s.places.of(location)
	b, errB := s.places.of(s.t.Location)
	return errA == nil && errB == nil && a.store == b.store && path.Dir(a.path) == path.Dir(b.path)
}

var tableUUID = regexp.MustCompile(`"table-uuid"\s*:\s*"([^"]*)"`)

// cutShort reports whether these bytes of a metadata.json are a beginning only,
// and as far as they go not of another table than uuid.
func cutShort(location string, b []byte, uuid string) bool {
	b, err := inflate(location, b)
	if err == nil {
		var v json.RawMessage
		err = json.NewDecoder(bytes.NewReader(b)).Decode(&v)
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	m := tableUUID.FindSubmatch(b)
	return m == nil || string(m[1]) == uuid
}

// remove deletes the leftovers, and the scratch folders that are empty then.
func (s *sweep) remove(ctx context.Context) error {
	if !s.req.Delete {
		return nil
	}
	for i := range s.left {
		f := &s.left[i]
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%d of %d files are deleted: %w", i, len(s.left), err)
		}
		if err := s.files.Remove(f.Location); err != nil {
			return fmt.Errorf("%d of %d files are deleted: delete %q: %w", i, len(s.left), f.Location, err)
		}
		f.Deleted = true
		for dir := filepath.Dir(f.Location); s.root.store == "" && strings.Contains(dir, "/"+scratchFolder); dir = filepath.Dir(dir) {
			_ = os.Remove(dir) // it stays where something is left in it
		}
	}
	return nil
}
