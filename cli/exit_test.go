package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"psyberg/engine/lex"
)

func TestExitCode(t *testing.T) {
	sql := func(text string) error { return &lex.Error{Err: errors.New(text)} }
	for _, tc := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("read psyql.yaml: line 3: no catalog"), 1},
		{usageError{errors.New("unknown flag --x")}, 2},
		{sql("Parser Error: syntax error at or near FORM"), 3},
		{sql("Catalog Error: Table with name x does not exist!"), 3},
		{sql("Invalid Input Error: psyberg_window: source s.t: [PSY_EXPIRED_GAP] ..."), 6},
		{sql("[PSY_ROLLED_BACK]"), 6},
		{sql("[PSY_REPLACED]"), 6},
		{sql("[PSY_CATCHUP_THRESHOLD]"), 6},
		{sql("[PSY_OVERWRITE]"), 6},
		{sql("[PSY_MISSING_BOUNDS]"), 6},
		{sql("[PSY_NO_VTTS]"), 6},
		{errors.New("publish s.t: audit counts: [PSY_AUDIT_FAILED]"), 4},
		{errors.New("commit s.t: [PSY_CONFLICT] 5 attempts"), 5},
		{errors.New("[PSY_SUPERSEDED]"), 1},
		{errors.New("[PSY_PUBLISH_REFUSED]"), 1},
		{sql(`read manifest "m1.avro": [PSY_DAMAGED]`), 1},
		{sql("[PSY_UNHEARD_OF] x"), 3},
		{sql("[PSY_UNHEARD_OF] after [PSY_CONFLICT]"), 5},
		{sql("IO Error: Could not read from file: Input/output error"), 5},
		{sql("HTTP Error: 503"), 5},
		{sql(`IO Error: No files found that match the pattern "x.csv"`), 3},
		{sql(`IO Error: Cannot open file "x": No such file or directory`), 3},
		{sql("Invalid Input Error: psyberg_commit: commit s.t: database is locked (5) (SQLITE_BUSY)"), 5},
		{sql("Invalid Input Error: Get \"http://h/v1/config\": dial tcp: connect: connection refused"), 5},
		{&lex.Error{Err: outputError{errors.New("IO Error: no space left on device")}}, 1},
		{sql(`Invalid Input Error: iceberg_tables: open catalog "local": the catalog's file is not there: /x.db`), 1},
		{sql(`Invalid Input Error: iceberg_tables: open catalog "local": dial tcp: connection refused`), 5},
		{errNothingToDo, 99},
		{fmt.Errorf("statement 3: %w", errTimeout), 124},
		{context.DeadlineExceeded, 124},
		{&lex.Error{Err: signalError{os.Interrupt}}, 130},
		{signalError{syscall.SIGTERM}, 143},
	} {
		if got := ExitCode(tc.err); got != tc.want {
			t.Errorf("ExitCode(%v) = %d, want %d", tc.err, got, tc.want)
		}
	}
}
