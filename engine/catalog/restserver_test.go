package catalog

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/apache/iceberg-go"
	icecatalog "github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
)

// restServer is a REST catalog (the spec's table and namespace endpoints) over
// another one, so that tests meet real HTTP.
type restServer struct {
	t    *testing.T
	over icecatalog.Catalog
	mu   sync.Mutex
	// commits, where it is not nil, is asked before (true) and after (false) a
	// commit which status to answer instead; 0 is the right one.
	commits func(before bool) int
}

const separator = "\x1f"

func serveREST(t *testing.T, over icecatalog.Catalog) (*restServer, string) {
	s := &restServer{t: t, over: over}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/config", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, map[string]any{"defaults": map[string]string{}, "overrides": map[string]string{}})
	})
	mux.HandleFunc("GET /v1/namespaces", s.listNamespaces)
	mux.HandleFunc("POST /v1/namespaces", s.createNamespace)
	mux.HandleFunc("GET /v1/namespaces/{ns}", s.loadNamespace)
	mux.HandleFunc("HEAD /v1/namespaces/{ns}", s.loadNamespace)
	mux.HandleFunc("GET /v1/namespaces/{ns}/tables", s.listTables)
	mux.HandleFunc("POST /v1/namespaces/{ns}/tables", s.createTable)
	mux.HandleFunc("GET /v1/namespaces/{ns}/tables/{table}", s.loadTable)
	mux.HandleFunc("HEAD /v1/namespaces/{ns}/tables/{table}", s.loadTable)
	mux.HandleFunc("DELETE /v1/namespaces/{ns}/tables/{table}", s.dropTable)
	mux.HandleFunc("POST /v1/namespaces/{ns}/tables/{table}", s.commit)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return s, server.URL
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

func refuse(w http.ResponseWriter, status int, kind string, err error) {
	answer(w, status, map[string]any{"error": map[string]any{"message": err.Error(), "type": kind, "code": status}})
}

func (s *restServer) fail(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, icecatalog.ErrNoSuchTable):
		refuse(w, 404, "NoSuchTableException", err)
	case errors.Is(err, icecatalog.ErrNoSuchNamespace):
		refuse(w, 404, "NoSuchNamespaceException", err)
	case errors.Is(err, icecatalog.ErrTableAlreadyExists), errors.Is(err, icecatalog.ErrNamespaceAlreadyExists):
		refuse(w, 409, "AlreadyExistsException", err)
	default:
		refuse(w, 500, "Exception", err)
	}
}

func namespaceOf(r *http.Request) table.Identifier {
	return strings.Split(r.PathValue("ns"), separator)
}

func (s *restServer) listNamespaces(w http.ResponseWriter, r *http.Request) {
	var parent table.Identifier
	if p := r.URL.Query().Get("parent"); p != "" {
		parent = strings.Split(p, separator)
	}
	all, err := s.over.ListNamespaces(r.Context(), parent)
	if err != nil {
		s.fail(w, err)
		return
	}
	direct := map[string]table.Identifier{}
	for _, n := range all { // the catalog below lists every level
		if len(n) > len(parent) {
			n = n[:len(parent)+1]
			direct[strings.Join(n, separator)] = n
		}
	}
	out := []table.Identifier{}
	for _, n := range direct {
		out = append(out, n)
	}
	answer(w, 200, map[string]any{"namespaces": out})
}

func (s *restServer) createNamespace(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Namespace  table.Identifier
		Properties iceberg.Properties
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		refuse(w, 400, "BadRequestException", err)
		return
	}
	if err := s.over.CreateNamespace(r.Context(), req.Namespace, req.Properties); err != nil {
		s.fail(w, err)
		return
	}
	answer(w, 200, map[string]any{"namespace": req.Namespace, "properties": req.Properties})
}

func (s *restServer) loadNamespace(w http.ResponseWriter, r *http.Request) {
	props, err := s.over.LoadNamespaceProperties(r.Context(), namespaceOf(r))
	if err != nil {
		s.fail(w, err)
		return
	}
	answer(w, 200, map[string]any{"namespace": namespaceOf(r), "properties": props})
}

func (s *restServer) listTables(w http.ResponseWriter, r *http.Request) {
	out := []map[string]any{}
	for id, err := range s.over.ListTables(r.Context(), namespaceOf(r)) {
		if err != nil {
			s.fail(w, err)
			return
		}
		out = append(out, map[string]any{"namespace": id[:len(id)-1], "name": id[len(id)-1]})
	}
	answer(w, 200, map[string]any{"identifiers": out})
}

func (s *restServer) answerTable(w http.ResponseWriter, m table.Metadata, location string) {
	answer(w, 200, map[string]any{"metadata-location": location, "metadata": m, "config": map[string]string{}})
}

func (s *restServer) createTable(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Name       string
		Schema     *iceberg.Schema
		Location   string
		Spec       *iceberg.PartitionSpec `json:"partition-spec"`
		Properties iceberg.Properties
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		refuse(w, 400, "BadRequestException", err)
		return
	}
	opts := []icecatalog.CreateTableOpt{icecatalog.WithProperties(req.Properties)}
	if req.Spec != nil {
		opts = append(opts, icecatalog.WithPartitionSpec(req.Spec))
	}
	if req.Location != "" {
		opts = append(opts, icecatalog.WithLocation(req.Location))
	}
	t, err := s.over.CreateTable(r.Context(), append(namespaceOf(r), req.Name), req.Schema, opts...)
	if err != nil {
		s.fail(w, err)
		return
	}
	s.answerTable(w, t.Metadata(), t.MetadataLocation())
}

func (s *restServer) loadTable(w http.ResponseWriter, r *http.Request) {
	t, err := s.over.LoadTable(r.Context(), append(namespaceOf(r), r.PathValue("table")))
	if err != nil {
		s.fail(w, err)
		return
	}
	s.answerTable(w, t.Metadata(), t.MetadataLocation())
}

func (s *restServer) dropTable(w http.ResponseWriter, r *http.Request) {
	if err := s.over.DropTable(r.Context(), append(namespaceOf(r), r.PathValue("table"))); err != nil {
		s.fail(w, err)
		return
	}
	answer(w, 204, nil)
}

// commit checks the requirements and applies the updates, one at a time, as
// servers do: what does not hold is a conflict, what cannot be applied a bad
// request.
func (s *restServer) commit(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Requirements table.Requirements
		Updates      table.Updates
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		refuse(w, 400, "BadRequestException", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.commits != nil {
		if status := s.commits(true); status != 0 {
			refuse(w, status, "InternalServerError", errors.New("made to fail before"))
			return
		}
	}
	id := append(namespaceOf(r), r.PathValue("table"))
	t, err := s.over.LoadTable(r.Context(), id)
	if err != nil {
		s.fail(w, err)
		return
	}
	for _, q := range req.Requirements {
		if err := q.Validate(t.Metadata()); err != nil {
			refuse(w, 409, "CommitFailedException", err)
			return
		}
	}
	m, location, err := s.over.CommitTable(r.Context(), id, req.Requirements, req.Updates)
	if err != nil {
		refuse(w, 400, "BadRequestException", err)
		return
	}
	if s.commits != nil {
		if status := s.commits(false); status != 0 {
			refuse(w, status, "InternalServerError", errors.New("made to fail after"))
			return
		}
	}
	s.answerTable(w, m, location)
}
