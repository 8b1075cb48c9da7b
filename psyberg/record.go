package psyberg

import (
	"encoding/json"
	"fmt"
)

// Record is what init found in one source, so that a session can be asked about
// after its source has moved on and its snapshots have expired. A session row
// keeps it as text (SessionRow.Found).
type Record struct {
	Window  *Window
	Changes *ChangeSet // without its files
	Basis   TimeBasis
	Landing *TimeRange
}

// maxRecord bounds the text: a session that changed a hundred thousand
// partitions is told from its snapshots, as long as they last.
const maxRecord = 8 << 20

// Text encodes a record as a JSON object; "" where it would be too long.
func (r Record) Text() (string, error) {
	if r.Changes != nil {
		set := *r.Changes
		set.Files, set.ToRead = nil, nil
		r.Changes = &set
	}
	text, err := json.Marshal(r)
	if err != nil || len(text) > maxRecord {
		return "", err
	}
	return string(text), nil
}

// ParseRecord decodes what Text made.
func ParseRecord(text string) (Record, error) {
	var r Record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return r, fmt.Errorf("read what the session found: %w", err)
	}
	if r.Window == nil || r.Changes == nil {
		return r, fmt.Errorf("read what the session found: it has no window or no changes")
	}
	for _, s := range [][]WindowSnapshot{r.Window.Snapshots, r.Window.Withdrawn} {
		for _, w := range s {
			if w.Snapshot == nil {
				return r, fmt.Errorf("read what the session found: a snapshot of its window is missing")
			}
		}
	}
	return r, nil
}

// MarshalJSON encodes a summary as an object.
func (s Summary) MarshalJSON() ([]byte, error) { return json.Marshal(s.Map()) }

// UnmarshalJSON decodes what MarshalJSON made.
func (s *Summary) UnmarshalJSON(text []byte) error {
	var m map[string]string
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	*s = SummaryOf(m)
	return nil
}
