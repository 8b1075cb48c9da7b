package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"psyberg/engine"
	"psyberg/engine/lex"
	"psyberg/functions/surface"
)

// traced returns a context in which functions note what they read, where
// somebody wants to know it.
func (r *runner) traced(ctx context.Context) (context.Context, *surface.Trace) {
	if !r.app.opts.explain && r.app.lineage == nil && !r.app.progressing() {
		return ctx, nil
	}
	t := &surface.Trace{}
	return surface.WithTrace(ctx, t), t
}

// explain logs what each function of a statement read (--explain), and
// remembers the tables.
func (r *runner) explain(stmt lex.Statement, trace *surface.Trace) {
	if trace == nil {
		return
	}
	for _, c := range trace.Calls() {
		r.reads = append(r.reads, c.Tables...)
		if !r.app.opts.explain {
			continue
		}
		attrs := []any{"at", fmt.Sprintf("%s:%d", stmt.Source.File, stmt.Position().Line), "statement", stmt.Number}
		if c.Function != "" {
			attrs = append(attrs, "function", c.Function)
		}
		var tables, levels, written []string
		for _, t := range c.Tables {
			name := t.Name
			if t.Snapshot != 0 {
				name += fmt.Sprintf("@%d", t.Snapshot)
			}
			if t.Written {
				written = append(written, name)
				continue
			}
			tables = append(tables, name)
			if t.Level != "" {
				levels = append(levels, t.Level)
			}
		}
		if len(tables) > 0 {
			attrs = append(attrs, "tables", strings.Join(tables, ","))
		}
		if len(levels) > 0 {
			attrs = append(attrs, "level", strings.Join(levels, ","))
		}
		if len(written) > 0 {
			attrs = append(attrs, "wrote", strings.Join(written, ","))
		}
		attrs = append(attrs, "manifests", c.Manifests+c.CacheHits, "lists", c.Lists, "bytes", c.Bytes, "cache_hits", c.CacheHits)
		r.app.explained.Info("read", attrs...)
	}
}

// progress is a line on a terminal about a statement that takes long. Its zero
// value and nil show nothing.
type progress struct {
	once sync.Once
	done chan struct{}
	gone chan struct{}
}

// progressAfter is when a statement takes long; then the line is drawn anew
// every progressEvery.
const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

// progressing reports whether progress is to be shown.
func (a *app) progressing() bool {
	term, _ := a.io.Env("TERM")
	return a.opts.progress && !a.opts.quiet && a.io.ErrTerminal && term != "dumb" // which cannot take a line back
}

// settings are those of DuckDB that the flags need.
func (a *app) settings() map[string]string {
	if !a.progressing() {
		return nil
	}
	return map[string]string{"enable_progress_bar": "true", "enable_progress_bar_print": "false"}
}

// watch shows how far stmt is until stop: at the first row, or at its end.
func (a *app) watch(session *engine.Session, stmt lex.Statement, trace *surface.Trace) *progress {
	if !a.progressing() {
		return nil
	}
	p := &progress{done: make(chan struct{}), gone: make(chan struct{})}
	go func() {
		defer close(p.gone)
		start, tick := time.Now(), time.NewTimer(progressAfter)
		defer tick.Stop()
		for shown := false; ; shown = true {
			select {
			case <-p.done:
				if shown {
					io.WriteString(a.io.Err, "\r\x1b[K")
				}
				return
			case <-tick.C:
				io.WriteString(a.io.Err, "\r\x1b[K"+a.clip(progressLine(stmt, time.Since(start), session.Progress(), trace)))
				tick.Reset(progressEvery)
			}
		}
	}()
	return p
}

// clip keeps a line on one row of the terminal: what is on two cannot be taken back.
func (a *app) clip(line string) string {
	width := 0
	if a.io.Width != nil {
		width = a.io.Width()
	}
	if r := []rune(line); width > 1 && len(r) >= width {
		return "…" + string(r[len(r)-width+2:])
	}
	return line
}

func progressLine(stmt lex.Statement, took time.Duration, percent float64, trace *surface.Trace) string {
	line := fmt.Sprintf("%s:%d, statement %d: %v", stmt.Source.File, stmt.Position().Line, stmt.Number, took.Truncate(time.Second))
	if percent >= 1 { // DuckDB says 0 where it does not know
		line += fmt.Sprintf(", %.0f %%", percent)
	}
	if trace != nil {
		var n int64
		for _, c := range trace.Calls() {
			n += c.Manifests + c.CacheHits
		}
		if n > 0 {
			line += fmt.Sprintf(", %d manifests", n)
		}
	}
	return line
}

func (p *progress) stop() {
	if p == nil {
		return
	}
	p.once.Do(func() {
		close(p.done)
		<-p.gone
	})
}
