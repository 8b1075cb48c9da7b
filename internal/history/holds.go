package history

import (
	"fmt"
	"slices"
)

// Built is what a stateful process has recorded and built.
type Built struct {
	Marks   []int                // by table: the version that its watermark names, 0: none yet
	ValidTo int                  // the hour that it is valid to; -1: none yet
	Target  func(hour int) []int // ids of all sources, in order
	Excused map[int]bool         // hours that a clip has left out since they were last loaded: the user asked for it
}

// Recorded says what is wrong with a target after a commit: all that the
// recorded versions hold before valid_to must be in it, and nothing else.
func Recorded(tables []*Table, b Built) error {
	for h := 0; h < min(b.ValidTo, Hours); h++ {
		var want []int
		for i, t := range tables {
			if b.Marks[i] == 0 {
				return fmt.Errorf("source %s has no watermark, the process is valid to hour %d", t.Name, b.ValidTo)
			}
			want = append(want, t.RowsAt(b.Marks[i], h)...)
		}
		if err := hour(h, b, want); err != nil {
			return fmt.Errorf("before valid_to %d, versions %v are recorded: %w", b.ValidTo, b.Marks, err)
		}
	}
	return nil
}

// BuiltOnce says what is wrong with a target in the end: it is what one would
// be that is built at once from the heads.
func BuiltOnce(tables []*Table, b Built) error {
	for h := range Hours {
		var want []int
		for _, t := range tables {
			want = append(want, t.RowsAt(t.Head, h)...)
		}
		if err := hour(h, b, want); err != nil {
			return fmt.Errorf("built session by session: %w", err)
		}
	}
	return nil
}

func hour(h int, b Built, want []int) error {
	slices.Sort(want)
	if got := b.Target(h); !b.Excused[h] && !slices.Equal(got, want) {
		return fmt.Errorf("hour %d: the target has rows %v, want %v", h, got, want)
	}
	return nil
}

// Needed says which hour of a plan is missing: one whose rows have changed
// since the recorded versions, and that is neither loaded nor left out, though
// it is not after upper.
func Needed(tables []*Table, marks []int, upper int, loaded, clipped func(hour int) bool) error {
	for i, t := range tables {
		if marks[i] == 0 {
			continue
		}
		for _, h := range t.Changed(marks[i], t.Head) {
			if h <= upper && !loaded(h) && !clipped(h) {
				return fmt.Errorf("the rows of hour %d of %s have changed, and it is not loaded", h, t.Name)
			}
		}
	}
	return nil
}

// Loads is what a stateless process has loaded, by file.
type Loads struct {
	Times map[int]int  // row id to times
	First map[int]bool // rows of the first run: all that was live, whoever brought it
	// Added: on_overwrite := 'added' takes what overwrites bring.
	Added bool
}

// Once says what is wrong with them: a row is there twice, one that came and is
// still live is missing, or one is there that no version which counts has
// brought.
func (l Loads) Once(t *Table) error {
	came := map[int]bool{}
	for _, v := range t.Line(t.Head) {
		for _, id := range t.versions[v].Added {
			if t.versions[v].Op == OpAppend || l.Added || l.First[id] {
				came[id] = true
			}
		}
	}
	live := map[int]bool{}
	for _, r := range t.versions[t.Head].Rows {
		live[r.ID] = true
	}
	for id := range came {
		switch n := l.Times[id]; {
		case n > 1:
			return fmt.Errorf("row %d was loaded %d times", id, n)
		case n == 0 && live[id]:
			return fmt.Errorf("row %d is live, and was never loaded", id)
		}
	}
	for id := range l.Times {
		if !came[id] {
			return fmt.Errorf("row %d was loaded, and no version that counts has it", id)
		}
	}
	return nil
}
