package suite

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"psyberg/benchmarks/tables"
)

// Flags are those that the commands here share.
type Flags struct {
	Dir     string // of the tables, see tables.Dir
	Down    int    // by how much the tables are smaller; 1 is the real ones
	Rounds  int    // how often each variant is measured
	Only    *regexp.Regexp
	Results string // a folder; "": nothing is written
}

// ParseFlags parses the command line: Flags, and what else the command has
// defined. only and results say what -only and -results are about. ok is false,
// and the usage was printed, where something is wrong.
func ParseFlags(rounds int, only, results string) (f Flags, ok bool) {
	dir, err := tables.Dir()
	if err != nil {
		dir = filepath.Join(os.TempDir(), "psyberg-bench")
	}
	flag.StringVar(&f.Dir, "dir", dir, "`folder` that keeps what is measured; also $PSYBERG_BENCH_DIR")
	flag.IntVar(&f.Down, "down", 1, "divide the tables' sizes by `n`")
	flag.IntVar(&f.Rounds, "rounds", rounds, "measure each `n` times at least, in turn")
	match := flag.String("only", "", "only "+only+" whose name matches `regexp`")
	flag.StringVar(&f.Results, "results", "", "write "+results+" into `folder`")
	flag.Parse()
	if f.Only, err = regexp.Compile(*match); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return f, false
	}
	if flag.NArg() > 0 || f.Down < 1 || f.Rounds < 1 {
		flag.Usage()
		return f, false
	}
	return f, true
}
