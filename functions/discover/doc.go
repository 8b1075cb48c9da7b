// Package discover does the reading for package psyberg: it loads the sources,
// pins each head once, and takes the cheapest way to what is new that answers
// exactly (snapshot summaries, the manifests of the window, the live entries
// of the head). All decisions are psyberg's; here are the bytes.
//
// What holds in every run:
//
//	D1  The watermarks are read before any table is loaded (X1), each table
//	    once, and nothing below asks for its head again (W2).
//	D2  At level SUMMARY no manifest is read; at MANIFESTS only those that the
//	    window's own snapshots added. Live files of the end snapshot are read
//	    only where delete files stand for them, for preexisting files, or
//	    where a gap or a baseline needs the earliest or greatest live time.
//	D3  Every manifest is read at most once for one question.
//
// Contract: semantics.md, sections 2 to 5.
package discover
