-- Lists the files of a table that nothing names: what killed writers and failed
-- commits have left. With delete they are deleted. Never listed is what any
-- snapshot, branch, staged snapshot or metadata.json of the table names, nor
-- what was changed lately.
-- @param target
--   the table
-- @param older_than = 3 days
--   how long ago a file was last changed, at least; a load that runs longer would lose its files
-- @param delete = false
--   delete what is listed

FROM psyberg_sweep($target, older_than := $older_than, "delete" := $delete);
