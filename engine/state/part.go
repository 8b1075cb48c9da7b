package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/iceberg-go"

	"psyberg/engine/bridge"
	"psyberg/engine/catalog"
	"psyberg/functions/rows"
)

// A session that is COMMITTED or SUPERSEDED never changes again: its rows are
// history. They stand in files of their own within the process's partition, so
// that a step of a session reads and writes what is unfinished and nothing
// else, however long the history is. Such a file is told by its bounds: one
// status, and one that never changes. A file that another program has put
// together anew holds several, and is taken apart again at the next change.

// want says which rows are asked for.
type want struct {
	process    string // "" is all
	session    string // "" is all
	unfinished bool   // rows that may still change, and with session those of that session
	alone      bool   // the rows of session will change, and no others (tableDef.bySession)
}

// part is one reading of a table's rows.
type part struct {
	live    *catalog.Live
	rows    []row         // those asked for; with want.unfinished, those that may still change
	mixed   []row         // with want.unfinished or alone: rows that will not change, in one file with others
	own     []row         // likewise: history of the session asked for
	history []historyFile // files whose rows never change again; with want.alone, those of other sessions
}

// historyFile is a file of rows with one final status, or ofOthers.
type historyFile struct {
	location, status string
	rows             int64
}

// historyRows is how many rows are history. It only ever grows, and by every
// session that ends: equal numbers mean that none has ended in between.
func (p *part) historyRows() int64 {
	n := int64(len(p.mixed))
	for _, f := range p.history {
		n += f.rows
	}
	return n
}

// kept are the locations of the files of history.
func (p *part) kept() []string {
	out := make([]string, len(p.history))
	for i, f := range p.history {
		out[i] = f.location
	}
	return out
}

// vanished bounds how often a reading starts over because the files it was to
// read have expired: each time the table has moved on.
const vanished = 10

// load reads rows at the head, and says which files they stand in.
func (s *Store) load(ctx context.Context, table string, def tableDef, w want) (*part, error) {
	var in *catalog.PartitionValue
	if w.process != "" {
		in = &catalog.PartitionValue{Field: partitionField, Value: w.process}
	}
	var failed error
	var before *catalog.Live
	for range vanished {
		live, err := s.cat.Live(ctx, table, in)
		if err != nil {
			return nil, errors.Join(failed, fmt.Errorf("read %s: %w", def.what, err))
		}
		if failed != nil && sameState(before, live) {
			return nil, failed
		}
		p, err := s.readPart(ctx, live, def, w)
		if err == nil {
			order(p.rows)
			return p, nil
		}
		before, failed = live, fmt.Errorf("read %s %s: %w", def.what, table, err)
	}
	return nil, failed
}

func sameState(a, b *catalog.Live) bool {
	if a.Snapshot == nil || b.Snapshot == nil {
		return a.Snapshot == b.Snapshot
	}
	return a.Snapshot.ID == b.Snapshot.ID
}

func (s *Store) readPart(ctx context.Context, live *catalog.Live, def tableDef, w want) (*part, error) {
	p := &part{live: live, history: historyOf(live, def)}
	if len(live.Locations()) == 0 {
		return p, nil
	}
	if w.alone {
		return p, s.readAlone(ctx, p, def, w.session)
	}
	if !w.unfinished {
		if holds := mayHold(live, w.session); def.bySession && w.session != "" {
			if live = live.Only(holds); len(live.Locations()) == 0 {
				return p, nil
			}
		}
		query, err := s.selectRows(ctx, live, def, w.session)
		if err == nil {
			p.rows, err = s.collect(ctx, query, def)
		}
		return p, err
	}
	kept := p.kept()
	old := live.Only(func(f iceberg.DataFile) bool { return slices.Contains(kept, f.FilePath()) })
	now := live.Only(func(f iceberg.DataFile) bool { return !slices.Contains(kept, f.FilePath()) })
	if len(now.Locations()) > 0 {
		query, err := s.selectRows(ctx, now, def, "")
		if err != nil {
			return nil, err
		}
		all, err := s.collect(ctx, query, def)
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			if !def.isFinal(r) {
				p.rows = append(p.rows, r)
				continue
			}
			p.mixed = append(p.mixed, r)
			if w.session != "" && r.text("session_id") == w.session {
				p.own = append(p.own, r)
			}
		}
	}
	isOwn := func(r row) bool { return r.text("session_id") == w.session }
	if w.session == "" || len(old.Locations()) == 0 || len(p.own) > 0 || slices.ContainsFunc(p.rows, isOwn) {
		return p, nil
	}
	query, err := s.selectRows(ctx, old, def, w.session)
	if err == nil {
		p.own, err = s.collect(ctx, query, def)
	}
	p.own = slices.DeleteFunc(p.own, func(r row) bool { return !isOwn(r) })
	return p, err
}

