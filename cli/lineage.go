package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"psyberg/engine/lex"
	"psyberg/functions/surface"
)

// lineage sends OpenLineage events about a run: START, then COMPLETE, FAIL or
// ABORT with the tables that were read and written, each with its snapshot. An
// event that cannot be sent is a warning: it never fails the step.
type lineage struct {
	app       *app
	url       string
	namespace string
	job       string
	run       string
	started   bool
	inputs    []surface.TableRead
	sql       string
}

const (
	lineageProducer = "https://psyberg.dev/psyql"
	lineageSchema   = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
	lineageFacets   = "https://openlineage.io/spec/facets/"
	lineageTimeout  = 2 * time.Second
)

// newLineage returns what OPENLINEAGE_URL asks for, nil where it is not set.
func newLineage(a *app, job string) *lineage {
	base, _ := a.io.Env("OPENLINEAGE_URL")
	if disabled, _ := a.io.Env("OPENLINEAGE_DISABLED"); base == "" || strings.EqualFold(disabled, "true") {
		return nil
	}
	env := func(name, otherwise string) string {
		if v, ok := a.io.Env(name); ok && v != "" {
			return v
		}
		return otherwise
	}
	target := strings.TrimRight(base, "/") + "/" + strings.TrimLeft(env("OPENLINEAGE_ENDPOINT", "api/v1/lineage"), "/")
	l := &lineage{app: a, url: target, namespace: env("OPENLINEAGE_NAMESPACE", "default"), job: env("OPENLINEAGE_JOB_NAME", job)}
	id, err := uuid.NewV7()
	if err != nil {
		id = uuid.New()
	}
	l.run = id.String()
	return l
}

// begin sends START.
func (l *lineage) begin(ctx context.Context, scripts []*lex.Script) {
	if l == nil {
		return
	}
	l.started = true
	for _, s := range scripts {
		l.sql += s.Text + "\n"
	}
	if err := ctx.Err(); err == nil {
		l.send(l.event("START", nil, nil))
	}
}

// ran notes what a runner has read.
func (l *lineage) ran(r *runner) {
	if l != nil {
		l.inputs = r.reads
	}
}

// end sends how the run ended.
func (l *lineage) end(failure error) {
	if l == nil || !l.started {
		return
	}
	kind := "COMPLETE"
	signal := signalError{}
	switch {
	case failure == nil, errors.Is(failure, errNothingToDo):
		failure = nil
	case errors.As(failure, &signal):
		kind = "ABORT"
	default:
		kind = "FAIL"
	}
	l.send(l.event(kind, datasets(l.inputs, false), failure, datasets(l.inputs, true)...))
}

type object = map[string]any

func facet(path string, members object) object {
	members["_producer"] = lineageProducer
	members["_schemaURL"] = lineageFacets + path
	return members
}

// event is one event of the run.
func (l *lineage) event(kind string, inputs []object, failure error, outputs ...object) object {
	runFacets := object{
		"processing_engine": facet("1-1-1/ProcessingEngineRunFacet.json", object{"version": version(), "name": "psyql"}),
	}
	if failure != nil {
		runFacets["errorMessage"] = facet("1-0-1/ErrorMessageRunFacet.json", object{
			"message": redact(words(failure)), "programmingLanguage": "SQL"})
	}
	if parent := l.parent(); parent != nil {
		runFacets["parent"] = parent
	}
	return object{
		"eventType": kind, "eventTime": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"producer": lineageProducer, "schemaURL": lineageSchema,
		"run": object{"runId": l.run, "facets": runFacets},
		"job": object{"namespace": l.namespace, "name": l.job, "facets": object{
			"sql":     facet("1-0-1/SQLJobFacet.json", object{"query": redact(strings.TrimSpace(l.sql))}),
			"jobType": facet("2-0-3/JobTypeJobFacet.json", object{"processingType": "BATCH", "integration": "PSYQL", "jobType": "QUERY"}),
		}},
		"inputs": orEmpty(inputs), "outputs": orEmpty(outputs),
	}
}

func orEmpty(list []object) []object {
	if list == nil {
		return []object{}
	}
	return list
}

// parent is the run that started this one, as Airflow and others hand it on:
// OPENLINEAGE_PARENT_ID is namespace/job/run.
func (l *lineage) parent() object {
	text, _ := l.app.io.Env("OPENLINEAGE_PARENT_ID")
	parts := strings.Split(text, "/")
	if len(parts) < 3 {
		return nil
	}
	n := len(parts)
	return facet("1-1-0/ParentRunFacet.json", object{
		"run": object{"runId": parts[n-1]},
		"job": object{"namespace": strings.Join(parts[:n-2], "/"), "name": parts[n-2]},
	})
}

// datasets are the tables that were read, or those that were written, each
// once: named by their location, as OpenLineage names Iceberg tables, with their
// catalog's name as a symlink, and the snapshot, as text, since 64-bit ids are
// not exact as JSON numbers in most readers.
func datasets(tables []surface.TableRead, written bool) []object {
	var out []object
	var seen []string
	for i := len(tables) - 1; i >= 0; i-- { // the last state of each
		t := tables[i]
		if t.Written != written || t.Location == "" || slices.Contains(seen, t.Location) {
			continue
		}
		seen = append(seen, t.Location)
		namespace, name := datasetName(t.Location)
		facets := object{}
		if t.Snapshot != 0 {
			facets["version"] = facet("1-0-1/DatasetVersionDatasetFacet.json", object{"datasetVersion": strconv.FormatInt(t.Snapshot, 10)})
		}
		if t.Catalog != "" {
			facets["symlinks"] = facet("1-0-1/SymlinksDatasetFacet.json", object{"identifiers": []object{
				{"namespace": t.Catalog, "name": t.Name, "type": "TABLE"}}})
		}
		out = append(out, object{"namespace": namespace, "name": name, "facets": facets})
	}
	slices.Reverse(out)
	return out
}

// datasetName splits a location as OpenLineage's naming page does: s3://bucket
// and path, file and path.
func datasetName(location string) (namespace, name string) {
	u, err := url.Parse(location)
	if err != nil || u.Scheme == "" || u.Scheme == "file" {
		path := strings.TrimPrefix(strings.TrimPrefix(location, "file://"), "file:")
		return "file", path
	}
	return u.Scheme + "://" + u.Host, strings.Trim(u.Path, "/")
}

// send posts an event. What goes wrong is a warning.
func (l *lineage) send(event object) {
	if err := l.post(event); err != nil {
		l.app.log.Warn("the OpenLineage event could not be sent; the run goes on", "event", event["eventType"], "error", err.Error())
	}
}

func (l *lineage) post(event object) error {
	body, err := json.Marshal(event)
	if err != nil {
		return err
	}
	// Not the run's context: a run that was stopped says so, too.
	ctx, cancel := context.WithTimeout(context.Background(), lineageTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "psyql/"+version())
	if key, ok := l.app.io.Env("OPENLINEAGE_API_KEY"); ok && key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // so that the connection can be used again
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s answered %s", l.url, resp.Status)
	}
	return nil
}

// jobName is the name of a run without a command: of its script, or psyql.
func jobName(inputs []input) string {
	for _, in := range inputs {
		if in.file && in.text != "-" {
			base := in.text[strings.LastIndexAny(in.text, `/`+string(os.PathSeparator))+1:]
			return strings.TrimSuffix(base, ".sql")
		}
	}
	return "psyql"
}
