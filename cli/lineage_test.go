package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"psyberg/internal/testtables"
)

// lineageServer keeps the events that a real server gets.
type lineageServer struct {
	*httptest.Server
	mu     sync.Mutex
	events []map[string]any
	auth   string
}

func newLineageServer(t *testing.T, status int) *lineageServer {
	s := &lineageServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event map[string]any
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &event)
		}
		if err != nil || r.Method != http.MethodPost || r.URL.Path != "/api/v1/lineage" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
		s.mu.Lock()
		s.events, s.auth = append(s.events, event), r.Header.Get("Authorization")
		s.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s
}

// psyqlAgainst runs psyql as a process and returns its exit code and stderr.
func psyqlAgainst(t *testing.T, env []string, args ...string) (int, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(self, args...)
	cmd.Args[0], cmd.Stderr = "psyql", &stderr
	cmd.Env = append(append(os.Environ(), "PSYQL_TEST_MAIN=1", "PSYQL_LOG_LEVEL=warn"), env...)
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stderr.String()
}

// at follows keys and indexes into JSON.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// TestLineageOfARun: START, then COMPLETE with what was read and written, each
// with its snapshot as text, in one run of one job below its parent.
func TestLineageOfARun(t *testing.T) {
	t.Parallel()
	dir := testtables.Copy(t, "spark", "life")
	server := newLineageServer(t, http.StatusCreated)
	script := filepath.Join(t.TempDir(), "load.sql")
	text := "COPY (SELECT * FROM iceberg_rows('life.plan_fact')) TO 'life.copied' (FORMAT iceberg, CREATE_TABLE true)"
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stderr := psyqlAgainst(t, []string{"OPENLINEAGE_URL=" + server.URL + "/", "OPENLINEAGE_NAMESPACE=etl", "OPENLINEAGE_API_KEY=geheim",
		"OPENLINEAGE_PARENT_ID=airflow/dag.task/0190e3c1-0000-7000-8000-000000000000",
		"PSYQL_CATALOG_URI=sqlite:///" + filepath.ToSlash(filepath.Join(dir, "catalog.db")), "PSYQL_WAREHOUSE=" + dir}, "-f", script)
	if code != 0 || stderr != "" || len(server.events) != 2 || server.auth != "Bearer geheim" {
		t.Fatalf("exit %d, %d events, %s", code, len(server.events), stderr)
	}
	start, end := server.events[0], server.events[1]
	for i, e := range server.events {
		if at(e, "eventType") != []string{"START", "COMPLETE"}[i] || at(e, "job", "namespace") != "etl" || at(e, "job", "name") != "load" ||
			at(e, "run", "runId") != at(start, "run", "runId") || len(at(e, "run", "runId").(string)) != 36 || at(e, "schemaURL") == nil ||
			at(e, "job", "facets", "sql", "query") != text || at(e, "run", "facets", "parent", "job", "name") != "dag.task" {
			t.Errorf("event %d: %v", i, e)
		}
		if _, err := time.Parse(time.RFC3339, at(e, "eventTime").(string)); err != nil {
			t.Error(err)
		}
	}
	in, out := at(end, "inputs").([]any), at(end, "outputs").([]any)
	if len(in) != 1 || len(out) != 1 || !strings.HasSuffix(at(in, 0, "name").(string), "life/plan_fact") || !strings.HasSuffix(at(out, 0, "name").(string), "/copied") {
		t.Fatalf("inputs %v\noutputs %v", in, out)
	}
	for _, d := range []any{in[0], out[0]} {
		version, ok := at(d, "facets", "version", "datasetVersion").(string)
		if !ok || len(version) < 10 || at(d, "namespace") != "file" || at(d, "facets", "symlinks", "identifiers", 0, "type") != "TABLE" {
			t.Errorf("dataset %v", d)
		}
	}
}

// TestLineageOfAFailure: FAIL with the message, without secrets; ABORT for a
// signal; and no lineage where nothing runs.
func TestLineageOfAFailure(t *testing.T) {
	t.Parallel()
	server := newLineageServer(t, http.StatusOK)
	env := []string{"OPENLINEAGE_URL=" + server.URL}
	if code, stderr := psyqlAgainst(t, env, "-c", "SELECT 'password=geheim' AS x; SELECT nix"); code != ExitSQL || !strings.Contains(stderr, "nix") {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	message, _ := at(server.events[1], "run", "facets", "errorMessage", "message").(string)
	query, _ := at(server.events[1], "job", "facets", "sql", "query").(string)
	if at(server.events[1], "eventType") != "FAIL" || !strings.Contains(message, "-c:1:") || strings.Contains(query, "geheim") || query == "" {
		t.Errorf("%v", server.events[1])
	}
	for _, args := range [][]string{{"version"}, {"help", "outputs"}, {"--fromat", "x"}, {"-f", "missing.sql"}} {
		psyqlAgainst(t, env, args...)
	}
	if len(server.events) != 2 {
		t.Errorf("%d events", len(server.events))
	}

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-c", "SELECT 1 AS begun; SELECT count(*) FROM range(1000000000000)")
	cmd.Args[0], cmd.Env = "psyql", append(append(os.Environ(), "PSYQL_TEST_MAIN=1"), env...)
	stderr := &watched{text: "statement=1", seen: make(chan struct{})}
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-stderr.seen:
	case <-time.After(20 * time.Second):
		t.Error("it did not begin")
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != ExitTerminated || len(server.events) != 4 || at(server.events[3], "eventType") != "ABORT" {
		t.Errorf("exit %d, events %v", code, server.events)
	}
}

// TestLineageNeverFailsTheStep: a server that refuses, hangs or is not there is
// a warning.
func TestLineageNeverFailsTheStep(t *testing.T) {
	t.Parallel()
	refusing := newLineageServer(t, http.StatusInternalServerError)
	hang := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(hanging.Close)
	t.Cleanup(func() { close(hang) })
	for what, url := range map[string]string{"refuses": refusing.URL, "hangs": hanging.URL, "is not there": "http://127.0.0.1:9", "is no address": "::nothing::"} {
		begun := time.Now()
		code, stderr := psyqlAgainst(t, []string{"OPENLINEAGE_URL=" + url}, "-c", "SELECT 1")
		if code != 0 || !strings.Contains(stderr, "the OpenLineage event could not be sent") || time.Since(begun) > 30*time.Second {
			t.Errorf("a server that %s: exit %d after %v, %s", what, code, time.Since(begun), stderr)
		}
	}
}
