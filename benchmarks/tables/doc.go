// Package tables makes Iceberg tables to measure readers of metadata with:
// metadata.json, manifest lists and manifests, complete and true to each
// other, so that any engine can load them and must give the same answers. Data
// files are named but not written: no question about metadata opens one.
//
// A table is a function of its Config: the same Config gives the same bytes
// (locations of the folder apart). Its history is one that a writer could have
// made: every snapshot has its own manifest list with the manifests that were
// live then, merged manifests hold the entries of the snapshots that they were
// merged from as EXISTING, and the manifests that they replaced are there too.
//
// Layouts are those of Iceberg Java (Avro blocks of 64,000 bytes) and of
// PyIceberg (one block per entry); Source: manifests that both wrote, in
// testdata/, and Iceberg table spec, "Manifests", "Manifest Lists".
package tables
