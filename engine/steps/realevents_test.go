package steps_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/apache/iceberg-go/table/compaction"

	"psyberg/engine/catalog"
	"psyberg/internal/history"
	"psyberg/psyberg"
)

// realTable is a source, and what the naive model says of it.
type realTable struct {
	name    string
	naive   *history.Table
	ids     map[int]int64 // snapshot of a version, known once it was an ancestor of the head
	evolved bool          // it has had two partition specs
	bucket  bool          // the newer one counts
	columns int
	blind   bool // newer files have no bounds of the event time
	branch  string
}

func (x *realHistory) newTable(s history.Source) *realTable {
	t := &realTable{name: "raw." + s.Name, naive: history.NewTable(s), ids: map[int]int64{}}
	x.must(`CREATE TABLE ` + t.name + ` (id BIGINT, ts TIMESTAMPTZ, p BIGINT) USING iceberg PARTITIONED BY (p)
		TBLPROPERTIES ('commit.manifest-merge.enabled' = 'true', 'commit.manifest.min-count-to-merge' = '2')`)
	x.copy(t, []history.Row{{ID: history.Anchor}}, "")
	x.stream(t)
	x.sameAs(t, 0)
	return t
}

// version is the number of a snapshot; 0 is none.
func (t *realTable) version(id *psyberg.SnapshotID) int {
	for v, snapshot := range t.ids {
		if id != nil && snapshot == int64(*id) {
			return v
		}
	}
	return 0
}

// bring brings an event about, and holds the table against the naive one.
func (x *realHistory) bring(e history.Event) {
	x.t.Helper()
	t := x.tables[e.Table]
	c := t.naive.Plan(e, &x.ids)
	var out history.Outcome
	before := x.head(t)
	if !c.Nothing {
		out = x.change(t, c, before)
		if out.NotDone {
			x.happened.leftOut++
		} else {
			x.happened.events[string(e.Kind)]++
		}
	}
	t.naive.Done(c, out)
	if e.Kind == history.Stream {
		x.stream(t)
	}
	x.sameAs(t, before)
}

// head is the current snapshot; 0 is none.
func (x *realHistory) head(t *realTable) int64 {
	x.t.Helper()
	now := x.open(t)
	if s := now.CurrentSnapshot(); s != nil {
		return s.SnapshotID
	}
	return 0
}

func (x *realHistory) open(t *realTable) *table.Table {
	x.t.Helper()
	now, err := x.cat.OpenTable(x.ctx, t.name)
	if err != nil {
		x.t.Fatal(err)
	}
	return now
}

// sameAs: the head is the naive head's snapshot, a new one where that is new,
// and has its rows.
func (x *realHistory) sameAs(t *realTable, before int64) {
	x.t.Helper()
	now := x.open(t)
	s := now.CurrentSnapshot()
	known, ok := t.ids[t.naive.Head]
	if ok && s.SnapshotID != known {
		x.t.Fatalf("%s: the head is snapshot %d, want %d of version %d", t.name, s.SnapshotID, known, t.naive.Head)
	}
	if !ok && s.SnapshotID == before {
		x.t.Fatalf("%s: the head is still snapshot %d, want version %d", t.name, before, t.naive.Head)
	}
	for v := t.naive.Head; v != 0 && s != nil && t.ids[v] == 0; v = t.naive.Version(v).Parent {
		t.ids[v] = s.SnapshotID
		if s.ParentSnapshotID == nil {
			break
		}
		s = now.SnapshotByID(*s.ParentSnapshotID)
	}
	if s := now.CurrentSnapshot(); s.SnapshotID == before {
		return
	}
	var want []int
	for _, r := range t.naive.Version(t.naive.Head).Rows {
		want = append(want, r.ID)
	}
	if got := x.numbers(`SELECT id FROM iceberg_rows('` + t.name + `') ORDER BY id`); !slices.Equal(got, want) {
		x.t.Fatalf("%s has rows %v, want %v", t.name, got, want)
	}
}

