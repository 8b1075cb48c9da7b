package measure

import (
	"runtime/metrics"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the CPU time that this process has used so far, user and system, of
// all its threads: also the garbage collector's.
func CPU() time.Duration { return clock(unix.CLOCK_PROCESS_CPUTIME_ID) }

// threadCPU is the CPU time that the calling thread has used so far. It is right
// to the nanosecond, as a file takes tens of microseconds; the process's clock
// counts other threads that run only up to their last tick.
func threadCPU() time.Duration { return clock(unix.CLOCK_THREAD_CPUTIME_ID) }

func clock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		panic("clock_gettime: " + err.Error()) // it fails only for a clock that does not exist
	}
	return time.Duration(t.Nano())
}

// assists is the time that goroutines which allocate were made to mark for the
// garbage collector so far, of collections that have ended.
func assists() time.Duration {
	s := []metrics.Sample{{Name: "/cpu/classes/gc/mark/assist:cpu-seconds"}}
	metrics.Read(s)
	return time.Duration(s[0].Value.Float64() * float64(time.Second))
}
