package functions

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const auditNoMissingHoursDoc = `Violated where an hour has no row in the table as it is staged. A row per missing hour, in order.

  violation  VARCHAR
  date       DATE         of the missing hour, UTC
  hour       INTEGER      0..23
  from_ts    TIMESTAMPTZ  its start
  to_ts      TIMESTAMPTZ  its end, exclusive

column is the timestamp column whose hours are counted (one without zone is taken as UTC); from and to bound them: from is included, to is
not; both are cut to the hour below, a to within an hour to its end. The staged snapshot's table is looked at, with what was there before; wap_id NULL: the head's.
Errors: nothing staged under wap_id; an unknown column (with near matches), one that is no timestamp; from after to; more than 200,000 hours.
Cost: the manifests that the staged snapshots added, and where they leave a doubt those of the whole table; read are only files that span several
hours of which one is in doubt, and those with deletes.`

func auditNoMissingHours(tables surface.Tables) *surface.Query {
	return &surface.Query{
		Name: "psyberg_audit_no_missing_hours", Doc: auditNoMissingHoursDoc,
		Positional: slices.Concat(auditArgs, []surface.Arg{
			{Name: "column", Type: typeText, Doc: "a timestamp column"},
			{Name: "from", Type: surface.AnyType, Doc: "the first hour: a timestamp, or its text, UTC where it has no offset"},
			{Name: "to", Type: surface.AnyType, Doc: "the end, exclusive; likewise"},
		}),
		SQL: func(ctx context.Context, args surface.Args) (string, error) {
			a, err := auditOf(ctx, tables, args)
			if err != nil {
				return "", err
			}
			name, err := args.PositionalText(2, "column")
			if err != nil {
				return "", err
			}
			c, err := a.column(name)
			if err != nil {
				return "", err
			}
			if !isTime(c.typ) || c.typ.Kind == meta.KindDate {
				return "", fmt.Errorf("audit table %q: column %q is of type %s, which has no hours: name a timestamp column", a.Name, name, c.typ)
			}
			wanted, err := hoursArg(args)
			if err != nil {
				return "", err
			}
			return a.missingHoursSQL(ctx, c, wanted)
		},
	}
}

// hoursArg reads from and to, positional arguments 3 and 4.
func hoursArg(args surface.Args) (psyberg.HourRange, error) {
	var at [2]psyberg.Instant
	for i, name := range []string{"from", "to"} {
		var err error
		switch v := args.Positional[3+i].(type) {
		case time.Time:
			at[i] = psyberg.InstantOf(v)
		case string:
			at[i], err = parseTime(v)
		default:
			err = fmt.Errorf("it is %v: a timestamp is needed", v)
		}
		if err != nil {
			return psyberg.HourRange{}, fmt.Errorf("argument %d (%s): %w", 4+i, name, err)
		}
	}
	r := psyberg.HourRange{From: psyberg.HourOf(at[0]), To: psyberg.HourOf(at[1])}
	if r.To.Start() < at[1] {
		r.To++
	}
	const most = 200_000
	switch {
	case at[1] < at[0]:
		return r, fmt.Errorf("from %s lies after to %s", at[0], at[1])
	case r.Len() > most:
		return r, fmt.Errorf("%d hours from %s to %s are more than an audit lists (%d)", r.Len(), at[0], at[1], most)
	}
	return r, nil
}

// missingHoursSQL first asks the files of the staged change, then those of the
// whole table, and leaves to the rows only what they leave in doubt.
func (a *auditTarget) missingHoursSQL(ctx context.Context, c auditColumn, wanted psyberg.HourRange) (string, error) {
	leaves := []metricsLeaf{c.metricsLeaf}
	var missing []psyberg.Hour
	var doubt []auditFile
	if !a.whole {
		files, err := a.subject(ctx, leaves)
		if err != nil {
			return "", err
		}
		missing, _ = hoursWithout(files, wanted)
	}
	if a.whole || len(missing) > 0 {
		files, err := a.live(ctx, leaves)
		if err != nil {
			return "", err
		}
		missing, doubt = hoursWithout(files, wanted)
	}
	var rows [][]string
	for _, h := range missing {
		from, to := instantSQL(h.Start()), instantSQL(h.End())
		t := h.Start().Time()
		rows = append(rows, []string{surface.QuoteLiteral(fmt.Sprintf("hour %s has no row with %s in it", h, c.name)),
			"DATE " + surface.QuoteLiteral(t.Format(time.DateOnly)), strconv.Itoa(t.Hour()), from, to})
	}
	columns := []string{"violation VARCHAR", "date DATE", "hour INTEGER", "from_ts TIMESTAMPTZ", "to_ts TIMESTAMPTZ"}
	sql := valuesSQL(columns, rows)
	if len(missing) == 0 || len(doubt) == 0 {
		return sql, nil
	}
	first, last := missing[0].Start(), missing[len(missing)-1].End()
	return "SELECT m.* FROM (" + sql + ") AS m\nANTI JOIN (SELECT DISTINCT date_trunc('hour', CAST(" + c.expr + " AS TIMESTAMPTZ)) AS h FROM " + a.rowsOf(paths(doubt)) +
		"\nWHERE CAST(" + c.expr + " AS TIMESTAMPTZ) >= " + instantSQL(first) + " AND CAST(" + c.expr + " AS TIMESTAMPTZ) < " + instantSQL(last) +
		") AS r ON r.h = m.from_ts\nORDER BY from_ts", nil
}

// hoursWithout returns the hours that no file is sure to have a row in, in
// order, and the files that may have one in some of them. A file is sure of an
// hour where all its times lie in it: bounds cover, they need not occur.
func hoursWithout(files []auditFile, wanted psyberg.HourRange) (missing []psyberg.Hour, doubt []auditFile) {
	var sure []psyberg.HourRange
	var spans []psyberg.HourRange
	var unsure []auditFile
	for _, f := range files {
		span := wanted
		r := f.ranges[0]
		bounded := !r.min.IsNull() && !r.max.IsNull()
		if bounded {
			span = psyberg.HourRange{From: psyberg.HourOf(instantOf(r.min, false)), To: psyberg.HourOf(instantOf(r.max, true)) + 1}
		}
		switch {
		case f.Records == 0 || !bounded && !r.unbounded():
		case bounded && span.Len() == 1 && !f.deleted:
			sure = append(sure, span)
		default:
			unsure, spans = append(unsure, f), append(spans, span)
		}
	}
	has := psyberg.NewHourSet(sure...)
	for h := wanted.From; h < wanted.To; h++ {
		if !has.Has(h) {
			missing = append(missing, h)
		}
	}
	for i, f := range unsure {
		if slices.ContainsFunc(missing, func(h psyberg.Hour) bool { return h >= spans[i].From && h < spans[i].To }) {
			doubt = append(doubt, f)
		}
	}
	return missing, doubt
}

// instantSQL writes an instant.
func instantSQL(i psyberg.Instant) string {
	return "TIMESTAMPTZ " + surface.QuoteLiteral(strings.Replace(i.Time().Format("2006-01-02T15:04:05.999999"), "T", " ", 1)+"+00")
}
