package tables

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strconv"
)

// firstHour is the landing hour of the first file that is not of the archive,
// in hours since 1970: 2025-08-01 00:00.
const firstHour = 20301 * 24

// hour is an hour in microseconds.
const hour = int64(3_600_000_000)

// dataLocation is where the data files are said to be.
const dataLocation = "s3://acme-lakehouse-prod-eu-central-1/warehouse/telemetry.db/device_events/data/"

var batchTags = [4]string{"a7c1", "03fe", "99b0", "5d2e"}

// file is one data file: what questions are asked about.
type file struct {
	hour           int64 // landing hour, since 1970
	batch          int   // 0 to 3, of wide tables
	records, bytes int64
	min, max       int64 // event_ts, microseconds
}

// batchName is the batch_id of a file of a wide table.
func batchName(b []byte, hour int64, batch int) []byte {
	b = strconv.AppendInt(append(b, "b-"...), hour/24, 10)
	b = append(b, '-', byte('0'+hour%24/10), byte('0'+hour%24%10), '-', '0', byte('0'+batch), '-')
	return append(b, batchTags[batch]...)
}

// writer makes entries. It is for one goroutine.
type writer struct {
	wide    bool
	layout  Layout
	r       *rand.PCG
	tmp     []byte
	counter int
}

func (w *writer) intn(n int64) int64 {
	hi := w.r.Uint64() >> 33
	return int64(hi) % n
}

const hexDigits = "0123456789abcdef"

// uuid appends 36 characters.
func (w *writer) uuid(b []byte) []byte {
	hi, lo := w.r.Uint64(), w.r.Uint64()
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			b = append(b, '-')
		}
		v := hi
		if i >= 16 {
			v = lo
		}
		b = append(b, hexDigits[v>>(60-4*(i%16))&15])
	}
	return b
}

// origin is how an entry came into its manifest.
type origin struct {
	status   int64 // 0 existing, 1 added
	snapshot int64
	sequence int64 // written only for existing entries; added ones inherit theirs
}

// entry appends a manifest entry of a new file that landed at f's hour and
// batch, and fills the rest of f in.
func (w *writer) entry(b []byte, f *file, o origin, task int) []byte {
	b = long(b, o.status)
	b = long(some(b), o.snapshot)
	if o.status == 0 {
		b = long(some(b), o.sequence)
		b = long(some(b), o.sequence)
	} else {
		b = none(none(b))
	}
	b = append(b, 0) // content: data
	b = w.path(b, f, task)
	b = text(b, "PARQUET")
	b = long(some(b), f.hour/24)
	b = long(some(b), f.hour%24)
	if w.wide {
		w.tmp = batchName(w.tmp[:0], f.hour, f.batch)
		b = text(some(b), w.tmp)
	}
	f.records = 40_000 + w.intn(900_000)
	f.bytes = f.records*60 + w.intn(4_000_000)
	f.min = f.hour*hour + w.intn(60_000_000)
	f.max = f.hour*hour + hour - 1 - w.intn(60_000_000)
	b = long(long(b, f.records), f.bytes)
	if w.wide {
		b = w.wideMaps(b, f)
	} else {
		b = w.narrowMaps(b, f)
	}
	b = none(b) // key_metadata
	b = w.splits(b, f.bytes)
	b = none(b)           // equality_ids
	b = long(some(b), 0)  // sort_order_id
	if w.layout == Java { // referenced_data_file
		b = none(b)
	}
	return b
}

func (w *writer) path(b []byte, f *file, task int) []byte {
	t := append(w.tmp[:0], dataLocation...)
	t = append(t, "landing_date="...)
	t = appendDate(t, f.hour/24)
	t = strconv.AppendInt(append(t, "/landing_hour="...), f.hour%24, 10)
	if w.wide {
		t = batchName(append(t, "/batch_id="...), f.hour, f.batch)
	}
	w.counter++
	t = append(t, '/')
	for d := 10000; d > 0; d /= 10 {
		t = append(t, byte('0'+w.counter/d%10))
	}
	t = strconv.AppendInt(append(t, '-'), int64(task), 10)
	t = w.uuid(append(t, '-'))
	t = append(t, "-00001.parquet"...)
	w.tmp = t
	return text(b, t)
}

// splits are a Parquet file's row groups, about every 16 MB.
func (w *writer) splits(b []byte, size int64) []byte {
	const group = 16_500_000
	n := 1 + (size-5)/group
	b = long(some(b), n)
	off := int64(4)
	for range n {
		b = long(b, off)
		off += group - w.intn(1_000_000)
	}
	return append(b, 0)
}

