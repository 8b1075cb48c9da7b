package measure

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine says what this runs on, a fact a line: "name: value".
func Machine() []string {
	facts := []string{
		fmt.Sprintf("CPU: %s, %d threads", field("/proc/cpuinfo", "model name"), runtime.NumCPU()),
		"memory: " + field("/proc/meminfo", "MemTotal"),
		fmt.Sprintf("system: %s %s, %s", runtime.GOOS, first("/proc/sys/kernel/osrelease"), runtime.GOARCH),
		"Go: " + runtime.Version(),
	}
	return append(facts, "load when it began (1, 5, 15 minutes): "+Load())
}

// Load is the load average, "" where it is not known.
func Load() string {
	f := strings.Fields(first("/proc/loadavg"))
	if len(f) < 3 {
		return ""
	}
	return strings.Join(f[:3], ", ")
}

// field is the value of the first line of a file of "name: value" lines.
func field(file, name string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

func first(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return line
}
