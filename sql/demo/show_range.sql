-- @param process_name
-- @param session_id
-- @param session_table
-- @param src_tables
SELECT source_table, min_event_ts AS changed_from, max_event_ts AS changed_to, vtts AS complete_to,
       from_hour, to_hour, hours, status
FROM psyberg_stateful_range($src_tables, process_name := $process_name, session_id := $session_id, session_table := $session_table);
