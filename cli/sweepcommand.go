package cli

// sweepStep is the command that looks for leftover files.
func sweepStep() *step {
	return &step{
		name:  "sweep",
		short: "List, and delete, the files that killed writers left of a table",
		long: `sweep lists the files below a table's location that nothing names: no snapshot, staged or
on a branch, no statistics, no metadata.json of its log. They are what killed writers, failed
commits and discarded loads have left. Nothing is deleted without --delete. Files that were
changed within the last three days stay, since a load that is still running looks the same.

In doubt it deletes nothing and says why: a file that the table has is not where its metadata
says, the same path is named under two schemes, or another table lies in the folder.`,
		example: `  psyql sweep --target life.signup_fact
  psyql sweep --target life.signup_fact --older_than '7 days' --delete`,
	}
}
