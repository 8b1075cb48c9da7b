package state

import (
	"encoding/json"
	"fmt"

	"psyberg/psyberg"
)

// foundColumn is for this program alone: commands do not show it. A table that an
// older version made may lack it.
const foundColumn = "found"

// sessionTable is psyberg_session_f. Columns are only ever added at the end.
var sessionTable = tableDef{"session table", "psyberg: one row per session and source", []column{
	{"process_name", text, "pipeline that owns the session"},
	{"session_id", text, "one run of the process"},
	{"source_table", text, "source as it was given"},
	{"source_ref", text, "branch or tag read"},
	{"etl_pattern_id", whole, "1 stateless, 2 stateful"},
	{"event_ts_column", text, "event-time column; NULL where none was named"},
	{"verdict", text, "how the watermark relates to the pinned head"},
	{"discovered_by", text, "SUMMARY, MANIFESTS or LIVE"},
	{"hwm_snapshot_id", long, "watermark that init saw; NULL on a first run"},
	{"end_snapshot_id", long, "pinned head; NULL where the source has no snapshot"},
	{"end_sequence_number", long, "sequence number of the pinned head"},
	{"prev_hwm_ts", instant, "commit time of the watermark"},
	{"next_hwm_ts", instant, "commit time of the pinned head"},
	{"snapshot_ids", longs, "snapshots of the window that count"},
	{"processing_uris", text, "changed partitions, a JSON array of objects"},
	{"changed_partitions", long, ""},
	{"changed_files", long, ""},
	{"changed_records", long, ""},
	{"from_event_date", day, "first hour of the changed event times, UTC"},
	{"from_event_hour", whole, ""},
	{"to_event_date", day, "last hour, inclusive"},
	{"to_event_hour", whole, ""},
	{"from_landing_date", day, "first hour in which the changes were committed, UTC"},
	{"from_landing_hour", whole, ""},
	{"to_landing_date", day, "last hour, inclusive"},
	{"to_landing_hour", whole, ""},
	{"vtts", instant, "every row before it has landed"},
	{"vtts_source", text, "what said so"},
	{"load_from_date", day, "first hour to load, UTC; NULL where nothing is loaded by hours"},
	{"load_from_hour", whole, ""},
	{"load_to_date", day, "last hour, inclusive"},
	{"load_to_hour", whole, ""},
	{"clipped_hours", text, "changed hours that the catchup threshold left out: 2023-09-14-02..2023-09-14-06, 2023-09-14-09"},
	{"next_valid_to", instant, "what commit records; NULL leaves it"},
	{"target_table", text, "NULL before publish"},
	{"staged_snapshot_id", long, "snapshot that the publish intent names"},
	{"published_snapshot_id", long, "target's snapshot that holds the rows"},
	{"status", text, "READY, NOTHING_TO_DO, BASELINE, PUBLISHING, PUBLISHED, COMMITTED, SUPERSEDED"},
	{"created_at", instant, "when init ran"},
	{"psyql_version", text, ""},
	{"table_uuid", text, "UUID of the source"},
	{"valid_to", instant, "what the process had covered when init ran"},
	{"max_event_ts", instant, "greatest event time seen so far"},
	{"changed_hours", text, "stateful: hours that the source changed, as clipped_hours"},
	{"load_type", text, "stateful: range or changed"},
	{"options", text, "arguments of init that decide about the change set, a JSON object"},
	{foundColumn, text, "what init found, so that the session can be asked about when its snapshots have expired, a JSON object"},
}, []string{string(psyberg.StatusCommitted), string(psyberg.StatusSuperseded)}, false}

