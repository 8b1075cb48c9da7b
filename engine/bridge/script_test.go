package bridge

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// A script runs to its end or to its first error, whose transaction is undone.
func TestScript(t *testing.T) {
	t.Parallel()
	d := openDB(t)
	ctx, cancel := context.WithCancel(context.Background())
	script := func(text string) error { return d.Script(ctx, Native(d.conn), text) }
	if err := script("CREATE TABLE t (i INT); BEGIN; INSERT INTO t VALUES (1); INSERT INTO t VALUES (2);\nCOMMIT"); err != nil {
		t.Fatal(err)
	}
	var damaged *Error
	if err := script("BEGIN; INSERT INTO t VALUES (3); INSERT INTO none VALUES (4); COMMIT"); !errors.As(err, &damaged) {
		t.Errorf("a table that is not there: %v", err)
	}
	d.rows("ROLLBACK")
	if got := fmt.Sprint(d.rows("SELECT count(*), sum(i)::INT FROM t")); got != "[[2 3]]" {
		t.Errorf("rows: %s", got)
	}
	cancel()
	if err := script("INSERT INTO t VALUES (5)"); !errors.Is(err, context.Canceled) {
		t.Errorf("a script of somebody who has gone: %v", err)
	}
}
