-- Begins a session: finds what is new in the sources since the process's
-- watermarks, and records it in the session table. One row per source. Run
-- again with the same session id it returns the same rows and changes nothing.
-- @param process_name
--   the pipeline
-- @param src_tables
--   sources, separated by commas: ns.table, ns.table|event_ts_column, ns.table@ref
-- @param psyberg_session_id
--   one run of the pipeline
-- @param psyberg_hwm_table
--   the watermark table; made where it is missing
-- @param psyberg_session_table
--   the session table; made where it is missing
-- @param etl_pattern_id
--   1: stateless, changed partitions are loaded; 2: stateful, a range of hours
-- @param start = NULL
--   where a first run starts: earliest (default), latest, a timestamp, a snapshot id
-- @param on_gap = NULL
--   recover, where the watermark has expired
-- @param on_rollback = NULL
--   recover, where the watermark is no ancestor of the head
-- @param on_overwrite = NULL
--   stateless, where snapshots removed or replaced rows: skip or added
-- @param on_missing_bounds = NULL
--   where a file has no bounds of the event-time column: partition or read
-- @param vtts = NULL
--   until when the sources are complete: a timestamp, or a JSON object by source
-- @param catchup_threshold = NULL
--   stateful: how far before valid_to a changed hour may lie, as an interval
-- @param on_threshold = NULL
--   clip, for changed hours beyond it
-- @param load_type = NULL
--   stateful: range (default) or changed
-- @param max_hours = NULL
--   stateful: at most so many hours from the first on

CALL psyberg_init(
    process_name := $process_name,
    src_tables := $src_tables,
    psyberg_session_id := $psyberg_session_id,
    psyberg_hwm_table := $psyberg_hwm_table,
    psyberg_session_table := $psyberg_session_table,
    etl_pattern_id := $etl_pattern_id,
    start := $start,
    on_gap := $on_gap,
    on_rollback := $on_rollback,
    on_overwrite := $on_overwrite,
    on_missing_bounds := $on_missing_bounds,
    vtts := $vtts,
    catchup_threshold := $catchup_threshold,
    on_threshold := $on_threshold,
    load_type := $load_type,
    max_hours := $max_hours
);
