package peers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Kept are the results so far: all of them take an hour, and one can be
// measured again.
type Kept struct {
	path    string
	results []Result
}

// OpenKept reads what is kept in a folder of tables of one size.
func OpenKept(dir string, down int) (*Kept, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	k := &Kept{path: filepath.Join(dir, fmt.Sprintf("results-%d.json", down))}
	return k, k.read()
}

func (k *Kept) read() error {
	b, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	k.results = nil
	if err == nil {
		err = json.Unmarshal(b, &k.results)
	}
	if err != nil {
		return fmt.Errorf("read results of before: %w; remove the file to measure all again", err)
	}
	return nil
}

// Add keeps a result in the place of the one before. One that says only why it
// is none takes no place.
func (k *Kept) Add(r Result) error {
	if err := k.read(); err != nil { // another run may have added some
		return err
	}
	same := func(o Result) bool { return o.Peer == r.Peer && o.Table == r.Table && o.Question == r.Question }
	if r.Skipped != "" && slices.ContainsFunc(k.results, same) {
		return nil
	}
	k.results = append(slices.DeleteFunc(k.results, same), r)
	b, err := json.MarshalIndent(k.All(), "", "  ")
	if err == nil {
		err = os.WriteFile(k.path+".new", b, 0o644)
	}
	if err == nil {
		err = os.Rename(k.path+".new", k.path)
	}
	if err != nil {
		return fmt.Errorf("keep a result: %w", err)
	}
	return nil
}

// All are the results, in the order of the peers, tables and questions.
func (k *Kept) All() []Result {
	order := map[string]int{}
	for i, p := range All() {
		order[p.Name] = i
	}
	out := slices.DeleteFunc(slices.Clone(k.results), func(r Result) bool { _, known := order[r.Peer]; return !known })
	slices.SortStableFunc(out, func(a, b Result) int {
		if d := order[a.Peer] - order[b.Peer]; d != 0 {
			return d
		}
		return slices.Compare([]string{a.Table, string(a.Question)}, []string{b.Table, string(b.Question)})
	})
	return out
}
