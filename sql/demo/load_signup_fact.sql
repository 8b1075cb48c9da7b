-- Stateless: append the files that are new to this session, each exactly once.
-- @param process_name
-- @param session_id
-- @param session_table

SET VARIABLE files = (
    SELECT list(file_path ORDER BY file_path)
    FROM psyberg_files('raw.signups|event_ts', process_name := $process_name, session_id := $session_id, session_table := $session_table)
    WHERE change = 'ADDED' AND content = 'DATA'
);

COPY (
    SELECT account_id, country, event_ts FROM iceberg_rows('raw.signups', files := getvariable('files'))
) TO 'facts.signup_fact' (FORMAT iceberg, WAP_ID $session_id);
