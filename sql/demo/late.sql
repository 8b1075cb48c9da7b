-- The next hour. What belongs to it lands, and with it what is late:
-- signups of hour 3, plan changes of hour 2, a cancel of hour 5. Cancels run
-- ahead of the other two: their stream is complete to the end of hour 7.

COPY (
    SELECT 600 + i AS account_id, 'NL' AS country,
           TIMESTAMPTZ '2023-09-14 06:00:00+00' + to_minutes(2 * i) AS event_ts,
           DATE '2023-09-14' AS landing_date, 6 AS landing_hour
    FROM range(0, 25) AS accounts(i)
    UNION ALL
    SELECT 390 + i, 'BR', TIMESTAMPTZ '2023-09-14 03:41:00+00' + to_minutes(i), DATE '2023-09-14', 6
    FROM range(0, 4) AS late(i)
) TO 'raw.signups' (FORMAT iceberg, SUMMARY MAP {'kafka.connect.valid-through-ts': '2023-09-14T07:00:00Z'});

COPY (
    SELECT 600 + i AS account_id, 'standard' AS plan,
           TIMESTAMPTZ '2023-09-14 06:00:00+00' + to_minutes(2 * i + 1) AS event_ts,
           DATE '2023-09-14' AS landing_date, 6 AS landing_hour
    FROM range(0, 25) AS accounts(i)
    UNION ALL
    SELECT 100 + i, 'premium', TIMESTAMPTZ '2023-09-14 02:17:00+00' + to_minutes(i), DATE '2023-09-14', 6
    FROM range(0, 3) AS late(i)
) TO 'raw.plans' (FORMAT iceberg, SUMMARY MAP {'kafka.connect.valid-through-ts': '2023-09-14T07:00:00Z'});

-- The producer retried: one cancel is there twice.
COPY (
    SELECT account_id::BIGINT AS account_id, reason, event_ts::TIMESTAMPTZ AS event_ts,
           DATE '2023-09-14' AS landing_date, landing_hour::INTEGER AS landing_hour
    FROM (VALUES
        (203, 'price', '2023-09-14 05:52:00+00', 6),
        (301, 'moved', '2023-09-14 06:05:00+00', 6),
        (301, 'moved', '2023-09-14 06:05:00+00', 6),
        (402, 'other', '2023-09-14 06:40:00+00', 6),
        (404, 'price', '2023-09-14 07:12:00+00', 7),
        (101, 'moved', '2023-09-14 07:33:00+00', 7)
    ) AS cancels(account_id, reason, event_ts, landing_hour)
) TO 'raw.cancels' (FORMAT iceberg, SUMMARY MAP {'kafka.connect.valid-through-ts': '2023-09-14T08:00:00Z'});
