-- Hour 7 of signups and plans lands, nothing is late. Its cancels are there already.

COPY (
    SELECT 700 + i AS account_id, 'US' AS country,
           TIMESTAMPTZ '2023-09-14 07:00:00+00' + to_minutes(2 * i) AS event_ts,
           DATE '2023-09-14' AS landing_date, 7 AS landing_hour
    FROM range(0, 25) AS accounts(i)
) TO 'raw.signups' (FORMAT iceberg, SUMMARY MAP {'kafka.connect.valid-through-ts': '2023-09-14T08:00:00Z'});

COPY (
    SELECT 700 + i AS account_id, 'basic' AS plan,
           TIMESTAMPTZ '2023-09-14 07:00:00+00' + to_minutes(2 * i + 1) AS event_ts,
           DATE '2023-09-14' AS landing_date, 7 AS landing_hour
    FROM range(0, 25) AS accounts(i)
) TO 'raw.plans' (FORMAT iceberg, SUMMARY MAP {'kafka.connect.valid-through-ts': '2023-09-14T08:00:00Z'});
