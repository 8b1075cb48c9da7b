package manifest

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"psyberg/psyberg"
)

// ReadList decodes a manifest list of format version 1, 2 or 3. name is for
// errors. What is returned shares no memory with data.
//
// Errors: *DamageError where the file is damaged; a plain error where it is
// well-formed but of a kind that is not known (its codec, its field types).
func ReadList(name string, data []byte) ([]File, error) { return ReadListAdded(name, data, nil) }

// ReadListAdded is ReadList of those manifests only whose AddedSnapshotID
// wanted accepts (Unknown is asked too); nil wants all. A commit adds a few
// manifests, and its list has all of the table's: the others are stepped over,
// and nothing of them is checked but that.
func ReadListAdded(name string, data []byte, wanted func(added psyberg.SnapshotID) bool) ([]File, error) {
	r, err := newListReader(name, data, wanted)
	if err != nil {
		return nil, err
	}
	return r.all()
}

// listReader reads the blocks of one list.
type listReader struct {
	*container
	steps  []listStep
	adder  adder
	fast   *listProgram                  // nil: nothing is read in straight lines
	wanted func(psyberg.SnapshotID) bool // nil: all
	memory listMemory
	files  []File
	entry  int64 // of the next one
}

func newListReader(name string, data []byte, wanted func(psyberg.SnapshotID) bool) (*listReader, error) {
	c, err := open("manifest list", name, data)
	if err != nil {
		return nil, err
	}
	r := &listReader{container: c, fast: newListProgram(c.schema), wanted: wanted, files: []File{}}
	if r.steps, err = listSteps(c.schema); err == nil {
		r.adder, err = newAdder(c.schema)
	}
	if err != nil {
		return nil, fmt.Errorf("read manifest list %q: %w", name, err)
	}
	if wanted == nil {
		r.files = make([]File, 0, c.entries())
	}
	return r, nil
}

// all reads the list.
func (r *listReader) all() ([]File, error) {
	u := newUnpacker(r.container)
	defer u.release()
	for {
		b, raw, ok, err := u.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return r.files, nil
		}
		if err := r.block(b, raw); err != nil {
			return nil, err
		}
	}
}

// entries is about how many there are, never much more than damaged blocks may
// have: those that say they have more have to prove it.
func (c *container) entries() (n int) {
	rest := *c
	for {
		b, ok, err := rest.next()
		if n += b.count; !ok || err != nil || n > len(c.data)/8 || n > 1<<17 {
			return min(n, len(c.data)/8, 1<<17)
		}
	}
}

// block reads the entries of a block.
func (r *listReader) block(b block, raw []byte) error {
	first := len(r.files)
	d := dec{b: raw}
	for range b.count {
		if r.wanted != nil {
			start := d.pos
			if added := r.stepOver(&d); d.err == nil && !r.wanted(added) {
				r.entry++
				continue
			}
			d.pos = start
		}
		r.read(&d)
		if d.err != nil {
			return r.damagedEntry(b.offset, r.entry, d.err)
		}
		r.entry++
	}
	r.memory.paths(r.files[first:])
	if d.pos != len(raw) {
		return r.damage(b.offset, errLeft)
	}
	return nil
}

// read reads one entry; its path may come with the end of the block.
func (r *listReader) read(d *dec) {
	none := File{AddedSnapshotID: Unknown, AddedFiles: Unknown, ExistingFiles: Unknown, DeletedFiles: Unknown,
		AddedRows: Unknown, ExistingRows: Unknown, DeletedRows: Unknown}
	r.files = append(r.files, none)
	f := &r.files[len(r.files)-1]
	if r.fast != nil && d.err == nil {
		if next := r.fast.read(d.b, d.pos, f, &r.memory); next >= 0 {
			d.pos = next
			return
		}
	}
	*f = none
	for _, s := range r.steps {
		s(d, f)
	}
	if d.err == nil {
		d.err = f.check()
	}
}

// stepOver reads one entry for who added its manifest; d has an error where it
// is damaged.
func (r *listReader) stepOver(d *dec) psyberg.SnapshotID {
	if r.fast != nil && d.err == nil {
		if next, added := r.fast.stepOver(d.b, d.pos); next >= 0 {
			d.pos = next
			return added
		}
	}
	return r.adder.stepOver(d)
}

// adder finds out who added the manifest of an entry, at the price of stepping
// over it.
type adder struct {
	fields  []*field
	at      int // of added_snapshot_id, -1 in old v1 lists
	present func(*dec) bool
}

func newAdder(schema *node) (a adder, err error) {
	a.fields = schema.fields
	a.at = slices.IndexFunc(a.fields, func(f *field) bool { return f.known(listNames) == 503 })
	if a.at >= 0 {
		a.present, _, err = optionalReader(a.fields[a.at])
	}
	return a, err
}

// stepOver reads one entry; d has an error where it is damaged.
func (a *adder) stepOver(d *dec) psyberg.SnapshotID {
	added := psyberg.SnapshotID(Unknown)
	for i, f := range a.fields {
		if i != a.at {
			d.skip(f.typ, 0)
		} else if a.present(d) {
			added = psyberg.SnapshotID(d.long())
		}
	}
	return added
}

func (f *File) check() error {
	switch {
	case f.Path == "":
		return fmt.Errorf("manifest_path is empty")
	case !utf8.ValidString(f.Path):
		return fmt.Errorf("manifest_path is not UTF-8")
	case f.Content != ContentData && f.Content != ContentDeletes:
		return fmt.Errorf("content %d is none of 0, 1", f.Content)
	case f.Length < 0:
		return fmt.Errorf("manifest_length is %d", f.Length)
	}
	return nil
}

