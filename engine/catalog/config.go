package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"go.yaml.in/yaml/v3"

	"psyberg/functions/meta"
)

// Config says which catalogs there are. The zero value is the embedded
// default: SQLite at ./psyberg-warehouse/catalog.db, made at the first write.
type Config struct {
	Catalog   string   // --catalog: a name of the configuration file; "" is its first or only one
	URI       string   // --catalog-uri: sqlite:///path | postgresql:// | http(s)://
	Warehouse string   // --warehouse; "" is the catalog file's folder for SQLite
	Name      string   // --catalog-name; "" is local
	PathMaps  []string // --path-map FROM=TO
	Dir       string   // where ./ is; "" is the working directory
	Home      string   // where ~/ is; "" is the user's
	File      string   // $PSYQL_CONFIG; "" looks for psyql.yaml, then .pyiceberg.yaml
}

// definition is one catalog of the configuration, by name.
type definition struct {
	name  string
	props map[string]string
	// nameGiven: the name is a choice of the user, not our default; a SQL
	// catalog file with another single name is then not silently taken.
	nameGiven bool
	file      string // of a SQLite catalog, where no URI names it
	embedded  bool   // the default, whose file is made at the first write
	origin    string // where it is defined, for errors
}

const defaultName = "local"

// configFile is the layout that PyIceberg's .pyiceberg.yaml and psyql.yaml
// share: catalog: {name: {type: .., uri: .., warehouse: ..}}.
type configFile struct {
	Default string                    `yaml:"default-catalog"`
	Catalog map[string]map[string]any `yaml:"catalog"`
	order   []string
}

// definitions returns all catalogs and the name of the default one.
func (c Config) definitions() (map[string]definition, string, error) {
	dir, home, err := c.folders()
	if err != nil {
		return nil, "", err
	}
	if c.URI != "" {
		if c.Catalog != "" && c.Name != "" && c.Catalog != c.Name {
			return nil, "", fmt.Errorf("open catalog: --catalog %q and --catalog-name %q differ: give one", c.Catalog, c.Name)
		}
		d := definition{name: defaultName, nameGiven: c.Name != "" || c.Catalog != "", origin: "--catalog-uri",
			props: map[string]string{"uri": c.URI, "warehouse": c.Warehouse}}
		if d.nameGiven {
			d.name = c.Name + strings.Repeat(c.Catalog, b2i(c.Name == ""))
		}
		return map[string]definition{d.name: d}, d.name, nil
	}
	file, path, err := c.readFile(dir, home)
	if err != nil {
		return nil, "", err
	}
	if file == nil || len(file.Catalog) == 0 {
		return c.embedded(dir, path)
	}
	defs := map[string]definition{}
	for name, props := range file.Catalog {
		d := definition{name: name, origin: path, props: map[string]string{}}
		for k, v := range props {
			d.props[k] = propertyText(v)
		}
		if c.Warehouse != "" && (name == c.Catalog || len(file.Catalog) == 1) {
			d.props["warehouse"] = c.Warehouse
		}
		defs[name] = d
	}
	def, err := c.choose(file, path)
	return defs, def, err
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (c Config) folders() (dir, home string, err error) {
	dir, home = c.Dir, c.Home
	if dir == "" {
		if dir, err = os.Getwd(); err != nil {
			return "", "", fmt.Errorf("open catalog: find the working directory: %w", err)
		}
	}
	if home == "" {
		home, _ = os.UserHomeDir() // a container may have none: then only ./ is looked at
	}
	return dir, home, nil
}

// choose picks the default of a file with catalogs.
func (c Config) choose(f *configFile, path string) (string, error) {
	name := c.Catalog
	if name == "" {
		name = c.Name
	}
	if name == "" {
		name = f.Default
	}
	if name == "" && len(f.Catalog["default"]) > 0 {
		name = "default" // PyIceberg's own default
	}
	if name == "" {
		return f.order[0], nil
	}
	if _, ok := f.Catalog[name]; !ok {
		names := slices.Sorted(maps.Keys(f.Catalog))
		return "", fmt.Errorf("open catalog %q: %w in %s, which has %s%s", name, ErrNotFound, path,
			strings.Join(names, ", "), meta.Suggest(name, names))
	}
	return name, nil
}

func (c Config) embedded(dir, path string) (map[string]definition, string, error) {
	if c.Catalog != "" {
		where := "there is no psyql.yaml"
		if path != "" {
			where = path + " defines no catalog"
		}
		return nil, "", fmt.Errorf("open catalog %q: %w: %s", c.Catalog, ErrNotFound, where)
	}
	wh := c.Warehouse
	if wh == "" {
		wh = filepath.Join(dir, "psyberg-warehouse")
	}
	file := filepath.Join(dir, "psyberg-warehouse", "catalog.db")
	d := definition{name: defaultName, nameGiven: c.Name != "", embedded: true, origin: "the embedded default", file: file,
		props: map[string]string{"uri": "sqlite:///" + file, "warehouse": wh}}
	if c.Name != "" {
		d.name = c.Name
	}
	return map[string]definition{d.name: d}, d.name, nil
}

// readFile reads the first configuration file there is; path is "" and the
// file nil where there is none. A file named by $PSYQL_CONFIG must be there.
func (c Config) readFile(dir, home string) (*configFile, string, error) {
	if c.File != "" {
		f, err := parseConfigFile(c.File)
		return f, c.File, err
	}
	for _, name := range []string{"psyql.yaml", ".pyiceberg.yaml"} {
		for _, d := range []string{dir, home} {
			if d == "" {
				continue
			}
			path := filepath.Join(d, name)
			f, err := parseConfigFile(path)
			if errors.Is(err, fs.ErrNotExist) || d == home && closed(path) {
				continue
			}
			return f, path, err
		}
	}
	return nil, "", nil
}

// closed reports whether the folder of a path cannot be looked into: the HOME of
// a user of a container is another's (another uid was asked for), or /dev/null.
func closed(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR)
}

func parseConfigFile(path string) (*configFile, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", path, err)
	}
	f, err := parseConfig(b)
	if err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", path, err)
	}
	return f, nil
}

func parseConfig(b []byte) (*configFile, error) {
	f := new(configFile)
	if err := yaml.Unmarshal(b, f); err != nil {
		return nil, err
	}
	// A map has no order, but the first catalog of the file is the default.
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	if n := mappingValue(&doc, "catalog"); n != nil {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if _, ok := f.Catalog[n.Content[i].Value]; ok {
				f.order = append(f.order, n.Content[i].Value)
			}
		}
	}
	if len(f.order) == 0 { // merged or aliased: any order, but always the same
		f.order = slices.Sorted(maps.Keys(f.Catalog))
	}
	return f, nil
}

func mappingValue(doc *yaml.Node, key string) *yaml.Node {
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	m := doc.Content[0]
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key && m.Content[i+1].Kind == yaml.MappingNode {
			return m.Content[i+1]
		}
	}
	return nil
}

// propertyText is a property's value as catalogs take it: text.
func propertyText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	default:
		return fmt.Sprint(v)
	}
}