func (d tableDef) isFinal(r row) bool { return slices.Contains(d.final, r.text("status")) }

// selectRows is a SELECT of the columns of def from files, of one session
// where one is given.
func (s *Store) selectRows(ctx context.Context, files *catalog.Live, def tableDef, session string) (string, error) {
	req, err := files.Scan()
	if err != nil {
		return "", err
	}
	text, err := rows.SQL(ctx, req)
	if err != nil {
		return "", err
	}
	for _, c := range def.columns[:telling] {
		if _, ok := req.Schema.FieldByName(c.name); !ok {
			return "", fmt.Errorf("it has no column %q, so it is no %s", c.name, def.what)
		}
	}
	var cols []string
	for _, c := range def.columns {
		e := "NULL"
		if _, ok := req.Schema.FieldByName(c.name); ok {
			e = bridge.QuoteIdent(c.name)
		}
		cols = append(cols, "CAST("+e+" AS "+c.kind.duckdb()+")")
	}
	query := "SELECT " + strings.Join(cols, ", ") + " FROM (" + text + ")"
	if session != "" && utf8.ValidString(session) && !strings.Contains(session, "\x00") { // else the caller's own comparison is all
		query += " WHERE session_id = " + bridge.QuoteLiteral(session)
	}
	return query, nil
}

// historyOf finds the files that hold history alone. None where delete files
// are about: a row of another file may be meant.
func historyOf(live *catalog.Live, def tableDef) []historyFile {
	field, ok := live.Table.Meta.CurrentSchema().FieldByName("status")
	if len(def.final) == 0 || !ok {
		return nil
	}
	var out []historyFile
	if hasDeletes(live) {
		return nil
	}
	live.Only(func(f iceberg.DataFile) bool {
		low, high := string(f.LowerBoundValues()[field.ID]), string(f.UpperBoundValues()[field.ID])
		nulls, counted := f.NullValueCounts()[field.ID]
		if low == high && slices.Contains(def.final, low) && counted && nulls == 0 {
			out = append(out, historyFile{f.FilePath(), low, f.Count()})
		}
		return false
	})
	return out
}

// ofOthers marks files of a table by session (tableDef.bySession).
const ofOthers = "other sessions"

// readAlone reads the rows of one session into p.rows. A file without any is
// left alone; the other rows of one that has some are p.mixed. The bounds say
// for all but a few files that they have none.
func (s *Store) readAlone(ctx context.Context, p *part, def tableDef, session string) error {
	var look []string
	holds, deletes := mayHold(p.live, session), hasDeletes(p.live)
	p.live.Only(func(f iceberg.DataFile) bool {
		switch {
		case f.ContentType() != iceberg.EntryContentData:
		case deletes || holds(f):
			look = append(look, f.FilePath())
		default:
			p.history = append(p.history, historyFile{f.FilePath(), ofOthers, f.Count()})
		}
		return false
	})
	for _, location := range look {
		all, err := s.rowsOf(ctx, p, def, func(f iceberg.DataFile) bool {
			return f.FilePath() == location || f.ContentType() != iceberg.EntryContentData
		})
		if err != nil {
			return err
		}
		isOwn := func(r row) bool { return r.text("session_id") == session }
		if !deletes && !slices.ContainsFunc(all, isOwn) {
			p.history = append(p.history, historyFile{location, ofOthers, int64(len(all))})
			continue
		}
		for _, r := range all {
			if isOwn(r) {
				p.rows = append(p.rows, r)
			} else {
				p.mixed = append(p.mixed, r)
			}
		}
	}
	return nil
}

// mayHold tells by its bounds whether a file may have rows of a session.
func mayHold(live *catalog.Live, session string) func(iceberg.DataFile) bool {
	field, ok := live.Table.Meta.CurrentSchema().FieldByName("session_id")
	return func(f iceberg.DataFile) bool {
		low, hasLow := f.LowerBoundValues()[field.ID]
		high, hasHigh := f.UpperBoundValues()[field.ID]
		return !ok || f.ContentType() != iceberg.EntryContentData || (!hasLow || string(low) <= session) && (!hasHigh || session <= string(high))
	}
}

func hasDeletes(live *catalog.Live) bool {
	found := false
	live.Only(func(f iceberg.DataFile) bool {
		found = found || f.ContentType() != iceberg.EntryContentData
		return false
	})
	return found
}
