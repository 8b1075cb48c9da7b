-- The hours of a session as one range.
-- @param process_name
-- @param session_id
-- @param session_table
-- @param src_tables
-- @param column
--   the target's event-time column
SELECT min(from_ts)::VARCHAR AS from_ts,
       max(to_ts)::VARCHAR AS to_ts,
       format('{0} >= TIMESTAMPTZ ''{1}'' AND {0} < TIMESTAMPTZ ''{2}''', $column::VARCHAR, min(from_ts), max(to_ts)) AS range
FROM psyberg_iterations($src_tables, process_name := $process_name, session_id := $session_id, session_table := $session_table);
