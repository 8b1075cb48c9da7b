package tables

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// Layout is how a writer cuts a manifest into Avro blocks.
type Layout string

// The layouts.
const (
	Java      Layout = "java"      // a block when 64,000 bytes are full
	PyIceberg Layout = "pyiceberg" // a block per entry
)

// The codecs, as Avro's headers name them.
const (
	Null    = "null"
	Deflate = "deflate"
	Snappy  = "snappy"
	Zstd    = "zstandard"
)

// Config says what table to make.
type Config struct {
	Name   string // of the folder and the table: letters, digits, '-'
	Seed   uint64
	Layout Layout
	Codec  string
	// Level of deflate, 1 to 9. What inflating costs depends little on it, what
	// making the table costs very much.
	Level int
	// Wide tables have counts and bounds of 22 columns in every entry and are
	// partitioned by date, hour and batch; others have those of event_ts alone
	// and are partitioned by date and hour.
	Wide bool
	// Groups are the manifests in the order they came to be: how many
	// snapshots' files each holds. One of several snapshots was merged by the
	// last of them.
	Groups []int
	// Files that a snapshot adds.
	Files int
	// FilesPerHour go into one hour of landing time.
	FilesPerHour int
	// Archive is the old part: one snapshot, the ArchiveAge-th from the end,
	// that added ArchiveFiles files of the hours before all others in
	// ArchiveManifests manifests. ArchivePerHour of them are of one hour.
	ArchiveManifests, ArchiveFiles, ArchivePerHour, ArchiveAge int
}

// repeat is n times v.
func repeat(v, n int) []int { return slices.Repeat([]int{v}, n) }

// T1 is wide: 50 manifests of 8,000 entries with bounds of 22 columns. down
// divides the number of entries by it; 1 is the whole table.
func T1(down int) Config {
	return Config{Name: name("T1", down), Seed: 7, Layout: Java, Codec: Deflate, Level: 6, Wide: true,
		Groups: repeat(1, max(50/min(down, 10), 3)), Files: 8000 * min(down, 10) / down, FilesPerHour: max(400*10/max(down, 10), 8)}
}

// T2 is long: 2,000 snapshots, 1,000 manifests, 1,000,000 entries with bounds
// of one column. Most manifests were merged of two; those of the last ten
// snapshots were not yet.
func T2(down int) Config {
	g := slices.Concat(repeat(3, 10), repeat(2, 980), repeat(1, 10))
	if down > 1 {
		g = slices.Concat(repeat(3, 3), repeat(2, max(980/down, 2)), repeat(1, 10))
	}
	files := max(500*10/max(down, 10), 20)
	return Config{Name: name("T2", down), Seed: 11, Layout: Java, Codec: Deflate, Level: 6, Groups: g, Files: files, FilesPerHour: files}
}

// T3 is T1 in PyIceberg's layout.
func T3(down int) Config {
	c := T1(down)
	c.Name, c.Layout = name("T3", down), PyIceberg
	return c
}

// T4 is large: 10,000 snapshots, 5,000 manifests, 10,000,000 entries. A merge
// took the manifests of 100 snapshots at a time; nine tenths of the files came
// in one snapshot, the thirtieth from the end. old multiplies that old part.
func T4(down, old int) Config {
	c := Config{Name: name("T4", down), Seed: 13, Layout: Java, Codec: Deflate, Level: 4,
		Groups: slices.Concat([]int{49}, repeat(100, 99), repeat(1, 50)), Files: 100, FilesPerHour: 100,
		ArchiveManifests: 4850 * old, ArchiveFiles: 9_000_100 * old, ArchivePerHour: 400 * old, ArchiveAge: 30}
	if down > 1 {
		c.Groups = slices.Concat([]int{9}, repeat(10, max(990/down, 2)), repeat(1, 20))
		c.Files = max(c.Files/10, 5)
		c.FilesPerHour = c.Files
		c.ArchiveManifests, c.ArchiveFiles = max(c.ArchiveManifests/down, 3), max(c.ArchiveFiles/down, 30)
		c.ArchiveAge = 15
	}
	if old > 1 {
		c.Name += fmt.Sprintf("-old%d", old)
	}
	return c
}

func name(base string, down int) string {
	if down == 1 {
		return base
	}
	return fmt.Sprintf("%s-%dth", base, down)
}

// With returns the config with another codec.
func (c Config) With(codec string) Config {
	if codec != c.Codec {
		c.Name += "-" + codec
		c.Codec = codec
	}
	return c
}

// Snapshots is how many snapshots the table has.
func (c Config) Snapshots() int {
	n := 0
	for _, g := range c.Groups {
		n += g
	}
	if c.ArchiveFiles > 0 {
		n++
	}
	return n
}

// Manifests is how many manifests the last snapshot has.
func (c Config) Manifests() int { return len(c.Groups) + c.ArchiveManifests }

// Entries is how many entries the last snapshot's manifests have.
func (c Config) Entries() int {
	n := c.ArchiveFiles
	for _, g := range c.Groups {
		n += g * c.Files
	}
	return n
}

// key tells tables of one name and different content apart.
func (c Config) key() string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %+v", generation, c)
	return fmt.Sprintf("%s-%08x", strings.ToLower(c.Name), h.Sum64()>>32)
}

// generation changes when the same Config makes other bytes than before.
const generation = 1

func (c Config) check() error {
	switch {
	case c.Layout != Java && c.Layout != PyIceberg:
		return fmt.Errorf("make table %q: layout %q is none of %q, %q", c.Name, c.Layout, Java, PyIceberg)
	case len(c.Groups) == 0 || c.Files < 1 || c.FilesPerHour < 1 || slices.Min(c.Groups) < 1:
		return fmt.Errorf("make table %q: groups, files and files per hour must be at least 1", c.Name)
	case c.ArchiveFiles > 0 && (c.ArchiveManifests < 1 || c.ArchivePerHour < 1 || c.ArchiveAge < 2 || c.ArchiveAge > len(c.Groups)):
		return fmt.Errorf("make table %q: an archive needs manifests, files per hour, and to be younger than the first manifest", c.Name)
	}
	return nil
}
