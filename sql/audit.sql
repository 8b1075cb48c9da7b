-- Runs the audits of a file on what a session has staged, records what they
-- found, and returns it: one row an audit. Then it fails if a blocking audit
-- did: the staged snapshot stays for a look, and is not published until the
-- audit passes or is forced by its name.
-- @param process_name
--   the pipeline
-- @param psyberg_session_id
--   the run; what it staged carries this id
-- @param psyberg_session_table
--   the session table; results are kept beside it: psyberg_audit_f beside psyberg_session_f
-- @param target
--   the table that the pipeline writes
-- @param audits
--   path of the audits.yaml; the SQL files that it names are found from there

CALL psyberg_audit($process_name, $psyberg_session_id, $psyberg_session_table, $target, $audits);

SET VARIABLE psyberg_step = (
    SELECT verdict
    FROM psyberg_audit_verdict($process_name, $psyberg_session_id, $psyberg_session_table, $target)
);
