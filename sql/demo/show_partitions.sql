-- @param process_name
-- @param session_id
-- @param session_table
-- @param src_tables
SELECT uri, added_files AS files, added_records AS records, min_event_ts, max_event_ts, is_late
FROM psyberg_new_partitions($src_tables, process_name := $process_name, session_id := $session_id, session_table := $session_table);
