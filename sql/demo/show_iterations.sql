-- @param process_name
-- @param session_id
-- @param session_table
-- @param src_tables
SELECT iteration, date, hour, changed_sources, is_late
FROM psyberg_iterations($src_tables, process_name := $process_name, session_id := $session_id, session_table := $session_table);
