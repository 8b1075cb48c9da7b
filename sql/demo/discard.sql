-- @param target
-- @param session_id
CALL psyberg_discard($target, $session_id);
