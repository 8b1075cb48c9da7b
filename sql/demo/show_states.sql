SELECT state_hour, count(*) FILTER (status = 'active') AS active, count(*) FILTER (status = 'cancelled') AS cancelled
FROM iceberg_rows('dims.account_state') GROUP BY state_hour ORDER BY state_hour;
