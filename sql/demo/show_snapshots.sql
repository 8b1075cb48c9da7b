-- @param target
SELECT row_number() OVER (ORDER BY sequence_number) AS "#", operation, summary['psyberg.step'] AS step, summary['added-records'] AS rows_added,
       is_ancestor_of_head AS readers_see_it, refs
FROM iceberg_snapshots($target) ORDER BY sequence_number;
