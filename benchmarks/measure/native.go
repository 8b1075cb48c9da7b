package measure

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

//go:embed native/limit.c
var nativeSource []byte

// ErrNative says that there is no limit in C on this machine, and why.
var ErrNative = errors.New("no limit in C: it needs a C compiler and libdeflate with its header")

// Native is the limit measured in C: libdeflate for deflate, libzstd for
// zstandard. It is a process of its own, so that nothing here needs cgo.
type Native struct {
	*Child
	name  string
	files int
}

// buildNative compiles the program into dir, once: its name has a sum of the
// source, as an older one there speaks otherwise. Errors wrap ErrNative.
func buildNative(dir string) (string, error) {
	bin := filepath.Join(dir, fmt.Sprintf("native-limit-%.4x", sha256.Sum256(nativeSource)))
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	src := bin + ".c"
	if err := os.WriteFile(src, nativeSource, 0o644); err != nil {
		return "", err
	}
	var out []byte
	var err error
	for _, args := range [][]string{{"-DWITH_ZSTD", "-lzstd"}, {"-DWITHOUT_ZSTD", "-ldeflate"}} {
		cmd := exec.Command("cc", "-O2", args[0], "-o", bin+".new", src, "-ldeflate", args[1])
		if out, err = cmd.CombinedOutput(); err == nil {
			return bin, os.Rename(bin+".new", bin)
		}
	}
	return "", fmt.Errorf("%w: %w: %.200s", ErrNative, err, out)
}

// StartNative starts the program over files, which are all of codec. Errors
// wrap ErrNative where this machine, or codec, has none.
func StartNative(dir, codec string, files []string) (*Native, error) {
	name := map[string]string{"deflate": "libdeflate", "zstandard": "libzstd"}[codec]
	if name == "" {
		return nil, fmt.Errorf("%w; codec %q is not measured there", ErrNative, codec)
	}
	bin, err := buildNative(dir)
	if err != nil {
		return nil, err
	}
	child, err := StartChild(context.Background(), append([]string{bin, codec}, files...)...)
	if err != nil {
		return nil, err
	}
	n := &Native{child, name, len(files)}
	if _, _, err := n.Pass(); err != nil { // a codec that was not built in shows here
		_ = n.Close() // err says more
		return nil, fmt.Errorf("%w: %w", ErrNative, err)
	}
	return n, nil
}

// Name is the library's.
func (n *Native) Name() string { return n.name }

// Pass reads and inflates all files once and returns the CPU time of each.
func (n *Native) Pass() ([]time.Duration, Work, error) { return n.some(0, n.files) }

// some is Pass over the files from a first one up to another.
func (n *Native) some(from, to int) ([]time.Duration, Work, error) {
	line, err := n.AskFor(fmt.Sprintf("%d %d", from, to), func([]byte) bool { return true })
	if err != nil {
		return nil, Work{}, fmt.Errorf("run the limit in C: %w", err)
	}
	times, w, err := parsePass(line, to-from)
	if err != nil {
		return nil, w, fmt.Errorf("run the limit in C: %w", err)
	}
	return times, w, nil
}

// parsePass reads the program's answer: "entries raw" and the nanoseconds of
// each file.
func parsePass(line []byte, files int) ([]time.Duration, Work, error) {
	fields := bytes.Fields(line)
	if len(fields) != 2+files {
		return nil, Work{}, fmt.Errorf("an answer of %d numbers about %d files", len(fields), files)
	}
	n := make([]int64, len(fields))
	for i, f := range fields {
		var err error
		if n[i], err = strconv.ParseInt(string(f), 10, 64); err != nil {
			return nil, Work{}, fmt.Errorf("number %d of an answer: %w", i+1, err)
		}
		if n[i] < 0 {
			return nil, Work{}, fmt.Errorf("number %d of an answer is %d", i+1, n[i])
		}
	}
	times := make([]time.Duration, files)
	for i, ns := range n[2:] {
		times[i] = time.Duration(ns)
	}
	return times, Work{Entries: n[0], Raw: n[1]}, nil
}

// Variant is a pass that is measured: the time of each file there, and nothing
// of what this process does meanwhile.
func (n *Native) Variant() Variant {
	files := func(step int) iter.Seq2[time.Duration, error] {
		return func(yield func(time.Duration, error) bool) {
			for from := 0; from < n.files; from += step {
				times, _, err := n.some(from, min(from+step, n.files))
				if err != nil {
					yield(0, err)
					return
				}
				for _, d := range times {
					if !yield(d, nil) {
						return
					}
				}
			}
		}
	}
	return Variant{Name: n.name, files: files, Run: func(c *Cost) (err error) {
		c.Files, _, err = n.Pass()
		c.CPU = sum(c.Files)
		return err
	}}
}
