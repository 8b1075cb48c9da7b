package state

import "psyberg/psyberg"

// watermarkTable is high_water_mark.
var watermarkTable = tableDef{"watermark table", "psyberg: one row per process and source, the latest", []column{
	{"process_name", text, "pipeline that owns the watermark"},
	{"source_table", text, "source as it was given"},
	{"source_ref", text, "branch or tag read"},
	{"table_uuid", text, "UUID of the source"},
	{"hwm_snapshot_id", long, "last snapshot processed; NULL where the source had none"},
	{"hwm_sequence_number", long, "its sequence number"},
	{"hwm_ts", instant, "its commit time"},
	{"prev_hwm_snapshot_id", long, "the watermark before"},
	{"prev_hwm_ts", instant, "its commit time"},
	{"session_id", text, "session that moved it"},
	{"last_processed_uris", text, "partitions of that session, a JSON array of objects"},
	{"valid_to", instant, "exclusive end of what the process has covered; NULL where stateless"},
	{"max_event_ts", instant, "greatest event time seen so far"},
	{"committed_at", instant, "when it moved"},
}, nil, false}

func encodeWatermark(w psyberg.WatermarkRow) (row, error) {
	uris, err := encodeURIs(w.LastProcessedURIs)
	if err != nil {
		return nil, err
	}
	r := row{
		"process_name": w.Process, "source_table": w.Source.Table, "source_ref": refText(w.Source.Ref), "table_uuid": textOf(w.TableUUID),
		"session_id": w.Session, "last_processed_uris": uris, "committed_at": w.CommittedAt,
	}
	put(r, "hwm_snapshot_id", w.HWMSnapshot, longOf)
	put(r, "hwm_sequence_number", w.HWMSequence, longOf)
	put(r, "hwm_ts", w.HWM, instantOf)
	put(r, "prev_hwm_snapshot_id", w.PrevHWMSnapshot, longOf)
	put(r, "prev_hwm_ts", w.PrevHWM, instantOf)
	put(r, "valid_to", w.ValidTo, instantOf)
	put(r, "max_event_ts", w.MaxEventTS, instantOf)
	return r, nil
}

func decodeWatermark(r row) (psyberg.WatermarkRow, error) {
	w := psyberg.WatermarkRow{
		Process: r.text("process_name"), Source: psyberg.SourceName{Table: r.text("source_table"), Ref: parseRef(r.text("source_ref"))},
		TableUUID: r.text("table_uuid"), HWMSnapshot: r.snapshot("hwm_snapshot_id"), HWMSequence: r.sequence("hwm_sequence_number"),
		HWM: r.instant("hwm_ts"), PrevHWMSnapshot: r.snapshot("prev_hwm_snapshot_id"), PrevHWM: r.instant("prev_hwm_ts"),
		Session: r.text("session_id"), ValidTo: r.instant("valid_to"), MaxEventTS: r.instant("max_event_ts"),
	}
	if at := r.instant("committed_at"); at != nil {
		w.CommittedAt = *at
	}
	var err error
	w.LastProcessedURIs, err = decodeURIs(r.text("last_processed_uris"))
	return w, err
}
