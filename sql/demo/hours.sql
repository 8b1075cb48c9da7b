-- The hours of a session: what a load script is run with, once an hour, or once for all.
-- @param process_name
-- @param session_id
-- @param session_table
-- @param src_tables
-- @param column
--   the target's event-time column
SELECT strftime(from_ts, '%Y-%m-%d-%H') AS step,
       from_ts::VARCHAR AS from_ts,
       to_ts::VARCHAR AS to_ts,
       format('{0} >= TIMESTAMPTZ ''{1}'' AND {0} < TIMESTAMPTZ ''{2}''', $column::VARCHAR, from_ts, to_ts) AS range
FROM psyberg_iterations($src_tables, process_name := $process_name, session_id := $session_id, session_table := $session_table)
ORDER BY iteration;
