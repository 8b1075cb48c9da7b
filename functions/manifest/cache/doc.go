// Package cache keeps decoded manifests on disk, so that a question asked again
// reads the columns that it needs and nothing else: neither the manifest, nor
// its decompression, nor the columns of another question.
//
// A manifest never changes, so nothing here expires; what is not used goes
// when room is needed. What holds:
//
//	C1  The answer is that of manifest.Scan, cache or not: a file that is
//	    missing, damaged or of another version is decoded again, without a
//	    word, and replaced.
//	C2  No byte is believed before its checksum was: that of the directory covers
//	    where each manifest's index is, that of the index all lengths and
//	    offsets, and each buffer of each column has one, which is looked at when
//	    that column is read. What was checked is a copy: whatever happens to the
//	    file later changes no row.
//	C3  A file appears whole or not at all (written beside, then renamed), and
//	    is never changed: readers take no lock, in this process or another.
//	C4  The folder holds at most the limit, but for what is being written; what
//	    has been read last stays longest. Anything in it may be deleted at any
//	    time.
//	C5  A folder that cannot be written, or is full, costs nothing but speed.
//	C6  What was read from files twice stays in memory too, at most 256 MiB of
//	    it, who was asked last stays longest: a session that asks again and
//	    again opens no file. It is the copy that was checked.
//
// What is kept of a manifest is in groups of columns, and only the groups that
// were asked for are there: "core" (status, content, spec, records, bytes),
// "numbers" (all else that is one number an entry), "texts" (paths and lists),
// the partition as a request types it, the bounds and counts of one table column
// each, and the six maps of all columns. A wide manifest is
// mostly bounds, of which a question wants one or two columns.
//
// A file has one group of many manifests of one table: of all that a scan
// decoded, or 8 MiB of it, because opening a file costs more than reading what
// a small manifest has. It stays open (mapped) for as long as the process asks.
// What is damaged takes its file with it.
//
// Files are Arrow IPC files, which any Arrow reader opens; before Arrow's
// footer lie the indexes that this package reads instead of Arrow's metadata,
// with the place, length and checksum of every buffer.
package cache
