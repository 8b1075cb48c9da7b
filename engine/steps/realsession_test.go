package steps_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"psyberg/internal/history"
	"psyberg/psyberg"
)

// session runs the commands of a stateful session; a crash ends it at some
// step, for another session to find. It returns the session's status after init.
func (x *realHistory) session(run history.Session, final bool) string {
	x.t.Helper()
	var names []string
	vtts := map[string]string{}
	for _, t := range x.tables {
		names = append(names, t.name+"|ts")
		if t.naive.Says == "argument" {
			vtts[t.name] = hourText(t.naive.Complete)
		}
	}
	more := []string{"src_tables", strings.Join(names, ","), "etl_pattern_id", "2", "on_gap", "recover", "on_rollback", "recover", "on_missing_bounds", "read"}
	switch text, _ := json.Marshal(vtts); {
	case final:
		more = append(more, "vtts", hourText(history.Hours))
	case len(vtts) > 0:
		more = append(more, "vtts", string(text))
	}
	if run.Changed {
		more = append(more, "load_type", "changed")
	}
	if run.MaxHours > 0 {
		more = append(more, "max_hours", fmt.Sprint(run.MaxHours))
	}
	if run.Threshold >= 0 {
		more = append(more, "catchup_threshold", fmt.Sprint(run.Threshold, " hours"))
	}
	if run.Clip {
		more = append(more, "on_threshold", "clip")
	}
	id, status, err := x.run(run, more, x.rebuild)
	switch {
	case err == nil:
	case run.Threshold >= 0 && !run.Clip && strings.Contains(err.Error(), "[PSY_CATCHUP_THRESHOLD]"):
		if rows := x.rows(id); len(rows) > 0 {
			x.t.Fatalf("session %s was stopped, and recorded: %v", id, rows)
		}
		return ""
	case run.Crash >= 0 && strings.Contains(err.Error(), errCrash.Error()):
		return ""
	default:
		x.t.Fatalf("session %s: %v", id, err)
	}
	x.settle()
	x.check(history.Recorded)
	return status
}

// run runs the commands of one session.
func (x *realHistory) run(run history.Session, more []string, load func(id string) error) (id, status string, err error) {
	x.t.Helper()
	x.runs++
	x.happened.sessions++
	for i, text := range more {
		if i%2 == 0 && slices.Contains([]string{"load_type", "max_hours", "on_threshold", "catchup_threshold", "on_overwrite"}, text) {
			x.happened.events["session with "+text]++
		}
	}
	id = fmt.Sprintf("s%04d", x.runs)
	if run.Crash >= 0 {
		n := run.Crash
		x.steps.SetHook(func(string) error {
			if n--; n < 0 {
				return errCrash
			}
			return nil
		})
		defer x.steps.SetHook(nil)
	}
	if _, err := x.command("init", "p", id, more...); err != nil {
		return id, "", err
	}
	status = string(x.rows(id)[0].Status)
	if status == "READY" {
		if err := load(id); err != nil {
			return id, status, err
		}
		if _, err := x.command("publish", "p", id, "target", "facts.all"); err != nil {
			return id, status, err
		}
	}
	_, err = x.command("commit", "p", id, "target", "facts.all")
	return id, status, err
}

func (x *realHistory) rows(id string) []psyberg.SessionRow {
	x.t.Helper()
	if _, err := x.cat.Load(x.ctx, sessionTable); err != nil {
		return nil // no session was ever recorded
	}
	rows, err := x.store.SessionRows(x.ctx, sessionTable, "p", id)
	if err != nil {
		x.t.Fatal(err)
	}
	return rows
}

