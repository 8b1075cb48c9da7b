// Package audit runs the audits that an audits.yaml asks for, on what a session
// has staged, records what they found, and says what a publish may do
// (semantics.md, section 8).
//
// An audit is a query whose rows are violations. It runs on a connection of its
// own: it sees the functions, macros and attached databases, none of the
// session's variables and TEMP objects.
//
//	A1  Every audit of a file looks at one staged snapshot, pinned before the
//	    first one runs. If something else is staged when the last one is done,
//	    no result is recorded.
//	A2  All results of a run are recorded in one commit, or none.
//	A3  An audit that was begun and has no result, since its query fails or the
//	    process was killed, is recorded as not run, which refuses a publish as a
//	    failure does. It is never a passed audit.
package audit
