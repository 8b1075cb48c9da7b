-- Stateful and sequential: one hour of the dimension, from the hour before it
-- on the audit branch and the events of this hour.
-- @param from_ts
-- @param to_ts
-- @param range
--   the same hour as a predicate on the target
-- @param step
-- @param branch
-- @param state
--   the target at its audit branch: 'dims.account_state@psyberg_<session id>'

COPY (
    WITH before AS (
        FROM iceberg_rows($state) WHERE state_hour = $from_ts::TIMESTAMPTZ - INTERVAL 1 HOUR
    ), signups AS (
        FROM iceberg_rows('facts.signup_fact') WHERE event_ts >= $from_ts AND event_ts < $to_ts
    ), plans AS (
        SELECT account_id, arg_max(plan, event_ts) AS plan, max(event_ts) AS event_ts
        FROM iceberg_rows('facts.plan_fact') WHERE event_ts >= $from_ts AND event_ts < $to_ts GROUP BY account_id
    ), cancels AS (
        SELECT account_id, min(event_ts) AS event_ts
        FROM iceberg_rows('facts.cancel_fact') WHERE event_ts >= $from_ts AND event_ts < $to_ts GROUP BY account_id
    )
    SELECT $from_ts::TIMESTAMPTZ AS state_hour,
           account_id,
           CASE WHEN cancels.event_ts IS NOT NULL THEN 'cancelled' ELSE coalesce(before.status, 'active') END AS status,
           coalesce(plans.plan, before.plan) AS plan,
           coalesce(signups.country, before.country) AS country,
           greatest(before.changed_at, signups.event_ts, plans.event_ts, cancels.event_ts) AS changed_at
    FROM before
    FULL JOIN signups USING (account_id)
    LEFT JOIN plans USING (account_id)
    LEFT JOIN cancels USING (account_id)
) TO 'dims.account_state' (FORMAT iceberg, MODE 'overwrite', WHERE $range, WAP_BRANCH $branch, STEP $step);
