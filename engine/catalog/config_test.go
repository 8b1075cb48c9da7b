package catalog

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestConfigurationFiles: which catalogs there are, and which is the default.
func TestConfigurationFiles(t *testing.T) {
	t.Parallel()
	const pyiceberg = `
catalog:
  default: {type: sql, uri: "sqlite:////srv/a.db", warehouse: /srv/wh}
  lake:
    type: rest
    uri: http://localhost:1
    credential: id:secret
`
	const psyql = `
default-catalog: two
catalog:
  one: {uri: "sqlite:///one.db"}
  two: {uri: "sqlite:///two.db", py-io-impl: x, rest.sigv4-enabled: true, port: 8181}
  odd: {type: hive, uri: "thrift://h:1"}
`
	tests := []struct {
		name       string
		dir, home  map[string]string // file name to text
		cfg        Config
		def, names string
		fails      string
	}{
		{name: "nothing", def: "local", names: "local"},
		{name: "nothing, named", cfg: Config{Name: "mine"}, def: "mine", names: "mine"},
		{name: "PyIceberg's", dir: map[string]string{".pyiceberg.yaml": pyiceberg}, def: "default", names: "default lake"},
		{name: "PyIceberg's at home", home: map[string]string{".pyiceberg.yaml": pyiceberg}, cfg: Config{Catalog: "lake"}, def: "lake", names: "default lake"},
		{name: "ours first", dir: map[string]string{".pyiceberg.yaml": pyiceberg}, home: map[string]string{"psyql.yaml": psyql}, def: "two", names: "odd one two"},
		{name: "here before home", dir: map[string]string{"psyql.yaml": "catalog: {x: {uri: 'sqlite:///x.db'}}"}, home: map[string]string{"psyql.yaml": psyql}, def: "x", names: "x"},
		{name: "by name", dir: map[string]string{"psyql.yaml": psyql}, cfg: Config{Catalog: "one"}, def: "one", names: "odd one two"},
		{name: "unknown name", dir: map[string]string{"psyql.yaml": psyql}, cfg: Config{Catalog: "tow"}, fails: "two"},
		{name: "no file, name", cfg: Config{Catalog: "tow"}, fails: "psyql.yaml"},
		{name: "kind that is not known", dir: map[string]string{"psyql.yaml": psyql}, cfg: Config{Catalog: "odd"}, fails: "hive"},
		{name: "first of the file", dir: map[string]string{"psyql.yaml": "catalog: {z: {uri: 'sqlite:///z.db'}, a: {uri: 'sqlite:///a.db'}}"}, def: "z", names: "a z"},
		{name: "broken", dir: map[string]string{"psyql.yaml": "catalog: ["}, fails: "psyql.yaml"},
		{name: "empty", dir: map[string]string{"psyql.yaml": ""}, def: "local", names: "local"},
		{name: "a URI wins", dir: map[string]string{"psyql.yaml": psyql}, cfg: Config{URI: "sqlite:////x/y.db"}, def: "local", names: "local"},
		{name: "a URI of nothing", cfg: Config{URI: "ftp://x"}, fails: "ftp"},
		{name: "in memory", cfg: Config{URI: "sqlite:///:memory:"}, fails: "memory"},
		{name: "no secrets in errors", cfg: Config{URI: "mysql://user:hunter2@host/db"}, fails: "user:***@host"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := tt.cfg
			cfg.Dir, cfg.Home = t.TempDir(), t.TempDir()
			for dir, files := range map[string]map[string]string{cfg.Dir: tt.dir, cfg.Home: tt.home} {
				for name, text := range files {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			c, err := Open(context.Background(), cfg)
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("error %v, want one with %q", err, tt.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if got := strings.Join(c.Names(), " "); got != tt.names || c.Default() != tt.def {
				t.Errorf("catalogs %s, default %s", got, c.Default())
			}
		})
	}
}

// TestCatalogNameInTheFile: a SQL catalog keeps tables by the catalog's name;
// the only one in the file is taken, a wrong one is told.
func TestCatalogNameInTheFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "2") // under the name local
	uri := "sqlite://" + filepath.Join(f.dir, "psyberg-warehouse", "catalog.db")
	open := func(cfg Config) *Catalogs {
		t.Helper()
		cfg.URI, cfg.Dir, cfg.Home = uri, t.TempDir(), t.TempDir()
		c, err := Open(f.ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	if _, err := open(Config{}).Load(f.ctx, "ns.t"); err != nil {
		t.Error(err)
	}
	wrong := open(Config{Name: "prod"})
	if _, err := wrong.Load(f.ctx, "ns.t"); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "local") {
		t.Errorf("under another name: %v", err)
	}
	// Writing under a second name makes a second catalog; then a name is needed.
	def := NewTable{Schema: f.state().ice.CurrentSchema()}
	if _, err := wrong.CreateTable(f.ctx, "ns.u", def); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{"prod": {"u"}, "local": {"t"}} {
		all, err := open(Config{Name: name}).List(f.ctx, "", nil)
		var got []string
		for _, l := range all {
			got = append(got, l.Name)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("tables of %s: %v %v", name, got, err)
		}
	}
}

// TestAWarehouseWithOddCharacters: spaces, percent signs and other letters in
// the folder are no part of any URL.
func TestAWarehouseWithOddCharacters(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a b%2Fc ü#x?y")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, ctx: context.Background(), cfg: &Config{Dir: dir, Home: dir}}
	f.c = f.open()
	f.make("2")
	f.commit(Change{Mode: Append, Added: f.files("a1")})
	f.commit(Change{Mode: Append, Added: f.files("b1")})
	f.want("main", "a1 b1")
	again := f.open()
	if tbl, err := again.Load(f.ctx, "ns.t"); err != nil || len(tbl.Meta.Snapshots) != 2 {
		t.Errorf("load: %+v %v", tbl, err)
	}
	seen, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(seen) != 1 {
		t.Errorf("beside the folder: %v %v", seen, err)
	}
}
