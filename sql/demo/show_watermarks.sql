-- @param hwm_table
SELECT process_name, source_table, valid_to, session_id FROM iceberg_rows($hwm_table) ORDER BY process_name, source_table;
