package catalog

import (
	"net/url"
	"path"
	"path/filepath"
	"strings"
)

// place is where a location points, however it is written: file:/p, file:///p
// and /p are one, so are s3://, s3a:// and s3n://, doubled slashes, and, for
// local files, the ways through symbolic links.
type place struct {
	store string // scheme and authority; "" for local files
	path  string // from "/"
}

// places finds out places; it remembers the folders that it resolved.
type places struct {
	files   *files
	folders map[string]string
}

func newPlaces(f *files) *places { return &places{f, map[string]string{}} }

// sameScheme are schemes that name one store.
var sameScheme = map[string]string{"s3a": "s3", "s3n": "s3", "abfs": "abfss", "wasb": "wasbs"}

// of returns the place of a location, path maps applied.
func (p *places) of(location string) (place, error) {
	mapped, err := mapLocation(p.files.maps, location)
	if err != nil {
		return place{}, err
	}
	if local, ok := localPath(mapped); ok {
		abs, err := filepath.Abs(local)
		if err != nil {
			return place{}, err
		}
		return place{"", path.Join(filepath.ToSlash(p.folder(filepath.Dir(abs))), filepath.Base(abs))}, nil
	}
	scheme, rest, _ := strings.Cut(mapped, "://")
	authority, key, _ := strings.Cut(rest, "/")
	scheme = strings.ToLower(scheme)
	if s, ok := sameScheme[scheme]; ok {
		scheme = s
	}
	return place{scheme + "://" + authority, path.Clean("/" + key)}, nil
}

// folder resolves the symbolic links of a folder; one that is not there stays
// as it is.
func (p *places) folder(dir string) string {
	if real, ok := p.folders[dir]; ok {
		return real
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		real = filepath.Clean(dir)
	}
	p.folders[dir] = real
	return real
}

// decoded is a place whose name is taken for a URL, as some readers and
// writers take it; ok is false where that is the same.
func (p place) decoded() (_ place, ok bool) {
	if !strings.Contains(p.path, "%") {
		return p, false
	}
	d, err := url.PathUnescape(p.path)
	return place{p.store, d}, err == nil && d != p.path
}

// below says whether p is in a folder, at any depth.
func (p place) below(folder place) bool {
	return p.store == folder.store && strings.HasPrefix(p.path, strings.TrimRight(folder.path, "/")+"/")
}
