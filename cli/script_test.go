package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"psyberg/internal/testtables"
)

// TestMain makes psyql a command of the scripts: the test binary, run again
// under that name, is the real program.
func TestMain(m *testing.M) {
	if os.Getenv("PSYQL_TEST_MAIN") != "" { // a test that is no script runs psyql
		os.Exit(Main(context.Background(), os.Args[1:], System()))
	}
	testscript.Main(cleaning{m}, map[string]func(){
		"psyql": func() { os.Exit(Main(context.Background(), os.Args[1:], System())) },
	})
}

type cleaning struct{ *testing.M }

func (c cleaning) Run() int {
	defer testtables.Cleanup()
	defer removeFresh()
	return c.M.Run()
}

var rewrite = flag.Bool("rewrite", false, "write what psyql prints into the scripts")

// TestScripts runs testdata/*.txtar: psyql as a process, seen from outside.
// Besides testscript's own commands there are
//
//	tables NAME                   point psyql at the tables of testdata/NAME.tgz
//	warehouse NAME NAMESPACE      point it at a copy of one namespace of them, which may be written to
//	exits CODE psyql ARGS...      run a command that must end with CODE
//	signalled SIGNAL CODE TEXT psyql ARGS...
//	                              run it, send SIGNAL once TEXT is on stderr; it must end with CODE
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *rewrite,
		Setup: func(env *testscript.Env) error {
			env.Values[testingT{}] = t
			env.Setenv("NL", "\n")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"tables": tables, "warehouse": warehouse, "exits": exits, "signalled": signalled,
		},
	})
}

type testingT struct{}

func tables(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: tables NAME")
	}
	dir := testtables.Unpack(ts.Value(testingT{}).(*testing.T), args[0])
	ts.Setenv("TABLES", dir)
	ts.Setenv("PSYQL_CATALOG_URI", "sqlite:///"+filepath.ToSlash(filepath.Join(dir, "catalog.db")))
	ts.Setenv("PSYQL_PATH_MAP", "/warehouse/"+args[0]+"="+dir)
}

func warehouse(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: warehouse NAME NAMESPACE")
	}
	dir := testtables.Copy(ts.Value(testingT{}).(*testing.T), args[0], args[1])
	ts.Setenv("WAREHOUSE", dir)
	ts.Setenv("PSYQL_CATALOG_URI", "sqlite:///"+filepath.ToSlash(filepath.Join(dir, "catalog.db")))
	ts.Setenv("PSYQL_WAREHOUSE", dir)
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS...")
	}
	err := ts.Exec(args[1], args[2:]...)
	if got := strconv.Itoa(codeOf(ts, err)); got != args[0] {
		ts.Fatalf("exit code %s, want %s\n%s", got, args[0], ts.ReadFile("stderr"))
	}
}

func codeOf(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	ts.Fatalf("%v", err)
	return -1
}

// watched is a stderr that says when a text has come.
type watched struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	text string
	seen chan struct{}
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := strings.Contains(w.buf.String(), w.text)
	w.buf.Write(p)
	if !before && strings.Contains(w.buf.String(), w.text) {
		close(w.seen)
	}
	return len(p), nil
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

func signalled(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 4 {
		ts.Fatalf("usage: signalled SIGNAL CODE TEXT COMMAND ARGS...")
	}
	signal := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}[args[0]]
	path := ""
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if _, err := os.Stat(filepath.Join(dir, args[3])); err == nil && path == "" {
			path = filepath.Join(dir, args[3])
		}
	}
	stderr := &watched{text: args[2], seen: make(chan struct{})}
	cmd := exec.Command(path, args[4:]...)
	cmd.Dir, cmd.Stderr = ts.MkAbs("."), stderr
	cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"))
	ts.Check(cmd.Start())
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-stderr.seen:
	case err := <-done:
		ts.Fatalf("ended before %q was on stderr: %v\n%s", args[2], err, stderr)
	case <-time.After(30 * time.Second):
		cmd.Process.Kill()
		ts.Fatalf("no %q on stderr:\n%s", args[2], stderr)
	}
	time.Sleep(50 * time.Millisecond) // well into what comes after it
	ts.Check(cmd.Process.Signal(signal))
	start := time.Now()
	select {
	case err := <-done:
		if got := strconv.Itoa(codeOf(ts, err)); got != args[1] {
			ts.Fatalf("exit code %s, want %s\n%s", got, args[1], stderr)
		}
		ts.Logf("ended %v after the signal", time.Since(start))
	case <-time.After(10 * time.Second):
		cmd.Process.Kill()
		ts.Fatalf("still running 10 s after the signal")
	}
}