// rebuild stages the hours of a session, and looks first whether they are all
// that have changed.
func (x *realHistory) rebuild(id string) error {
	x.t.Helper()
	rows := x.rows(id)
	plan := psyberg.RecordedPlan(rows)
	var marks []int
	for _, t := range x.tables {
		i := slices.IndexFunc(rows, func(r psyberg.SessionRow) bool { return r.Source.Table == t.name })
		marks = append(marks, t.version(rows[i].HWMSnapshot))
	}
	err := history.Needed(x.naive(), marks, int(plan.Upper-firstHour), func(h int) bool { return plan.Hours.Has(firstHour + psyberg.Hour(h)) },
		func(h int) bool { return plan.Clipped.Has(firstHour + psyberg.Hour(h)) })
	if err != nil {
		x.t.Fatalf("session %s loads %s: %v", id, plan.Hours, err)
	}
	hours := x.numbers(`SELECT hour FROM psyberg_iterations(NULL, session_id := $id, session_table := $table) ORDER BY iteration`, "id", id, "table", sessionTable)
	var in []string
	for _, h := range hours {
		in = append(in, fmt.Sprintf(`ts >= '%s' AND ts < '%s'`, hourText(h), hourText(h+1)))
	}
	where := strings.Join(in, " OR ")
	var from []string
	for _, t := range x.tables {
		from = append(from, `SELECT id, ts FROM iceberg_rows('`+t.name+`') WHERE `+where)
	}
	_, err = x.env.run(`COPY (` + strings.Join(from, " UNION ALL ") + `) TO 'facts.all' (FORMAT iceberg, MODE 'overwrite', WHERE '` +
		strings.ReplaceAll(where, "'", "''") + `', WAP_ID '` + id + `')`)
	return err
}

// settle counts what sessions that are committed by now have clipped: their
// user asked for hours that differ.
func (x *realHistory) settle() {
	x.t.Helper()
	all, err := x.store.Sessions(x.ctx, sessionTable, "p")
	if err != nil {
		x.t.Fatal(err)
	}
	for _, id := range slices.Sorted(slices.Values(psyberg.SessionIDs(all))) {
		rows := psyberg.RowsOf(all, id)
		if x.settled[id] || rows[0].Status != psyberg.StatusCommitted {
			continue
		}
		x.settled[id] = true
		plan := psyberg.RecordedPlan(rows)
		for _, h := range plan.Hours.Hours() {
			delete(x.excused, int(h-firstHour))
		}
		if slices.ContainsFunc(rows, psyberg.SessionRow.WatermarkStays) {
			continue // they are found again
		}
		for _, h := range plan.Clipped.Hours() {
			x.excused[int(h-firstHour)] = true
		}
	}
}

// load runs the commands of a stateless session that loads by file; false says
// that an overwrite has stopped it.
func (x *realHistory) load(run history.Session, choice string) bool {
	x.t.Helper()
	t := x.tables[0]
	more := []string{"src_tables", t.name, "etl_pattern_id", "1"}
	if choice != "error" {
		more = append(more, "on_overwrite", choice)
	}
	id, _, err := x.run(run, more, func(id string) error {
		_, err := x.env.run(`SET VARIABLE files = (SELECT list(file_path) FROM psyberg_files(NULL, session_id := $id, session_table := $table)
				WHERE change = 'ADDED' AND content = 'DATA');
			COPY (SELECT id, ts FROM iceberg_rows($source, files := coalesce(getvariable('files'), []))) TO 'facts.all' (FORMAT iceberg, WAP_ID $id)`,
			"id", id, "table", sessionTable, "source", t.name)
		return err
	})
	switch {
	case err == nil:
	case choice == "error" && strings.Contains(err.Error(), "[PSY_OVERWRITE]"):
		return false
	case run.Crash < 0 || !strings.Contains(err.Error(), errCrash.Error()):
		x.t.Fatalf("session %s: %v", id, err)
	}
	return true
}

// loads are what the stateless sessions have loaded.
func (x *realHistory) loads(choice string) history.Loads {
	x.t.Helper()
	l := history.Loads{Times: map[int]int{}, First: map[int]bool{}, Added: choice == "added"}
	for _, id := range x.numbers(`SELECT id FROM iceberg_rows('facts.all')`) {
		l.Times[id]++
	}
	all, err := x.store.Sessions(x.ctx, sessionTable, "p")
	if err != nil {
		x.t.Fatal(err)
	}
	for _, r := range all {
		if r.Status == psyberg.StatusCommitted && r.Verdict == psyberg.FirstRun {
			for _, row := range x.tables[0].naive.Version(x.tables[0].version(r.EndSnapshot)).Rows {
				l.First[row.ID] = true
			}
		}
	}
	return l
}
