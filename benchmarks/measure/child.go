package measure

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// Child is a process that answers with a line whenever it is sent one.
type Child struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	diag bytes.Buffer // what it says on its standard error; whole when it has ended
	over error        // how it ended, where it was waited for
	done bool
}

// StartChild starts a command.
func StartChild(ctx context.Context, command ...string) (*Child, error) {
	c := &Child{cmd: exec.CommandContext(ctx, command[0], command[1:]...)}
	c.cmd.Stderr = &c.diag
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	return c, c.cmd.Start()
}

// Ask sends an empty line and returns the first line that is an answer, without what
// others print before it. Errors have the end of what the child said.
func (c *Child) Ask(isAnswer func(line []byte) bool) ([]byte, error) { return c.AskFor("", isAnswer) }

// AskFor is Ask with a line that says for what.
func (c *Child) AskFor(what string, isAnswer func(line []byte) bool) ([]byte, error) {
	if _, err := io.WriteString(c.in, what+"\n"); err != nil {
		return nil, c.fault(err)
	}
	for {
		line, err := c.out.ReadBytes('\n')
		if err != nil {
			return nil, c.fault(err)
		}
		if isAnswer(line) {
			return line, nil
		}
	}
}

func (c *Child) fault(err error) error {
	_ = c.Close() // err says more
	text := strings.TrimSpace(c.diag.String())
	return fmt.Errorf("%w: %s", err, text[max(0, len(text)-500):])
}

// Close ends the child, and kills it where it does not end by itself in ten
// seconds. It returns how it ended.
func (c *Child) Close() error {
	if c.done {
		return c.over
	}
	c.done = true
	closed := c.in.Close()
	kill := time.AfterFunc(10*time.Second, func() { _ = c.cmd.Process.Kill() }) // it may have ended by itself
	defer kill.Stop()
	c.over = errors.Join(closed, c.cmd.Wait())
	return c.over
}
