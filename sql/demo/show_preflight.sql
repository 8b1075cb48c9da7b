-- @param target
-- @param session_id
SELECT operation, method, reason FROM psyberg_publish_preflight($target, $session_id);
