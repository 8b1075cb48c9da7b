package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// planted are credentials that must turn up nowhere.
var planted = []string{"geheim-4711", "Schluessel0815", "tok3n/with+odd=signs"}

// gossip is a server that tells everything it is told: its errors repeat the
// headers and the body of the request.
func gossip(w http.ResponseWriter, r *http.Request) {
	var b strings.Builder
	_ = r.Header.Write(&b)
	body := make([]byte, 4096)
	n, _ := r.Body.Read(body)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprintf(w, `{"error": {"message": %q, "type": "ForbiddenException", "code": 403}}`, "not for "+b.String()+" "+r.URL.String()+" "+string(body[:n]))
}

// TestCredentialsAreNeverShown plants credentials wherever a catalog takes them,
// lets it fail in every way at hand, and looks for them in all that is printed.
func TestCredentialsAreNeverShown(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(gossip))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	dir := t.TempDir()
	bare := filepath.Join(dir, "v1.metadata.json")
	text := `{"format-version": 2, "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1", "location": "s3://bucket/t", "last-sequence-number": 1, "last-updated-ms": 1602638573590,
		"last-column-id": 1, "current-schema-id": 0, "schemas": [{"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "x", "required": true, "type": "long"}]}],
		"default-spec-id": 0, "partition-specs": [{"spec-id": 0, "fields": []}], "last-partition-id": 999, "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}],
		"current-snapshot-id": 1, "refs": {"main": {"snapshot-id": 1, "type": "branch"}},
		"snapshots": [{"snapshot-id": 1, "timestamp-ms": 1515100955770, "sequence-number": 1, "summary": {"operation": "append"}, "manifest-list": "s3://bucket/t/snap-1.avro"}]}`
	if err := os.WriteFile(bare, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	config := func(lines ...string) string {
		path := filepath.Join(t.TempDir(), "psyql.yaml")
		if err := os.WriteFile(path, []byte("catalog:\n  c:\n    "+strings.Join(lines, "\n    ")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	p := planted
	s3 := []string{"uri: sqlite:///" + filepath.Join(dir, "none.db"), "s3.endpoint: http://" + host, "s3.access-key-id: " + p[1], "s3.secret-access-key: " + p[0], "s3.session-token: " + p[2], "s3.region: eu-1"}
	for name, args := range map[string][]string{
		"postgres":            {"--catalog-uri", "postgresql://me:" + p[0] + "@127.0.0.1:1/db"},
		"postgres, broken":    {"--catalog-uri", "postgresql://me:" + p[0] + "@127.0.0.1:port/db"},
		"postgres, parameter": {"--catalog-uri", "postgresql://127.0.0.1:1/db?user=me&password=" + p[0]},
		"postgres, words":     {"--catalog-uri", "postgresql:user=me password=" + p[0]},
		"another kind":        {"--catalog-uri", "mysql://me:" + p[0] + "@127.0.0.1/db"},
		"rest":                {"--catalog-uri", "http://me:" + p[0] + "@" + host},
		"rest, away":          {"--catalog-uri", "http://me:" + p[0] + "@127.0.0.1:1"},
		"rest, token":         {"config", config("type: rest", "uri: http://"+host, "token: "+p[2])},
		"rest, credential":    {"config", config("type: rest", "uri: http://"+host, "credential: me:"+p[0], "scope: x")},
		"rest, header":        {"config", config("type: rest", "uri: http://"+host, "header.X-Api-Key: "+p[1])},
		"s3":                  {"config", config(s3...)},
		"broken file":         {"config", config("type: rest", "token: "+p[0], "uri: [")},
		"unknown type":        {"config", config("type: glue", "token: "+p[0], "uri: http://me:"+p[1]+"@h")},
	} {
		for _, what := range [][]string{
			{"-c", "FROM iceberg_tables()"},
			{"-c", "FROM iceberg_files('ns.t')"},
			{"-c", "FROM iceberg_files('" + bare + "')"},
			{"-c", "CREATE TABLE ns.t (id BIGINT) USING iceberg"},
			{"sweep", "--target", "ns.t"},
			{"doctor"},
		} {
			for _, logs := range []string{"text", "json"} {
				env := map[string]string{}
				all := args
				if args[0] == "config" {
					env["PSYQL_CONFIG"], all = args[1], nil
				}
				all = append(append([]string{"--log-level", "debug", "--log-format", logs, "--timeout", "20s"}, all...), what...)
				var out, errs strings.Builder
				code := Main(context.Background(), all, IO{In: strings.NewReader(""), Out: &out, Err: &errs, Env: func(k string) (string, bool) { v, ok := env[k]; return v, ok }})
				for _, secret := range planted {
					if strings.Contains(out.String()+errs.String(), secret) {
						t.Errorf("%s: psyql %q (exit %d) shows %q:\n%s%s", name, what, code, secret, out.String(), errs.String())
					}
				}
			}
		}
	}
}
