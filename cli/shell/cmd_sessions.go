package shell

import (
	"context"
	"fmt"
	"strings"
	"time"

	"psyberg/cli/format"
	"psyberg/engine"
)

// sessionsSQL is a row for each session, times as microseconds since 1970.
const sessionsSQL = `SELECT process_name, session_id, any_value(status) AS status, min(epoch_us(created_at)) AS created,
  sum(changed_records)::BIGINT AS records,
  min(epoch_us(coalesce(load_from_date, from_event_date)::TIMESTAMP + to_hours(coalesce(load_from_hour, from_event_hour)))) AS lo,
  max(epoch_us(coalesce(load_to_date, to_event_date)::TIMESTAMP + to_hours(coalesce(load_to_hour, to_event_hour) + 1))) AS hi,
  max(epoch_us(valid_to)) AS covered
FROM iceberg_rows(`

// sessions draws the sessions of a process, or of all: when each ran, what it
// had to load, and how much of that lay before what was covered.
func sessions(ctx context.Context, d *Desk, arg string) error {
	words := strings.Fields(arg)
	if len(words) > 2 {
		return fmt.Errorf("\\s: a process and a session table at most, not %q", arg)
	}
	table, err := "", error(nil)
	if len(words) == 2 {
		table = words[1]
	} else if table, err = d.sessionTable(ctx); err != nil {
		return err
	}
	where := ""
	if len(words) > 0 {
		where = " WHERE process_name = " + engine.QuoteLiteral(words[0])
	}
	rows, err := d.ask(ctx, sessionsSQL+engine.QuoteLiteral(table)+")"+where+" GROUP BY ALL ORDER BY process_name, created")
	if err != nil {
		return err
	}
	if len(rows) == 0 && len(words) > 0 {
		return d.unknownProcess(ctx, table, words[0])
	}
	d.drawSessions(rows)
	return nil
}

func (d *Desk) drawSessions(rows []map[string]any) {
	const fixed = 2 + 20 + 1 + 11 + 1 + 16 + 1 + 9 + 1
	lane := d.room(fixed, 10, 60)
	process := ""
	for i, r := range rows {
		if p := word(r["process_name"]); p != process || i == 0 {
			process = p
			lo, hi := span24(rows, p)
			d.sessionsHead(p, lo, hi, lane)
		}
		lo, hi := span24(rows, process)
		line := "  " + fill(format.OneLine(word(r["session_id"])), 20, false) + " " + fill(word(r["status"]), 11, false) + " " +
			micros(r["created"], "2006-01-02 15:04") + " " + fill(grouped(fmt.Sprint(whole(r["records"]))), 9, true) + " "
		if r["lo"] == nil || r["hi"] == nil {
			line += d.Styles.Paint(styleDim, strings.Repeat("·", lane))
		} else {
			line += d.Styles.lane(whole(r["lo"]), whole(r["hi"]), whole(r["covered"]), lo, hi, lane)
		}
		fmt.Fprintln(d.Out, line)
	}
	if len(rows) > 0 {
		fmt.Fprintln(d.Out, d.Styles.Paint(styleDim, "  █ hours to load, ")+d.Styles.Paint(styleLate, "▓ of these, before what was covered: late"))
	} else {
		fmt.Fprintln(d.Out, "no sessions")
	}
}

// room is how many cells a bar has on a line whose other columns take fixed ones.
func (d *Desk) room(fixed, least, most int) int {
	width, _ := d.Size()
	if width == 0 {
		width = 100
	}
	return max(least, min(most, width-fixed-1))
}

func (d *Desk) sessionsHead(process string, lo, hi int64, lane int) {
	fmt.Fprintln(d.Out, d.Styles.Paint(styleHeader, format.OneLine(process)))
	axis := ""
	if hi > lo {
		from, to := micros(lo, "01-02 15h"), micros(hi, "01-02 15h")
		if from[:5] == to[:5] {
			to = to[6:]
		}
		axis = clip(from+strings.Repeat(" ", max(1, lane-cells(from)-cells(to)))+to, lane)
	}
	fmt.Fprintln(d.Out, d.Styles.Paint(styleDim, "  "+fill("session", 20, false)+" "+fill("status", 11, false)+" "+
		fill("init at (UTC)", 16, false)+" "+fill("records", 9, true)+" "+axis))
}

// span24 is the time that the sessions of a process have to do with.
func span24(rows []map[string]any, process string) (lo, hi int64) {
	for _, r := range rows {
		if word(r["process_name"]) != process || r["lo"] == nil || r["hi"] == nil {
			continue
		}
		if a, b := whole(r["lo"]), whole(r["hi"]); lo == 0 && hi == 0 {
			lo, hi = a, b
		} else {
			lo, hi = min(lo, a), max(hi, b)
		}
	}
	return lo, hi
}

