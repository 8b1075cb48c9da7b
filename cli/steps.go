package cli

import (
	"psyberg/engine/audit"
	"psyberg/engine/lex"
)

// The steps of a workflow, in their order. The options are the parameters of
// the scripts, named as the original Psyberg names them.

func initStep() *step {
	return &step{
		name:  "init",
		short: "Find what is new for a process, and record it as a session",
		long: `init looks at the sources from the watermarks of a process on, decides what a load
has to read (changed partitions for pattern 1, a range of hours for pattern 2), records that in the
session table and prints it, a row for each source. Run again with the same session id it prints
the same and changes nothing. The two tables are made where they are missing.

status says what is next: READY (load, publish, commit), NOTHING_TO_DO (commit only), BASELINE
(commit only: a first run that starts at the latest).`,
		example: `  psyql init --process_name signup_fact_load --src_tables 'life.raw_signups|event_ts' \
             --psyberg_session_id 20230914T06 --psyberg_hwm_table ops.high_water_mark \
             --psyberg_session_table ops.psyberg_session_f --etl_pattern_id 1`,
	}
}

func auditStep() *step {
	return &step{
		name:  "audit",
		short: "Run the audits of a file on what a session has staged",
		long: `audit runs the audits of a YAML file on the staged snapshot of a session, records
each result with the snapshot that it looked at, and prints them. An audit is a query that returns
the rows that violate it. A failed blocking one ends with exit 4, and publish is refused until it
passes or is forced by its name.`,
		example: `  psyql audit --process_name signup_fact_load --psyberg_session_id 20230914T06 \
              --psyberg_session_table ops.psyberg_session_f --target life.signup_fact --audits audits.yaml`,
		check: func(vars lex.Vars) error {
			_, err := audit.ReadFile(vars["audits"].Text)
			return err
		},
	}
}

func publishStep() *step {
	return &step{
		name:  "publish",
		short: "Move what a session has staged into its target",
		long: `publish moves the staged snapshot (or the branch) of a session into the target's
main branch, in one commit, if no blocking audit failed and nothing stands in its way. Run again it
says that it was done and changes nothing. FROM psyberg_publish_preflight(...) tells beforehand
what it would do.`,
		example: `  psyql publish --process_name signup_fact_load --psyberg_session_id 20230914T06 \
                --psyberg_session_table ops.psyberg_session_f --target life.signup_fact --require_audits`,
	}
}

func commitStep() *step {
	return &step{
		name:  "commit",
		short: "Move the watermarks of a process to what a session has loaded",
		long: `commit moves the watermarks of a process to the heads that init pinned, if they are
still those that init saw, and marks the session as committed. Run again it prints the same and
changes nothing. With --target it also sets that table's property psyberg.valid-to, which tells
processes downstream how far it is complete.`,
		example: `  psyql commit --process_name signup_fact_load --psyberg_session_id 20230914T06 \
               --psyberg_hwm_table ops.high_water_mark --psyberg_session_table ops.psyberg_session_f`,
	}
}