func encodeSession(s psyberg.SessionRow) (row, error) {
	uris, err := encodeURIs(s.ProcessingURIs)
	if err != nil {
		return nil, err
	}
	r := row{
		"process_name": s.Process, "session_id": s.Session,
		"source_table": s.Source.Table, "source_ref": refText(s.Source.Ref), "event_ts_column": textOf(s.Source.EventColumn),
		"etl_pattern_id": int64(s.Pattern), "verdict": textOf(s.Verdict), "discovered_by": textOf(s.DiscoveredBy),
		"processing_uris": uris, "changed_partitions": s.ChangedPartitions, "changed_files": s.ChangedFiles,
		"changed_records": s.ChangedRecords, "vtts_source": textOf(s.VTTSSource), "clipped_hours": textOf(s.ClippedHours.String()),
		"target_table": textOf(s.Target), "status": textOf(s.Status), "created_at": s.CreatedAt, "psyql_version": textOf(s.PsyqlVersion),
		"table_uuid": textOf(s.TableUUID), "changed_hours": textOf(s.ChangedHours.String()), "load_type": textOf(s.LoadType),
		"options": textOf(s.Options), foundColumn: textOf(s.Found),
	}
	ids := make([]int64, len(s.Snapshots))
	for i, id := range s.Snapshots {
		ids[i] = int64(id)
	}
	r["snapshot_ids"] = ids
	put(r, "hwm_snapshot_id", s.HWMSnapshot, longOf)
	put(r, "end_snapshot_id", s.EndSnapshot, longOf)
	put(r, "end_sequence_number", s.EndSequence, longOf)
	put(r, "prev_hwm_ts", s.PrevHWM, instantOf)
	put(r, "next_hwm_ts", s.NextHWM, instantOf)
	put(r, "vtts", s.VTTS, instantOf)
	put(r, "next_valid_to", s.NextValidTo, instantOf)
	put(r, "staged_snapshot_id", s.StagedSnapshot, longOf)
	put(r, "published_snapshot_id", s.PublishedSnapshot, longOf)
	put(r, "valid_to", s.ValidTo, instantOf)
	put(r, "max_event_ts", s.MaxEventTS, instantOf)
	r.putRange("", "event_", s.EventHours)
	r.putRange("", "landing_", s.LandingHours)
	r.putRange("load_", "", s.LoadHours)
	return r, nil
}

func decodeSession(r row) (psyberg.SessionRow, error) {
	s := psyberg.SessionRow{
		Process: r.text("process_name"), Session: r.text("session_id"),
		Source:  psyberg.SourceName{Table: r.text("source_table"), Ref: parseRef(r.text("source_ref")), EventColumn: r.text("event_ts_column")},
		Pattern: psyberg.Pattern(r.long("etl_pattern_id")), Verdict: psyberg.Verdict(r.text("verdict")),
		DiscoveredBy: psyberg.Level(r.text("discovered_by")), HWMSnapshot: r.snapshot("hwm_snapshot_id"),
		EndSnapshot: r.snapshot("end_snapshot_id"), EndSequence: r.sequence("end_sequence_number"),
		PrevHWM: r.instant("prev_hwm_ts"), NextHWM: r.instant("next_hwm_ts"),
		ChangedPartitions: r.long("changed_partitions"), ChangedFiles: r.long("changed_files"), ChangedRecords: r.long("changed_records"),
		VTTS: r.instant("vtts"), VTTSSource: r.text("vtts_source"),
		NextValidTo: r.instant("next_valid_to"), Target: r.text("target_table"),
		StagedSnapshot: r.snapshot("staged_snapshot_id"), PublishedSnapshot: r.snapshot("published_snapshot_id"),
		Status: psyberg.Status(r.text("status")), PsyqlVersion: r.text("psyql_version"), TableUUID: r.text("table_uuid"),
		ValidTo: r.instant("valid_to"), MaxEventTS: r.instant("max_event_ts"), LoadType: psyberg.LoadType(r.text("load_type")),
		Options: r.text("options"), Found: r.text(foundColumn),
	}
	if at := r.instant("created_at"); at != nil {
		s.CreatedAt = *at
	}
	ids, _ := r["snapshot_ids"].([]int64)
	for _, id := range ids {
		s.Snapshots = append(s.Snapshots, psyberg.SnapshotID(id))
	}
	var err error
	if s.ProcessingURIs, err = decodeURIs(r.text("processing_uris")); err != nil {
		return s, err
	}
	for _, h := range []struct {
		to             **psyberg.HourRange
		prefix, suffix string
	}{{&s.EventHours, "", "event_"}, {&s.LandingHours, "", "landing_"}, {&s.LoadHours, "load_", ""}} {
		if *h.to, err = r.hours(h.prefix, h.suffix); err != nil {
			return s, err
		}
	}
	if s.ClippedHours, err = r.hourSet("clipped_hours"); err != nil {
		return s, err
	}
	s.ChangedHours, err = r.hourSet("changed_hours")
	return s, err
}

// encodeURIs joins JSON objects to one JSON array, digit for digit.
func encodeURIs(uris []string) (string, error) {
	raw := make([]json.RawMessage, len(uris))
	for i, u := range uris {
		raw[i] = json.RawMessage(u)
	}
	b, err := json.Marshal(raw)
	if err != nil {
		return "", fmt.Errorf("column processing_uris: %w", err)
	}
	return string(b), nil
}

func decodeURIs(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(s), &raw); err != nil {
		return nil, fmt.Errorf("column processing_uris is no JSON array: %w", err)
	}
	var out []string
	for _, r := range raw {
		out = append(out, string(r))
	}
	return out, nil
}
