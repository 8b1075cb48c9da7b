-- Stateful: rebuild the session's hours in one staged snapshot, a cancel once
-- however often it was sent.
-- @param session_id
-- @param from_ts
-- @param to_ts
-- @param range
--   the same hours as a predicate on the target

COPY (
    SELECT DISTINCT account_id, reason, event_ts FROM iceberg_rows('raw.cancels')
    WHERE event_ts >= $from_ts AND event_ts < $to_ts
) TO 'facts.cancel_fact' (FORMAT iceberg, MODE 'overwrite', WHERE $range, WAP_ID $session_id);
