package tables

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
)

// part is a run of new files of one snapshot.
type part struct {
	snapshot int // index in commit order
	first    int // number of the first file, over all that are not of the archive (or all that are)
	files    int
}

// manifestPlan is one manifest to write.
type manifestPlan struct {
	path    string
	archive bool
	parts   []part // the last one is ADDED, those before it are EXISTING
	counted bool   // live at the end: its files are in the answers
}

// manifestMeta is what its manifest list says of one that was written.
type manifestMeta struct {
	path                      string
	length                    int64
	snapshot, sequence        int64 // that wrote it
	minSequence               int64
	added, existing           int64 // files
	addedRows, existingRows   int64
	addedBytes, existingBytes int64
	partitions                int64 // that the added files are in
	minHour, maxHour          int64
	minHourOfDay, maxOfDay    int64
	all, last                 tally // of all files, and of the added ones; nil where not counted
}

// maker makes one table.
type maker struct {
	Config
	dir  string // of the table
	ids  []int64
	sync [16]byte
}

func (m *maker) sequence(snapshot int) int64 { return int64(snapshot) + 1 }

// writeManifest writes one manifest.
func (m *maker) writeManifest(p manifestPlan, comp *compressor, buf []byte) (*manifestMeta, []byte, error) {
	newest := p.parts[len(p.parts)-1].snapshot
	meta := &manifestMeta{path: p.path, snapshot: m.ids[newest], sequence: m.sequence(newest), minSequence: m.sequence(p.parts[0].snapshot),
		minHour: 1 << 40, minHourOfDay: 1 << 40}
	if p.counted {
		meta.all, meta.last = tally{}, tally{}
	}
	f := container{comp: comp, layout: m.Layout, sync: m.sync, raw: buf[:0]}
	f.out = header(nil, []headerEntry{
		{"schema", m.schemaJSON()}, {"avro.schema", m.manifestSchema()}, {"avro.codec", m.Codec}, {"format-version", "2"},
		{"partition-spec-id", "0"}, {"partition-spec", m.specJSON()}, {"content", "data"}}, m.sync)
	hours := map[int64]bool{}
	for _, part := range p.parts {
		o := origin{status: 0, snapshot: m.ids[part.snapshot], sequence: m.sequence(part.snapshot)}
		if part.snapshot == newest {
			o.status = 1
		}
		w := writer{wide: m.Wide, layout: m.Layout, r: rand.NewPCG(m.Seed, uint64(part.first)<<1|flag(p.archive))}
		for i := range part.files {
			d := m.landing(part.first+i, p.archive)
			f.raw = w.entry(f.raw, &d, o, 4000+part.snapshot)
			meta.add(&d, o.status, m.Wide)
			if o.status == 1 {
				hours[d.hour*4+int64(d.batch)] = true
			}
			if err := f.end(); err != nil {
				return nil, nil, err
			}
		}
	}
	meta.partitions = int64(len(hours))
	if err := f.flush(); err != nil {
		return nil, nil, err
	}
	meta.length = int64(len(f.out))
	if err := os.WriteFile(p.path, f.out, 0o644); err != nil {
		return nil, nil, err
	}
	return meta, f.raw, nil
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// landing is when the n-th file landed.
func (m *maker) landing(n int, archive bool) file {
	per, first := m.FilesPerHour, int64(firstHour)
	if archive {
		per = m.ArchivePerHour
		first -= int64((m.ArchiveFiles + per - 1) / per)
	}
	f := file{hour: first + int64(n/per)}
	if m.Wide {
		f.batch = n % per * 4 / per
	}
	return f
}

func (meta *manifestMeta) add(f *file, status int64, wide bool) {
	if status == 1 {
		meta.added, meta.addedRows, meta.addedBytes = meta.added+1, meta.addedRows+f.records, meta.addedBytes+f.bytes
		if meta.last != nil {
			meta.last.add(f, wide)
		}
	} else {
		meta.existing, meta.existingRows, meta.existingBytes = meta.existing+1, meta.existingRows+f.records, meta.existingBytes+f.bytes
	}
	meta.minHour, meta.maxHour = min(meta.minHour, f.hour), max(meta.maxHour, f.hour)
	meta.minHourOfDay, meta.maxOfDay = min(meta.minHourOfDay, f.hour%24), max(meta.maxOfDay, f.hour%24)
	if meta.all != nil {
		meta.all.add(f, wide)
	}
}

// listEntry appends what a manifest list says of the manifest.
func (meta *manifestMeta) listEntry(b []byte, wide bool) []byte {
	b = text(b, meta.path)
	b = long(b, meta.length)
	b = append(b, 0, 0) // spec 0, content: data
	b = long(long(long(b, meta.sequence), meta.minSequence), meta.snapshot)
	b = long(long(long(b, meta.added), meta.existing), 0)
	b = long(long(long(b, meta.addedRows), meta.existingRows), 0)
	n := int64(2)
	if wide {
		n = 3
	}
	b = long(some(b), n)
	summary := func(lower, upper []byte) {
		b = append(b, 0)    // no NULL
		b = append(b, 2, 0) // no NaN
		b = text(some(b), lower)
		b = text(some(b), upper)
	}
	le := func(v int64) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }
	summary(le(meta.minHour/24), le(meta.maxHour/24))
	summary(le(meta.minHourOfDay), le(meta.maxOfDay))
	if wide {
		summary(batchName(nil, meta.minHour, 0), batchName(nil, meta.maxHour, 3))
	}
	return none(append(b, 0)) // the array's end; no key metadata
}

// writeList writes a snapshot's manifest list: prefix are whole blocks, open
// the manifests that are not in them.
func (m *maker) writeList(path string, snapshot int, comp *compressor, prefix []byte, open []*manifestMeta) error {
	parent := "null"
	if snapshot > 0 {
		parent = strconv.FormatInt(m.ids[snapshot-1], 10)
	}
	f := container{comp: comp, layout: Java, sync: m.sync}
	f.out = header(nil, []headerEntry{
		{"snapshot-id", strconv.FormatInt(m.ids[snapshot], 10)}, {"parent-snapshot-id", parent},
		{"sequence-number", strconv.FormatInt(m.sequence(snapshot), 10)}, {"format-version", "2"},
		{"avro.schema", listSchema}, {"avro.codec", m.Codec}}, m.sync)
	f.out = append(f.out, prefix...)
	for _, meta := range open {
		f.raw = meta.listEntry(f.raw, m.Wide)
		if err := f.end(); err != nil {
			return err
		}
	}
	if err := f.flush(); err != nil {
		return err
	}
	if err := os.WriteFile(path, f.out, 0o644); err != nil {
		return fmt.Errorf("write manifest list: %w", err)
	}
	return nil
}