func micros(v any, layout string) string {
	n, ok := v.(int64)
	if !ok {
		return strings.Repeat(" ", len(layout))
	}
	return time.UnixMicro(n).UTC().Format(layout)
}

// late draws what came late for a session of a process, the last one unless it
// is named: a bar is how late.
func late(ctx context.Context, d *Desk, arg string) error {
	process, session, _ := strings.Cut(arg, " ")
	table, session, err := d.recorded(ctx, process, strings.TrimSpace(session))
	if err != nil {
		return err
	}
	rows, err := d.ask(ctx, `SELECT source_table, partition_path, epoch_us(min_event_ts) AS lo, epoch_us(covered_to) AS covered, records,
  lateness::VARCHAR AS lateness FROM psyberg_late(NULL, process_name := `+engine.QuoteLiteral(process)+", session_id := "+
		engine.QuoteLiteral(session)+", session_table := "+engine.QuoteLiteral(table)+") ORDER BY source_table, lo")
	if err != nil {
		return err
	}
	fmt.Fprintln(d.Out, d.Styles.Paint(styleHeader, format.OneLine(process))+"  session "+format.OneLine(session))
	if len(rows) == 0 {
		fmt.Fprintln(d.Out, "  nothing came late")
		return nil
	}
	worst := int64(1)
	for _, r := range rows {
		worst = max(worst, whole(r["covered"])-whole(r["lo"]))
	}
	const fixed = 2 + 24 + 1 + 16 + 1 + 9 + 1 + 16 + 1
	room := d.room(fixed, 6, 40)
	source := ""
	for i, r := range rows {
		if s := word(r["source_table"]); s != source || i == 0 {
			source = s
			fmt.Fprintln(d.Out, "  "+format.OneLine(s)+d.Styles.Paint(styleDim, "  covered to "+micros(r["covered"], "2006-01-02 15:04")))
		}
		fmt.Fprintln(d.Out, "    "+fill(tail(format.OneLine(word(r["partition_path"])), 22), 22, false)+" "+micros(r["lo"], "2006-01-02 15:04")+" "+
			fill(grouped(fmt.Sprint(whole(r["records"]))), 9, true)+" "+
			fill(word(r["lateness"]), 16, true)+" "+d.Styles.Paint(styleLate, bar(float64(whole(r["covered"])-whole(r["lo"])), float64(worst), room)))
	}
	return nil
}

// recorded finds the session table, and the last session where none is named.
func (d *Desk) recorded(ctx context.Context, process, session string) (table, id string, err error) {
	if table, err = d.sessionTable(ctx); err != nil || session != "" {
		return table, session, err
	}
	id, err = d.lastSession(ctx, table, process)
	return table, id, err
}

// why asks psyberg_why about the last session of a process.
func why(ctx context.Context, d *Desk, arg string) error {
	process, subject, _ := strings.Cut(arg, " ")
	table, session, err := d.recorded(ctx, process, "")
	if err != nil {
		return err
	}
	subject = strings.TrimSpace(subject)
	about := ""
	switch {
	case subject == "":
	case strings.ContainsAny(subject, "={"):
		about = ", partition := " + engine.QuoteLiteral(subject)
	default:
		about = ", hour := " + engine.QuoteLiteral(subject)
	}
	rows, err := d.ask(ctx, "SELECT subject, included, cause, reason, source_table FROM psyberg_why(NULL, process_name := "+
		engine.QuoteLiteral(process)+", session_id := "+engine.QuoteLiteral(session)+", session_table := "+engine.QuoteLiteral(table)+about+")")
	if err != nil {
		return err
	}
	d.explain(process, session, rows)
	return nil
}

// explain prints reasons as text: they are sentences, which a table would cut.
func (d *Desk) explain(process, session string, rows []map[string]any) {
	width, _ := d.Size()
	fmt.Fprintln(d.Out, d.Styles.Paint(styleHeader, format.OneLine(process))+"  session "+format.OneLine(session))
	about, cause := "", ""
	const column = 16
	for _, r := range rows {
		if s := word(r["subject"]); s != about && s != "session" {
			about, cause = s, ""
			text := "not included"
			if in, _ := r["included"].(bool); in {
				text = "included"
			}
			fmt.Fprintln(d.Out, "  "+format.OneLine(s)+d.Styles.Paint(styleDim, "  "+text))
		}
		reason := format.OneLine(word(r["reason"]))
		if source := word(r["source_table"]); source != "" && !strings.Contains(reason, source) {
			reason = format.OneLine(source) + ": " + reason
		}
		label := word(r["cause"])
		if label == cause {
			label = ""
		} else {
			cause = label
		}
		fmt.Fprintln(d.Out, wrap("  "+fill(format.OneLine(label), column-3, false)+" "+reason, width, strings.Repeat(" ", column)))
	}
	if len(rows) == 0 {
		fmt.Fprintln(d.Out, "  nothing is known about it")
	}
}