// listStep decodes one field of the writer's record, or steps over it.
type listStep func(*dec, *File)

// listNames are the names of a list's fields by id, for writers that leave
// ids out; counts had "data" in their names in early v1 lists.
var listNames = map[string]int{
	"manifest_path": 500, "manifest_length": 501, "partition_spec_id": 502, "added_snapshot_id": 503,
	"added_files_count": 504, "existing_files_count": 505, "deleted_files_count": 506,
	"added_data_files_count": 504, "existing_data_files_count": 505, "deleted_data_files_count": 506,
	"partitions": 507, "contains_null": 509, "lower_bound": 510, "upper_bound": 511, "contains_nan": 518,
	"added_rows_count": 512, "existing_rows_count": 513, "deleted_rows_count": 514,
	"sequence_number": 515, "min_sequence_number": 516, "content": 517, "key_metadata": 519, "first_row_id": 520,
}

// listFields are the ids that listFieldStep knows.
var listFields = []int{500, 501, 502, 503, 504, 505, 506, 507, 512, 513, 514, 515, 516, 517, 519, 520}

// listNumbers are the whole-number fields of a list of 64 bits, for File.set.
var listNumbers = []int{501, 503, 504, 505, 506, 512, 513, 514, 515, 516, 520}

func listSteps(schema *node) ([]listStep, error) {
	var steps []listStep
	seen := map[int]bool{}
	for _, fl := range schema.fields {
		id := fl.known(listNames)
		s, err := listFieldStep(id, fl)
		if err != nil {
			return nil, err
		}
		if s == nil || seen[id] {
			s = func(d *dec, _ *File) { d.skip(fl.typ, 0) }
		}
		seen[id] = true
		steps = append(steps, s)
	}
	for id, name := range map[int]string{500: "manifest_path", 501: "manifest_length", 502: "partition_spec_id"} {
		if !seen[id] {
			return nil, fmt.Errorf("no field %s (%d): not a manifest list", name, id)
		}
	}
	return steps, nil
}

// listFieldStep returns the step for one field, nil for one that nobody needs.
func listFieldStep(id int, fl *field) (listStep, error) {
	if !slices.Contains(listFields, id) {
		return nil, nil
	}
	present, t, err := optionalReader(fl)
	if err != nil {
		return nil, err
	}
	want := func(k ...kind) error { return fl.want(id, t, k...) }
	if slices.Contains(listNumbers, id) {
		return func(d *dec, f *File) {
			if present(d) {
				f.set(id, d.long())
			}
		}, want(kInt, kLong)
	}
	switch id {
	case 500:
		return func(d *dec, f *File) {
			if present(d) {
				f.Path = string(d.bytes())
			}
		}, want(kString)
	case 502:
		return func(d *dec, f *File) {
			if present(d) {
				f.SpecID = d.int()
			}
		}, want(kInt, kLong)
	case 517:
		return func(d *dec, f *File) {
			if present(d) {
				f.Content = Content(d.int())
			}
		}, want(kInt, kLong)
	case 519:
		return func(d *dec, f *File) {
			if present(d) {
				f.KeyMetadata = copied(d.bytes())
			}
		}, want(kBytes)
	case 507:
		if err := want(kArray); err != nil {
			return nil, err
		}
		items, err := summarySteps(t.items)
		if err != nil {
			return nil, err
		}
		return func(d *dec, f *File) {
			if present(d) {
				f.Partitions = d.summaries(items)
			}
		}, nil
	}
	return nil, nil
}

// copied copies b; an empty value stays apart from nil.
func copied(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append(make([]byte, 0, len(b)), b...)
}

type summaryStep func(*dec, *FieldSummary)

func (d *dec) summaries(items []summaryStep) []FieldSummary {
	out := []FieldSummary{}
	for c := d.blockCount(); c > 0 && d.err == nil; c = d.blockCount() {
		for ; c > 0 && d.err == nil; c-- {
			var s FieldSummary
			for _, step := range items {
				step(d, &s)
			}
			out = append(out, s)
		}
	}
	return out
}

func summarySteps(t *node) ([]summaryStep, error) {
	if t.kind != kRecord {
		return nil, fmt.Errorf("field partitions: array of %v, not of records", t.kind)
	}
	if t.empty {
		return nil, fmt.Errorf("field partitions: records without fields")
	}
	var steps []summaryStep
	for _, fl := range t.fields {
		id := fl.known(listNames)
		if id != 509 && id != 510 && id != 511 && id != 518 {
			steps = append(steps, func(d *dec, _ *FieldSummary) { d.skip(fl.typ, 0) })
			continue
		}
		present, ft, err := optionalReader(fl)
		if err != nil {
			return nil, err
		}
		switch id {
		case 509:
			steps = append(steps, func(d *dec, s *FieldSummary) { s.ContainsNull = present(d) && d.bool() })
			err = fl.want(id, ft, kBool)
		case 518:
			steps = append(steps, func(d *dec, s *FieldSummary) {
				if present(d) {
					v := d.bool()
					s.ContainsNaN = &v
				}
			})
			err = fl.want(id, ft, kBool)
		case 510, 511:
			lower := id == 510
			steps = append(steps, func(d *dec, s *FieldSummary) {
				if !present(d) {
					return
				}
				if v := copied(d.bytes()); lower {
					s.Lower = v
				} else {
					s.Upper = v
				}
			})
			err = fl.want(id, ft, kBytes)
		}
		if err != nil {
			return nil, err
		}
	}
	return steps, nil
}
