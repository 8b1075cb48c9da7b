-- A cancelled account stays cancelled.
-- @param target
-- @param wap_id

SELECT 'account ' || later.account_id || ' is active again at ' || later.state_hour AS violation
FROM iceberg_rows($target, wap_id := $wap_id) AS earlier
JOIN iceberg_rows($target, wap_id := $wap_id) AS later
  ON later.account_id = earlier.account_id AND later.state_hour = earlier.state_hour + INTERVAL 1 HOUR
WHERE earlier.status = 'cancelled' AND later.status = 'active';
