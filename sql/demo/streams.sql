-- The customer lifecycle's three streams as they stood when hour 5 of
-- 2023-09-14 was over. A raw table is partitioned by when rows landed, as
-- streams are written; event_ts says when things happened.

CREATE TABLE raw.signups (
    account_id BIGINT, country VARCHAR, event_ts TIMESTAMPTZ, landing_date DATE, landing_hour INTEGER
) USING iceberg PARTITIONED BY (landing_date, landing_hour);

CREATE TABLE raw.plans (
    account_id BIGINT, plan VARCHAR, event_ts TIMESTAMPTZ, landing_date DATE, landing_hour INTEGER
) USING iceberg PARTITIONED BY (landing_date, landing_hour);

CREATE TABLE raw.cancels (
    account_id BIGINT, reason VARCHAR, event_ts TIMESTAMPTZ, landing_date DATE, landing_hour INTEGER
) USING iceberg PARTITIONED BY (landing_date, landing_hour);

-- What the processes write.
CREATE TABLE facts.signup_fact (
    account_id BIGINT, country VARCHAR, event_ts TIMESTAMPTZ
) USING iceberg PARTITIONED BY (hours(event_ts));

CREATE TABLE facts.plan_fact (
    account_id BIGINT, plan VARCHAR, event_ts TIMESTAMPTZ
) USING iceberg PARTITIONED BY (hours(event_ts));

CREATE TABLE facts.cancel_fact (
    account_id BIGINT, reason VARCHAR, event_ts TIMESTAMPTZ
) USING iceberg PARTITIONED BY (hours(event_ts));

-- One row per account and hour: who is a customer at the end of that hour, and on which plan.
CREATE TABLE dims.account_state (
    state_hour TIMESTAMPTZ, account_id BIGINT, status VARCHAR, plan VARCHAR, country VARCHAR, changed_at TIMESTAMPTZ
) USING iceberg PARTITIONED BY (hours(state_hour));

-- Hours 0 to 5, all of it on time. Account h*100+i is the i-th to sign up in hour h.
COPY (
    SELECT h * 100 + i AS account_id,
           ['NL', 'BR', 'JP', 'US'][1 + (h + i) % 4] AS country,
           TIMESTAMPTZ '2023-09-14 00:00:00+00' + to_hours(h) + to_minutes(2 * i) AS event_ts,
           DATE '2023-09-14' AS landing_date,
           h::INTEGER AS landing_hour
    FROM range(0, 6) AS hours(h), range(0, 25) AS accounts(i)
) TO 'raw.signups' (FORMAT iceberg, SUMMARY MAP {'kafka.connect.valid-through-ts': '2023-09-14T06:00:00Z'});

COPY (
    SELECT h * 100 + i AS account_id,
           ['basic', 'standard', 'premium'][1 + (h + i) % 3] AS plan,
           TIMESTAMPTZ '2023-09-14 00:00:00+00' + to_hours(h) + to_minutes(2 * i + 1) AS event_ts,
           DATE '2023-09-14' AS landing_date,
           h::INTEGER AS landing_hour
    FROM range(0, 6) AS hours(h), range(0, 25) AS accounts(i)
) TO 'raw.plans' (FORMAT iceberg, SUMMARY MAP {'kafka.connect.valid-through-ts': '2023-09-14T06:00:00Z'});

COPY (
    SELECT (h - 1) * 100 + 7 * i AS account_id,
           ['price', 'moved', 'other'][1 + (h + i) % 3] AS reason,
           TIMESTAMPTZ '2023-09-14 00:00:00+00' + to_hours(h) + to_minutes(10 + 5 * i) AS event_ts,
           DATE '2023-09-14' AS landing_date,
           h::INTEGER AS landing_hour
    FROM range(1, 6) AS hours(h), range(0, 3) AS accounts(i)
) TO 'raw.cancels' (FORMAT iceberg, SUMMARY MAP {'kafka.connect.valid-through-ts': '2023-09-14T06:00:00Z'});
