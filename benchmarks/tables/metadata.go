package tables

import (
	"bytes"
	"fmt"
)

// journal collects metadata.json's text: its history is what is large in it.
type journal struct {
	m                      *maker
	snapshots, log         bytes.Buffer
	records, bytes_, files int64
}

func (m *maker) journal() *journal { return &journal{m: m} }

// committed is when a snapshot was committed, in milliseconds: every hour, at
// one that differs a little.
func (m *maker) committed(snapshot int) int64 {
	seconds := int64(snapshot)*int64(m.Files)*3600/int64(m.FilesPerHour) + 3600 + 127
	return firstHour*3_600_000 + seconds*1000 + int64(snapshot*7919%60_000)
}

// snapshot adds one, which wrote these manifests.
func (j *journal) snapshot(i int, list string, wrote []*manifestMeta, replaced int) {
	var files, records, bytes, partitions int64
	for _, w := range wrote {
		files, records, bytes, partitions = files+w.added, records+w.addedRows, bytes+w.addedBytes, partitions+w.partitions
	}
	j.files, j.records, j.bytes_ = j.files+files, j.records+records, j.bytes_+bytes
	id, at := j.m.ids[i], j.m.committed(i)
	b := &j.snapshots
	if i > 0 {
		b.WriteByte(',')
		j.log.WriteByte(',')
	}
	fmt.Fprintf(b, `{"sequence-number":%d,"snapshot-id":%d,`, j.m.sequence(i), id)
	if i > 0 {
		fmt.Fprintf(b, `"parent-snapshot-id":%d,`, j.m.ids[i-1])
	}
	app := fmt.Sprintf("application_1753999999999_%d", 1000+i)
	fmt.Fprintf(b, `"timestamp-ms":%d,"summary":{"operation":"append","spark.app.id":%q,"manifests-created":"%d","manifests-replaced":"%d",`, at, app, len(wrote), replaced)
	fmt.Fprintf(b, `"added-data-files":"%d","added-records":"%d","added-files-size":"%d","changed-partition-count":"%d",`, files, records, bytes, partitions)
	fmt.Fprintf(b, `"total-records":"%d","total-files-size":"%d","total-data-files":"%d","total-delete-files":"0","total-position-deletes":"0","total-equality-deletes":"0",`,
		j.records, j.bytes_, j.files)
	fmt.Fprintf(b, `"engine-version":"4.0.1","app-id":%q,"engine-name":"spark","iceberg-version":"Apache Iceberg 1.11.0 (commit 6976e020b894f6a6777704df2b8c4458cb291ae9)"},`, app)
	fmt.Fprintf(b, `"manifest-list":%q,"schema-id":0}`, list)
	fmt.Fprintf(&j.log, `{"timestamp-ms":%d,"snapshot-id":%d}`, at, id)
}

// finish returns the text of metadata.json.
func (j *journal) finish() []byte {
	m := j.m
	last := len(m.ids) - 1
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"format-version":2,"table-uuid":"%08x-0000-4000-8000-%012x","location":%q,"last-sequence-number":%d,"last-updated-ms":%d,"last-column-id":22,`,
		uint32(m.ids[0]), uint64(m.ids[last])&(1<<48-1), m.dir, m.sequence(last), m.committed(last))
	fmt.Fprintf(&b, `"current-schema-id":0,"schemas":[%s],"default-spec-id":0,"partition-specs":[{"spec-id":0,"fields":%s}],"last-partition-id":%d,`,
		m.schemaJSON(), m.specJSON(), m.partition()[len(m.partition())-1].id)
	fmt.Fprintf(&b, `"default-sort-order-id":0,"sort-orders":[{"order-id":0,"fields":[]}],"properties":{"owner":"etl","write.parquet.compression-codec":"zstd","write.data.path":%q},`,
		dataLocation[:len(dataLocation)-1])
	fmt.Fprintf(&b, `"current-snapshot-id":%d,"refs":{"main":{"snapshot-id":%d,"type":"branch"}},"snapshots":[`, m.ids[last], m.ids[last])
	b.Write(j.snapshots.Bytes())
	b.WriteString(`],"statistics":[],"partition-statistics":[],"snapshot-log":[`)
	b.Write(j.log.Bytes())
	b.WriteString(`],"metadata-log":[]}`)
	return b.Bytes()
}
