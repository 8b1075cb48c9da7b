package manifest

import "fmt"

// statuses of an entry.
const (
	existing = 0
	added    = 1
	deleted  = 2
)

// endEntry checks the entry just read, fills in what it inherits (M4), and
// makes a row of it, or none.
func (s *scanner) endEntry(p *program) error {
	if st := s.num[Status]; st < existing || st > deleted {
		return fmt.Errorf("status %d is none of 0, 1, 2", st)
	}
	if c := s.num[FileContent]; s.has[FileContent] && (c < 0 || c > int64(ContentEqualityDeletes)) {
		return fmt.Errorf("content %d is none of 0, 1, 2", c)
	}
	s.inheritRowID()
	if s.lay.live && s.num[Status] == deleted {
		s.forget()
		for i := range s.cols {
			s.cols[i].drop(s.row)
		}
		return nil
	}
	for _, c := range p.numbers {
		col := &s.cols[s.lay.at[c]]
		v, ok := s.number(c, p)
		switch {
		case !ok:
			col.setNull(s.alloc, s.row)
		case col.store == s32:
			col.set32(s.row, int32(v))
		default:
			col.set64(s.row, v)
		}
	}
	s.row++
	return nil
}

// number returns the entry's value of a column, inherited where it may be.
func (s *scanner) number(c Column, p *program) (v int64, ok bool) {
	switch c {
	case SpecID:
		return int64(s.file.SpecID), true
	case FileContent:
		if !s.has[c] { // v1 has data files only
			return int64(ContentData), true
		}
	case SnapshotID:
		if !s.has[c] && s.file.AddedSnapshotID > 0 {
			return int64(s.file.AddedSnapshotID), true
		}
	case SequenceNumber, FileSequenceNumber:
		if s.has[c] {
			break
		}
		if p.v1 {
			return 0, true
		}
		// Only what this manifest's own commit added has its number; an older
		// file's must be written in its entry. Number 0 is a v1 manifest's,
		// rewritten or not: there was nothing else then.
		if s.num[Status] == added || s.file.Sequence == 0 {
			return int64(s.file.Sequence), true
		}
	}
	return s.num[c], s.has[c]
}

// inheritRowID follows the spec's "First Row ID Inheritance" as Iceberg's own
// reader does: live data files without a number take the next one, in the
// order of the manifest; where the manifest has none, no file has.
func (s *scanner) inheritRowID() {
	if !s.lay.reads[FirstRowID] {
		return
	}
	if s.file.FirstRowID == nil || s.file.Content != ContentData {
		s.has[FirstRowID] = false
		return
	}
	if s.has[FirstRowID] || s.num[Status] == deleted {
		return
	}
	s.num[FirstRowID], s.has[FirstRowID] = s.nextRowID, true
	s.nextRowID += s.num[RecordCount]
}
