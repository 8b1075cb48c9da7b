// Package terminal types keys at a real terminal (tmux) and reads its screen, for
// the tests behind make test-terminal.
package terminal

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Terminal is one pane of a tmux server of its own.
type Terminal struct {
	t            testing.TB
	tmux, socket string
}

// Need is the tmux to use, from PSYBERG_TMUX; without it the test is skipped.
func Need(t testing.TB) string {
	t.Helper()
	tmux := os.Getenv("PSYBERG_TMUX")
	if tmux == "" {
		t.Skip("PSYBERG_TMUX names tmux: make test-terminal")
	}
	return tmux
}

// Start runs a program at a new terminal of columns × rows, in the folder dir;
// env are arguments of env(1) that come before the program's. The terminal ends
// with the test, and the program with it: what it still wrote is written before
// the test's folders are removed.
func Start(t testing.TB, name, dir string, columns, rows int, env []string, program ...string) Terminal {
	t.Helper()
	m := Terminal{t: t, tmux: Need(t), socket: fmt.Sprintf("psyql-%s-%d", name, os.Getpid())}
	args := append([]string{"new-session", "-d", "-x", strconv.Itoa(columns), "-y", strconv.Itoa(rows), "-s", "t", "-c", dir, "env"}, env...)
	m.run(append(args, program...)...)
	pid, err := strconv.Atoi(strings.TrimSpace(m.run("list-panes", "-t", "t", "-F", "#{pane_pid}")))
	if err != nil {
		t.Fatalf("the terminal's process: %v", err)
	}
	t.Cleanup(func() {
		_ = exec.Command(m.tmux, "-L", m.socket, "kill-server").Run() // ours alone
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if syscall.Kill(pid, 0) == syscall.ESRCH {
				return
			}
		}
		t.Errorf("process %d still runs a minute after its terminal is gone", pid)
	})
	return m
}

func (m Terminal) run(args ...string) string {
	m.t.Helper()
	out, err := exec.CommandContext(m.t.Context(), m.tmux, append([]string{"-L", m.socket, "-f", "/dev/null"}, args...)...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// Type types text as it stands.
func (m Terminal) Type(text string) {
	m.t.Helper()
	m.run("send-keys", "-t", "t", "-l", strings.TrimSuffix(text, ";"))
	if strings.HasSuffix(text, ";") { // tmux's own separator
		m.run("send-keys", "-t", "t", "-l", `\;`)
	}
}

// Key presses a key as tmux names it: Enter, Tab, C-c.
func (m Terminal) Key(name string) {
	m.t.Helper()
	m.run("send-keys", "-t", "t", name)
}

// Screen is what is on the screen, lines ended by newlines.
func (m Terminal) Screen() string {
	m.t.Helper()
	return m.run("capture-pane", "-p", "-t", "t")
}

// Colours is Screen with its escape sequences.
func (m Terminal) Colours() string {
	m.t.Helper()
	return m.run("capture-pane", "-e", "-p", "-t", "t")
}

// Await waits, a minute at most, for a screen that looks right, however slow the
// machine is, and returns the last one.
func (m Terminal) Await(right func(screen string) bool) string {
	m.t.Helper()
	screen := ""
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if screen = m.Screen(); right(screen) {
			break
		}
	}
	return screen
}

// Settled is the screen once it has not changed for a while.
func (m Terminal) Settled() string {
	m.t.Helper()
	last, same := "", 0
	for range 200 {
		time.Sleep(100 * time.Millisecond)
		now := m.Screen()
		if now != last {
			last, same = now, 0
		} else if same++; same == 6 {
			break
		}
	}
	return last
}
