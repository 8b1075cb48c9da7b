// Package psyberg holds the logic of incremental processing: which snapshots
// of a source are new to a process, what they changed, which hours must be
// rebuilt, and how a session moves from init to commit.
//
// It is pure: standard library only, no I/O, no clock, no catalog. The time
// "now" is always an argument. The contract is semantics.md; its rules that
// the code keeps are numbered here, and tests are named after them.
//
// # Windows
//
//	W1  The watermark's snapshot id decides what is new, by walking parents
//	    from the pinned head. Commit times decide nothing but where
//	    start := <timestamp> begins.
//	W2  The head is pinned once; nothing below asks for it again.
//	W3  A watermark is met by a retained snapshot that is it, or that names it
//	    as its parent.
//	W4  What cannot be known stops with an *Error that names the source, the
//	    snapshots and the argument that continues. Nothing is guessed.
//	W5  After a rollback the window begins at the common ancestor, and what
//	    the abandoned line had added is withdrawn.
//	W6  REPLACE and EMPTY snapshots never count; every snapshot is shown with
//	    its class and reason.
//
// # Change sets
//
//	C1  An entry counts where its own snapshot id is a counted snapshot of the
//	    window.
//	C2  SUMMARY is taken only where it equals MANIFESTS.
//	C3  A file that came and went within the window is not listed, its
//	    partition and its times stay changed. A file that a compaction
//	    replaced is still listed as added.
//	C4  A delete file stands for the data files that it can apply to.
//	C5  A stateless window with overwrites or deletes, by operation, follows
//	    on_overwrite.
//	C6  A file without the bound it needs makes the range unknown or wider,
//	    never narrower.
//	C7  Partitions are told apart by spec and tuple, never by path.
//
// # Ranges
//
//	R1  lower is the least of the changed hours and valid_to; upper the least
//	    last complete hour over all sources, changed or not.
//	R2  An hour that was never processed is processed once, changed or not; no
//	    threshold clips it.
//	R3  commit sets valid_to to upper + 1 hour, also backwards: all that the
//	    recorded snapshots hold before valid_to is in the target, all from it
//	    on will be loaded when upper reaches it. Nothing falls between two runs.
//	R4  max_hours lowers upper, never lower.
//	R5  The VTTS is the argument; else the least of property and summaries;
//	    else the hour of the greatest event time seen, itself incomplete.
//	R6  NOTHING_TO_DO moves no valid_to, and only the watermarks of sources
//	    whose window holds nothing that counts, and has no gap to hide any.
//
// # Publish
//
//	P1  Published means: an ancestor of the target's head carries
//	    published-wap-id, wap.id or psyberg.session-id equal to the id.
//	P2  Only the staged snapshot that the intent names is moved.
//	P3  A staged line whose parent is the head is fast-forwarded, whatever it
//	    holds.
//	P4  After the head moved, appends are replayed; a dynamic overwrite where
//	    none of its partitions was added to or replaced since; nothing else.
//	P5  Two staged snapshots of one id are refused, as is none.
//	P6  Nothing is published, and no publish that was left is dropped, but
//	    where the target's history shows that it did not happen: since the
//	    session began, or since the process that recorded the intent looked last.
//	    Where that has expired, the target's metadata log says, as far as it
//	    leads back without a break; then a person.
//
// # Exactly once
//
//	X1  init reads the session rows, then the watermarks, then the heads, and
//	    inserts its rows in one commit that fails if any session row changed.
//	X2  A PUBLISHING or PUBLISHED session is never dropped: whoever meets it
//	    rolls it forward, and looks for what is new only then.
//	X3  The intent is recorded before the target moves.
//	X4  The move of the target looks, in the same commit, whether the id is
//	    published. A refusal takes the intent back, if it is still that one.
//	X5  commit moves the watermarks first, by compare and set, then the status.
//	X6  A session that publishes nothing (NOTHING_TO_DO, BASELINE) records its
//	    intent too before its watermarks move: it becomes PUBLISHED.
package psyberg
