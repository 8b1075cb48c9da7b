-- Publishes what a session has staged: the audits' verdict, the intent in the
-- session table, the move of the target, the session's status. Returns the
-- session's rows. Run again it returns the same rows and changes nothing.
-- @param process_name
--   the pipeline
-- @param psyberg_session_id
--   the run; what it staged carries this id
-- @param psyberg_session_table
--   the session table
-- @param target
--   the table that the pipeline writes
-- @param require_audits = NULL
--   true: refuse where no audit of what is staged is recorded
-- @param force_audit = NULL
--   names of failed audits to publish over, separated by commas; recorded

SET VARIABLE psyberg_step = (
    SELECT method
    FROM psyberg_publish(
        $target, $psyberg_session_id, $process_name, $psyberg_session_id, $psyberg_session_table,
        require_audits := $require_audits,
        force_audit := $force_audit
    )
);

FROM psyberg_session($process_name, $psyberg_session_id, $psyberg_session_table);
