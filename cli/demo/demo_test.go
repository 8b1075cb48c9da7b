package demo

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/engine"
)

// plain writes rows as lines of values, parted by bars.
func plain(w io.Writer, rows engine.Rows) error {
	for rows.Next() {
		var cells []string
		for _, v := range rows.Row() {
			cells = append(cells, fmt.Sprint(v))
		}
		fmt.Fprintln(w, strings.Join(cells, "|"))
	}
	return rows.Err()
}

// TestDemo plays it twice in one folder, and looks for what the story promises.
func TestDemo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "psyberg-demo")
	for range 2 {
		var out bytes.Buffer
		if err := Run(t.Context(), Options{Dir: dir, Out: &out, Show: plain}); err != nil {
			t.Fatalf("%v\nafter:\n%s", err, out.String())
		}
		rest := out.String()
		for _, want := range []string{
			// late: 03:41 and 02:17 where 6:00 was covered
			"raw.signups|landing_date=2023-09-14/landing_hour=6|2023-09-14 03:41:00 +0000 UTC|2023-09-14 06:00:00 +0000 UTC|",
			"raw.plans|landing_date=2023-09-14/landing_hour=6|2023-09-14 02:17:00 +0000 UTC|2023-09-14 06:00:00 +0000 UTC|",
			"|5|7|3|READY",                                  // cancels: hours 5 to 7
			"unique_keys|true|false|1|",                     // the audit fails
			"[PSY_AUDIT_FAILED]", "So nothing is published", // once for the audit,
			"[PSY_AUDIT_FAILED]",                                                       // once for the publish
			"unique_keys|true|true|0|",                                                 // mended
			"|2|6|5|READY",                                                             // the dimension: hours 2 to 6
			"1|2023-09-14 00:00:00 +0000 UTC|2|", "5|2023-09-14 00:00:00 +0000 UTC|6|", // five iterations, in order
			"|2023-09-14-06|179|false|[psyberg_run-2]", // the fifth hour, staged
			"overwrite|fast-forward|",
			"102|2023-09-14 01:00:00 +0000 UTC|active|basic|", "102|2023-09-14 02:00:00 +0000 UTC|active|premium|",
			"390|2023-09-14 03:00:00 +0000 UTC|active|",
			"account_state_load|facts.cancel_fact|2023-09-14 07:00:00 +0000 UTC|run-2", // valid_to is 7:00
			"|7|7|1|READY",                         // the next run takes hour 7
			"2023-09-14 07:00:00 +0000 UTC|184|20", // 204 accounts signed up, 20 have left
			"psyql -c",
		} {
			i := strings.Index(rest, want)
			if i < 0 {
				t.Fatalf("the story lacks %q after what came before it:\n%s", want, out.String())
			}
			rest = rest[i+len(want):]
		}
	}
}

// TestRunKeepsForeignFolders: a folder that no demo made is left alone.
func TestRunKeepsForeignFolders(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "psyberg-warehouse")
	if err := os.WriteFile(mine, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := Run(t.Context(), Options{Dir: dir, Out: io.Discard, Show: plain})
	if err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("got %v, want an error that says that the folder is not empty", err)
	}
	if text, err := os.ReadFile(mine); string(text) != "mine" {
		t.Errorf("the file is gone: %v", err)
	}
}
