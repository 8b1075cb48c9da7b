-- @param process_name
-- @param src_tables
-- @param hwm_table
SELECT source_table, partition_path AS landed_in, min_event_ts AS happened_from, covered_to AS loaded_up_to, lateness, records
FROM psyberg_late($src_tables, process_name := $process_name, hwm_table := $hwm_table);
