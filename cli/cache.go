package cli

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Values of --cache-dir that are no folder. Off is what is when nobody says
// anything: a tool that runs in jobs and containers writes where it was told
// to, and a cache answers for manifests as they were when they were decoded,
// also where somebody has since damaged or removed them.
const (
	cacheOff  = "off"
	cacheAuto = "auto"
)

// cacheFolder is the folder that --cache-dir means; "": none.
func cacheFolder(flag string) (string, error) {
	switch flag {
	case "", cacheOff:
		return "", nil
	case cacheAuto:
		base, err := os.UserCacheDir()
		if err != nil {
			return "", usageError{fmt.Errorf("--cache-dir auto: %w; name a folder, or 'off'", err)}
		}
		return filepath.Join(base, "psyql"), nil
	}
	return flag, nil
}

// byteSize is a flag's number of bytes.
type byteSize int64

// units, the longest first: B is the end of all.
var units = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"", 1},
}

func (b *byteSize) String() string {
	for i := 3; i >= 0; i-- {
		if n := int64(units[i].bytes); int64(*b) >= n && int64(*b)%n == 0 {
			return strconv.FormatInt(int64(*b)/n, 10) + units[i].name
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

func (b *byteSize) Set(text string) error {
	for _, u := range units {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || math.IsNaN(v) || v*u.bytes < 1 || v*u.bytes > 1<<60 {
			break
		}
		*b = byteSize(v * u.bytes)
		return nil
	}
	return errors.New("not a size above 0 such as 500MB or 4GiB")
}

func (b *byteSize) Type() string { return "size" }
