package lateinit_test

import (
	"os"
	"runtime"
	"runtime/metrics"
	"testing"

	_ "psyberg/engine/bridge/lateinit"
)

// What is put off is the first collection only: after it, the heap grows to
// twice its size before the next, as Go says.
func TestGarbageIsCollectedAsEver(t *testing.T) {
	if os.Getenv("GOGC") != "" {
		t.Skip("GOGC says when")
	}
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	for range 10_000 {
		runtime.GC()
		if metrics.Read(sample); sample[0].Value.Uint64() == 100 {
			return
		}
	}
	t.Errorf("the heap still grows by %d %%", sample[0].Value.Uint64())
}
