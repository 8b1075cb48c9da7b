package shell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"psyberg/engine"
)

// ask runs a question of a command's own, on a connection of its own, and
// returns all rows, by column name.
func (d *Desk) ask(ctx context.Context, query string) ([]map[string]any, error) {
	rows, err := d.Session.Inner(ctx, query)
	if err != nil {
		return nil, err
	}
	var out []map[string]any
	for rows.Next() {
		r := map[string]any{}
		for i, v := range rows.Row() {
			r[rows.Columns()[i].Name] = v
		}
		out = append(out, r)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// whole is an integer of a row, 0 for NULL.
func whole(v any) int64 {
	n, _ := v.(int64)
	return n
}

// word is a text of a row, "" for NULL.
func word(v any) string {
	s, _ := v.(string)
	return s
}

// sessionTable finds the table that sessions are recorded in: the variable
// psyberg_session_table, else the one of the catalog that is named so.
func (d *Desk) sessionTable(ctx context.Context) (string, error) {
	if v, ok := d.Vars["psyberg_session_table"]; ok && v.Text != "" {
		return v.Text, nil
	}
	found := d.Session.Catalogs().NamedLike(ctx, "psyberg_session")
	found = slices.DeleteFunc(found, func(n string) bool { return strings.HasSuffix(strings.Trim(n, `"`), "_audits") })
	switch len(found) {
	case 0:
		return "", errors.New(`find the session table: none of the default catalog has psyberg_session in its name: name it with \set psyberg_session_table NS.TABLE`)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf(`find the session table: it may be %s: choose with \set psyberg_session_table NS.TABLE`, strings.Join(found, " or "))
}

// lastSession is the newest session of a process, "" where it has none.
func (d *Desk) lastSession(ctx context.Context, table, process string) (string, error) {
	rows, err := d.ask(ctx, "SELECT max_by(session_id, created_at) AS session_id FROM iceberg_rows("+engine.QuoteLiteral(table)+
		") WHERE process_name = "+engine.QuoteLiteral(process))
	if err != nil {
		return "", err
	}
	if len(rows) == 0 || rows[0]["session_id"] == nil {
		return "", d.unknownProcess(ctx, table, process)
	}
	return word(rows[0]["session_id"]), nil
}

func (d *Desk) unknownProcess(ctx context.Context, table, process string) error {
	known, err := d.processes(ctx, table)
	if err != nil {
		return err
	}
	return fmt.Errorf("process %q has no session in %s; it has those of %s", process, table, strings.Join(known, ", "))
}

func (d *Desk) processes(ctx context.Context, table string) ([]string, error) {
	rows, err := d.ask(ctx, "SELECT DISTINCT process_name FROM iceberg_rows("+engine.QuoteLiteral(table)+") ORDER BY ALL")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range rows {
		out = append(out, word(r["process_name"]))
	}
	return out, nil
}
