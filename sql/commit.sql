-- Commits a session: moves the process's watermarks to its heads, then its
-- status. Returns the session's rows. Run again it returns the same rows and
-- changes nothing.
-- @param process_name
--   the pipeline
-- @param psyberg_session_id
--   the run
-- @param psyberg_hwm_table
--   the watermark table
-- @param psyberg_session_table
--   the session table
-- @param target = NULL
--   the table that the pipeline writes: its property psyberg.valid-to is set, for those downstream

SET VARIABLE psyberg_step = (
    SELECT status
    FROM psyberg_commit(
        $process_name, $psyberg_session_id, $psyberg_session_table, $psyberg_hwm_table,
        target := $target
    )
);

FROM psyberg_session($process_name, $psyberg_session_id, $psyberg_session_table);
