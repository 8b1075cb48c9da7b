SELECT account_id, state_hour, status, plan, changed_at
FROM iceberg_rows('dims.account_state') WHERE account_id IN (102, 390) ORDER BY account_id, state_hour;
