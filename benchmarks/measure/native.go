package measure

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	name string
}

// buildNative compiles the program into dir, once. Errors wrap ErrNative.
func buildNative(dir string) (string, error) {
	bin := filepath.Join(dir, "native-limit")
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	src := filepath.Join(dir, "native-limit.c")
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
	n := &Native{child, name}
	if _, _, err := n.Pass(); err != nil { // a codec that was not built in shows here
		_ = n.Close() // err says more
		return nil, fmt.Errorf("%w: %w", ErrNative, err)
	}
	return n, nil
}

// Name is the library's.
func (n *Native) Name() string { return n.name }

// Pass reads and inflates all files once and returns the CPU time that took.
func (n *Native) Pass() (time.Duration, Work, error) {
	var ns int64
	var w Work
	line, err := n.Ask(func([]byte) bool { return true })
	if err == nil {
		_, err = fmt.Sscanln(string(line), &ns, &w.Entries, &w.Raw)
	}
	if err != nil {
		return 0, w, fmt.Errorf("run the limit in C: %w", err)
	}
	return time.Duration(ns), w, nil
}