// change does what statements of psyql can do by these, and what other programs
// do by iceberg-go: appends of a slow clock and those that merge manifests,
// compaction, rewritten manifests, evolution, rollback, and the expiry that
// takes staged snapshots too. Nothing of the list is left out but a compaction
// of which iceberg-go finds, or says, that it is not to be done.
func (x *realHistory) change(t *realTable, c history.Change, before int64) (out history.Outcome) {
	x.t.Helper()
	switch c.Kind {
	case history.Append, history.AppendLate, history.Empty:
		x.copy(t, c.Add, "")
	case history.AppendSkewed, history.AppendMerge:
		x.appendByAnother(t, c.Add, c.Back)
	case history.Stage:
		x.copy(t, c.Add, fmt.Sprintf(", WAP_ID 'w%d'", t.naive.Last()+1))
	case history.Branch:
		if t.branch == "" {
			t.branch = fmt.Sprint("b", t.naive.Last()+1)
		}
		x.copy(t, c.Add, fmt.Sprintf(", WAP_BRANCH 'psyberg_%s', STEP '%d'", t.branch, t.naive.Last()+1))
	case history.Dynamic:
		x.copy(t, c.Add, ", MODE 'overwrite_partitions'")
		for _, id := range x.numbers(`SELECT id FROM iceberg_rows('` + t.name + `')`) {
			if t.evolved && slices.ContainsFunc(c.Remove, func(r history.Row) bool { return r.ID == id }) {
				out.Stay = append(out.Stay, id)
			}
		}
	case history.Overwrite, history.Delete:
		x.copy(t, c.Add, ", MODE 'overwrite', WHERE '"+filter(c)+"'")
	case history.Publish, history.PublishAll:
		x.publish(t, c)
	case history.Expire:
		done, err := x.cat.Expire(x.ctx, t.name, 1+c.Pick/3)
		if err != nil || len(done.Snapshots) != len(c.Expire) {
			x.t.Fatalf("%s: expired %v, %v; want versions %v", t.name, done.Snapshots, err, c.Expire)
		}
	case history.Stream: // the naive table has to know first
	default:
		out.NotDone = !x.byAnother(t, c)
		if c.Kind == history.Manifests {
			out.NotDone = x.head(t) == before // there was nothing to rewrite
		}
	}
	return out
}

func filter(c history.Change) string {
	if c.Whole {
		return fmt.Sprintf("p = %d", c.Remove[0].Partition())
	}
	var ids []string
	for _, r := range c.Remove {
		ids = append(ids, fmt.Sprint(r.ID))
	}
	return "id IN (" + strings.Join(ids, ", ") + ")"
}

// copy writes rows, or none, by the statement of psyql.
func (x *realHistory) copy(t *realTable, rows []history.Row, more string) {
	x.t.Helper()
	query := `SELECT 0 AS id, NULL::TIMESTAMPTZ AS ts, 0 AS p WHERE false`
	var values []string
	for _, r := range rows {
		values = append(values, fmt.Sprintf("(%d, TIMESTAMPTZ '2023-09-14 %02d:15:00+00', %d)", r.ID, r.Hour, r.Partition()))
	}
	if len(values) > 0 {
		query = `SELECT * FROM (VALUES ` + strings.Join(values, ", ") + `) AS v(id, ts, p)`
	}
	complete := hourText(t.naive.Complete)
	switch t.naive.Says {
	case "summary":
		more += ", SUMMARY MAP {'psyberg.valid-to': '" + complete + "'}"
	case "kafka":
		at, _ := time.Parse(time.RFC3339, complete)
		more += fmt.Sprintf(", SUMMARY MAP {'kafka.connect.valid-through-ts': '%d'}", at.UnixMilli())
	}
	x.must(`COPY (` + query + `) TO '` + t.name + `' (FORMAT iceberg` + more + `)`)
}

func (x *realHistory) stream(t *realTable) {
	if t.naive.Says != "property" {
		return // an argument of init, or the next snapshots say
	}
	if err := x.cat.SetProperties(x.ctx, t.name, map[string]string{"psyberg.valid-to": hourText(t.naive.Complete)}); err != nil {
		x.t.Fatal(err)
	}
}

// publish moves what was staged, by the method that it should take.
func (x *realHistory) publish(t *realTable, c history.Change) {
	x.t.Helper()
	id := t.branch
	if c.Kind == history.Publish {
		id = fmt.Sprint("w", max(c.Forward, append(c.Replay, 0)[0]))
	} else {
		defer func() { t.branch = "" }()
	}
	if c.GiveUp {
		x.must(`CALL psyberg_discard('` + t.name + `', 'psyberg_` + id + `')`)
		return
	}
	want := psyberg.MethodFastForward
	if c.Forward == 0 {
		want = psyberg.MethodCherryPick
	}
	pre, err := x.cat.Preflight(x.ctx, t.name, id)
	if err != nil || pre.Method != want {
		x.t.Fatalf("publish %s to %s: %s (%s), %v; want %s", id, t.name, pre.Method, pre.Reason, err, want)
	}
	_, err = x.cat.Publish(x.ctx, t.name, catalog.PublishRequest{ID: id, Staged: *pre.Staged, Verdict: catalog.Verdict{Kind: catalog.AuditsNotAsked}})
	if err != nil {
		x.t.Fatal(err)
	}
}