func (w *writer) narrowMaps(b []byte, f *file) []byte {
	one := func(v int64) { b = append(long(long(long(some(b), 1), EventColumn), v), 0) }
	one(4_000 + f.records*2 + w.intn(1000))
	one(f.records)
	one(0)
	b = append(some(b), 0) // nan_value_counts: an empty map
	for _, v := range []int64{f.min, f.max} {
		b = long(long(long(some(b), 1), EventColumn), 8)
		b = append(binary.LittleEndian.AppendUint64(b, uint64(v)), 0)
	}
	return b
}

func (w *writer) wideMaps(b []byte, f *file) []byte {
	n := int64(len(wideColumns))
	b = long(some(b), n)
	for _, c := range wideColumns {
		b = long(long(b, int64(c.id)), 2000+w.intn(f.bytes/16+1))
	}
	b = long(some(append(b, 0)), n)
	for _, c := range wideColumns {
		b = long(long(b, int64(c.id)), f.records)
	}
	b = long(some(append(b, 0)), n)
	for _, c := range wideColumns {
		nulls := int64(0)
		if c.id >= 9 && c.id <= 17 && w.intn(3) > 0 {
			nulls = w.intn(f.records / 10)
		}
		b = long(long(b, int64(c.id)), nulls)
	}
	b = long(some(append(b, 0)), 5) // nan_value_counts: the doubles
	for _, c := range wideColumns {
		if c.kind == "double" {
			b = long(long(b, int64(c.id)), 0)
		}
	}
	b = append(b, 0)
	for _, upper := range []bool{false, true} {
		b = long(some(b), n)
		for _, c := range wideColumns {
			b = w.bound(long(b, int64(c.id)), c, f, upper)
		}
		b = append(b, 0)
	}
	return b
}

var (
	regions    = [8]string{"ap-north", "ap-south", "eu-central", "eu-west", "me-south", "sa-east", "us-east", "us-west"}
	eventTypes = [8]string{"alarm", "boot", "config", "heartbeat", "measurement", "shutdown", "upgrade", "wake"}
)

// bound appends the bytes of a bound, with their length.
func (w *writer) bound(b []byte, c column, f *file, upper bool) []byte {
	long8 := func(v int64) []byte { return binary.LittleEndian.AppendUint64(long(b, 8), uint64(v)) }
	int4 := func(v int64) []byte { return binary.LittleEndian.AppendUint32(long(b, 4), uint32(v)) }
	pick := func(lower, up int64) int64 {
		if upper {
			return up
		}
		return lower
	}
	switch c.name {
	case "event_ts":
		return long8(pick(f.min, f.max))
	case "ingest_ts", "landing_ts":
		return long8(pick(f.min+w.intn(60_000_000), f.max+w.intn(60_000_000)))
	case "event_id":
		return long8((f.hour-firstHour)*1_000_000_000 + pick(w.intn(1_000_000), 1_000_000+f.records))
	case "landing_date":
		return int4(f.hour / 24)
	case "landing_hour":
		return int4(f.hour % 24)
	case "seq_no":
		return int4(pick(w.intn(1000), f.records+w.intn(1000)))
	case "status_code":
		return int4(pick(200, 500+w.intn(20)))
	case "retries":
		return int4(pick(0, w.intn(9)))
	case "region":
		return text(b, regions[pick(0, 4)+w.intn(4)])
	case "event_type":
		return text(b, eventTypes[pick(0, 4)+w.intn(4)])
	case "batch_id":
		w.tmp = batchName(w.tmp[:0], f.hour, f.batch)
		return text(b, truncate(w.tmp, upper))
	}
	if c.kind == "double" {
		v := -50 + float64(w.intn(1<<30))/(1<<30)*10
		if upper {
			v += 130
		}
		return long8(int64(math.Float64bits(v)))
	}
	// Strings of many equally likely values: the extremes are near the ends.
	w.tmp = w.uuid(append(w.tmp[:0], "dev-"...))
	for i := range 2 {
		w.tmp[4+i] = "0f"[pick(0, 1)]
	}
	return text(b, truncate(w.tmp, upper))
}

// truncate does what Iceberg's truncate(16) does with metrics of strings.
func truncate(s []byte, upper bool) []byte {
	if len(s) > 16 {
		s = s[:16]
		if upper {
			s[15]++
		}
	}
	return s
}

// appendDate appends the ISO date of a day since 1970, for the years of these tables.
func appendDate(b []byte, day int64) []byte {
	// Howard Hinnant's civil_from_days, days after 0000-03-01.
	z := day + 719468
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d, m, y := doy-(153*mp+2)/5+1, mp+3, yoe+era*400
	if m > 12 {
		m, y = m-12, y+1
	}
	b = strconv.AppendInt(b, y, 10)
	return append(b, '-', byte('0'+m/10), byte('0'+m%10), '-', byte('0'+d/10), byte('0'+d%10))
}

// Date is the ISO date of an hour since 1970.
func Date(hour int64) string { return string(appendDate(nil, hour/24)) }
