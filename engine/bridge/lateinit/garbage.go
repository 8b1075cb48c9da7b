package lateinit

import (
	"os"
	"runtime"
	"runtime/debug"
)

// firstGoal is at what size of the heap garbage is collected for the first
// time, in percent of Go's own first goal, 4 MiB. What packages make before main
// stays, so that the three collections of a start took a tenth of its time and
// freed next to nothing; a scan has a heap as large anyway.
const firstGoal = 400

func init() {
	if os.Getenv("GOGC") != "" {
		return
	}
	before := debug.SetGCPercent(firstGoal)
	// The first collection finds it, and all after that are as ever.
	runtime.SetFinalizer(new(string), func(*string) { debug.SetGCPercent(before) })
}