// byAnother is what other programs do to a table.
func (x *realHistory) byAnother(t *realTable, c history.Change) (done bool) {
	x.t.Helper()
	if c.Kind == history.ExpireStaged {
		time.Sleep(2 * time.Millisecond) // what is older than now goes
	}
	return x.transact(t, func(tx *table.Transaction, now *table.Table) error {
		switch c.Kind {
		case history.Manifests:
			_, err := tx.RewriteManifests(x.ctx)
			return err
		case history.Rollback:
			return tx.RollbackToSnapshot(t.ids[c.Forward])
		case history.ExpireStaged:
			return tx.ExpireSnapshots(table.WithOlderThan(0), table.WithRetainLast(1_000_000))
		case history.Evolve:
			t.evolved, t.bucket = true, !t.bucket
			if !t.bucket {
				return tx.UpdateSpec(true).RemoveField("bucket").Commit()
			}
			return tx.UpdateSpec(true).AddField("id", iceberg.BucketTransform{NumBuckets: 2}, "bucket").Commit()
		case history.Schema:
			t.columns++
			t.blind = !t.blind
			mode := map[bool]string{true: "none", false: "full"}[t.blind]
			return errors.Join(tx.SetProperties(iceberg.Properties{"write.metadata.metrics.column.ts": mode}),
				tx.UpdateSchema(true, false).AddColumn([]string{fmt.Sprint("c", t.columns)}, iceberg.PrimitiveTypes.String, "", false, nil).Commit())
		case history.Compact:
			return x.compact(tx, now)
		}
		return fmt.Errorf("no event %s", c.Kind)
	})
}

// errNotDone: there is nothing to compact, or iceberg-go 0.7.0 does not: files
// of an older spec into a newer one whose partitions their rows do not come in
// the order of.
var errNotDone = errors.New("not done")

func (x *realHistory) compact(tx *table.Transaction, t *table.Table) error {
	cfg := compaction.DefaultConfig()
	cfg.MinInputFiles = 2
	plan, err := compaction.Analyze(x.ctx, t, cfg)
	if err != nil {
		return err
	}
	if len(plan.Groups) == 0 {
		return errNotDone
	}
	var groups []table.CompactionTaskGroup
	for _, g := range plan.Groups {
		groups = append(groups, table.CompactionTaskGroup{PartitionKey: g.PartitionKey, Tasks: g.Tasks, TotalSizeBytes: g.TotalSizeBytes})
	}
	_, err = tx.RewriteDataFiles(x.ctx, groups, table.RewriteDataFilesOptions{})
	if err != nil && strings.Contains(err.Error(), "clustering assumption") {
		return errNotDone
	}
	return err
}

func (x *realHistory) transact(t *realTable, do func(*table.Transaction, *table.Table) error) (done bool) {
	x.t.Helper()
	now := x.open(t)
	tx := now.NewTransaction()
	err := do(tx, now)
	if errors.Is(err, errNotDone) {
		return false
	}
	if err == nil {
		_, err = tx.Commit(x.ctx)
	}
	if err != nil {
		x.t.Fatalf("%s: %v", t.name, err)
	}
	return true
}

// appendByAnother appends by iceberg-go, which merges manifests, on a machine
// whose clock is so many seconds late.
func (x *realHistory) appendByAnother(t *realTable, rows []history.Row, late int) {
	x.t.Helper()
	x.transact(t, func(tx *table.Transaction, now *table.Table) error {
		schema, err := table.SchemaToArrowSchema(now.Schema(), nil, false, false)
		if err != nil {
			return err
		}
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer b.Release()
		for _, r := range rows {
			at := arrow.Timestamp((firstHour + psyberg.Hour(r.Hour)).Start()) + 15*60*1_000_000
			b.Field(0).(*array.Int64Builder).Append(int64(r.ID))
			b.Field(1).(*array.TimestampBuilder).Append(at)
			b.Field(2).(*array.Int64Builder).Append(int64(r.Partition()))
			for _, f := range b.Fields()[3:] {
				f.AppendNull()
			}
		}
		rec := b.NewRecordBatch()
		defer rec.Release()
		all := array.NewTableFromRecords(schema, []arrow.RecordBatch{rec})
		defer all.Release()
		if err := tx.AppendTable(x.ctx, all, 1024, nil); err != nil {
			return err
		}
		commit, err := tx.TableCommit()
		if err != nil {
			return err
		}
		for _, u := range commit.Updates { // iceberg-go has no clock of its own to set
			if u.Action() == table.UpdateAddSnapshot {
				u := reflect.ValueOf(u).Elem().FieldByName("Snapshot").Interface().(*table.Snapshot)
				u.TimestampMs -= int64(late) * 1000
			}
		}
		return nil
	})
}
