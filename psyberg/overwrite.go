package psyberg

import (
	"fmt"
	"strings"
)

// OnOverwrite says what a stateless process does with snapshots that remove
// or replace rows.
type OnOverwrite string

// The choices of on_overwrite.
const (
	OverwriteError OnOverwrite = "error" // the default: stop and list them
	OverwriteSkip  OnOverwrite = "skip"  // leave those snapshots out
	OverwriteAdded OnOverwrite = "added" // take what they added
)

// applyOverwrites enforces on_overwrite on a stateless window (C5). A first
// run from everything live has no overwrites to speak of: what they removed
// is not there. Withdrawn snapshots have had their own choice, on_rollback.
func (w *Window) applyOverwrites(choice OnOverwrite) error {
	if w.Live && !w.Recovered || choice == OverwriteAdded {
		return nil
	}
	var found []string
	for i := range w.Snapshots {
		s := &w.Snapshots[i]
		if !s.Counted || !ChangesRows(s.Snapshot) {
			continue
		}
		if choice == OverwriteSkip {
			s.Counted = false
			s.Reason += "; skipped by on_overwrite := 'skip'"
			continue
		}
		found = append(found, fmt.Sprintf("%d (%s, committed %s)", s.ID, s.Class, s.CommittedAt))
	}
	if len(found) == 0 {
		return nil
	}
	return windowError(w.Source, CodeOverwrite,
		"rows that were appended before may have been removed or replaced by snapshots "+strings.Join(found, ", "),
		"a stateless load cannot follow that: pass on_overwrite := 'skip' to leave them out, 'added' to take what they added, or load with etl_pattern_id 2")
}
