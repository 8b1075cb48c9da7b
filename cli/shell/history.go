package shell

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// History are the statements of earlier sessions and of those that run now: one
// file, a JSON object a line ({"at": seconds, "sql": text}), appended in one
// write each, so that sessions share it. A statement that was typed again moves
// to the end. The zero History keeps nothing on disk.
type History struct {
	path    string
	entries []string
	read    int64 // bytes of the file that are in entries
}

// Limits of the file: above maxHistory entries it is written anew with half of them.
const (
	maxHistory = 20000
	maxEntry   = 1 << 20
)

type historyLine struct {
	At  int64  `json:"at"`
	SQL string `json:"sql"`
}

// OpenHistory reads a history file, which need not be there. "" keeps none.
func OpenHistory(path string) (*History, error) {
	h := &History{path: path}
	if path == "" {
		return h, nil
	}
	lines, err := h.refresh()
	if err == nil && lines > maxHistory {
		err = h.shorten()
	}
	return h, err
}

// refresh reads what has been appended since, also by other sessions.
func (h *History) refresh() (lines int, err error) {
	if h.path == "" {
		return 0, nil
	}
	f, err := os.Open(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read history: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() < h.read {
		h.read, h.entries = 0, nil // another session has shortened it
	}
	if _, err := f.Seek(h.read, 0); err != nil {
		return 0, fmt.Errorf("read history: %w", err)
	}
	in := bufio.NewReader(f)
	for {
		line, err := in.ReadString('\n')
		if err != nil { // a half line is another session's, on its way
			break
		}
		h.read += int64(len(line))
		lines++
		var l historyLine
		if json.Unmarshal([]byte(line), &l) == nil && l.SQL != "" {
			h.remember(l.SQL)
		}
	}
	return lines, nil
}

// remember puts text last, and takes it out where it was before.
func (h *History) remember(text string) {
	if n := len(h.entries); n > 0 && h.entries[n-1] == text {
		return
	}
	h.entries = append(h.entries, text)
}

// shorten writes the newer half of the entries, each once.
func (h *History) shorten() error {
	keep := h.All()
	keep = keep[max(0, len(keep)-maxHistory/2):]
	tmp, err := os.CreateTemp(filepath.Dir(h.path), ".history-*")
	if err != nil {
		return fmt.Errorf("shorten history: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // it is gone where it was renamed
	out := bufio.NewWriter(tmp)
	enc := json.NewEncoder(out)
	for _, text := range keep {
		_ = enc.Encode(historyLine{0, text}) // an error of the writer shows at Flush
	}
	err = errors.Join(out.Flush(), tmp.Chmod(0o600), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), h.path)
	}
	if err != nil {
		return fmt.Errorf("shorten history: %w", err)
	}
	h.entries, h.read = keep, 0
	if info, err := os.Stat(h.path); err == nil {
		h.read = info.Size()
	}
	return nil
}

// Add appends a statement.
func (h *History) Add(text string) error {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxEntry {
		return nil
	}
	if h.path == "" {
		h.remember(text)
		return nil
	}
	if _, err := h.refresh(); err != nil {
		return err
	}
	if n := len(h.entries); n > 0 && h.entries[n-1] == text {
		return nil
	}
	line, err := json.Marshal(historyLine{time.Now().Unix(), text})
	if err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	f, err := os.OpenFile(h.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	_, err = h.refresh()
	return err
}

// All are the entries, oldest first, each once, where it was typed last.
func (h *History) All() []string {
	seen := make(map[string]bool, len(h.entries))
	out := make([]string, 0, len(h.entries))
	for i := len(h.entries) - 1; i >= 0; i-- {
		if !seen[h.entries[i]] {
			seen[h.entries[i]] = true
			out = append(out, h.entries[i])
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}
