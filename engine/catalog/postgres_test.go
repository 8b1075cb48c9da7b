package catalog

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// postgres starts a server of the test's own and returns its URI. The test is
// skipped where PostgreSQL is not installed.
func postgres(t *testing.T) string {
	t.Helper()
	initdb, pgctl := postgresProgram("initdb"), postgresProgram("pg_ctl")
	if initdb == "" || pgctl == "" {
		t.Skip("PostgreSQL is not installed")
	}
	dir, err := os.MkdirTemp("", "psyberg-pg-") // short: a socket's path has a limit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var as *syscall.SysProcAttr
	if os.Geteuid() == 0 { // which the server refuses to be
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Skip("PostgreSQL does not run as root, and there is no user postgres")
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	run := func(program string, args ...string) error {
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.SysProcAttr = dir, as
		if out, err := cmd.Output(); err != nil {
			return fmt.Errorf("%s: %w: %s", program, err, out)
		}
		return nil
	}
	data := filepath.Join(dir, "data")
	if err := run(initdb, "-D", data, "-U", "psyberg", "-A", "trust", "--no-sync"); err != nil {
		t.Fatal(err)
	}
	options := fmt.Sprintf("-c listen_addresses=127.0.0.1 -c port=%d -c unix_socket_directories='%s' -c fsync=off", port, dir)
	if err := run(pgctl, "-D", data, "-w", "-o", options, "-l", filepath.Join(dir, "log"), "start"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run(pgctl, "-D", data, "-m", "immediate", "stop") })
	return fmt.Sprintf("postgresql+psycopg2://psyberg@127.0.0.1:%d/postgres", port)
}

func postgresProgram(name string) string {
	if p, err := exec.LookPath(name); err == nil {
		return p
	}
	if all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}
