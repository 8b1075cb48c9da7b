package catalog

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// secretName tells properties whose value is a credential.
var secretName = regexp.MustCompile(`(?i)password|passwd|secret|token|credential|access[-_.]?key|account[-_.]?key|sas|auth|^header\.`)

// minSecret is how long a value has to be, in bytes, so that taking it out of a
// text does not make the text unreadable.
const minSecret = 4

// Secrets are the credentials of the configuration, each as it may turn up in
// a text: a server may tell what it was told.
func (c *Catalogs) Secrets() []string {
	var out []string
	add := func(values ...string) {
		for _, v := range values {
			for _, form := range []string{v, url.QueryEscape(v), url.PathEscape(v)} {
				if len(v) >= minSecret {
					out = append(out, form)
				}
			}
		}
	}
	for _, d := range c.defs {
		for k, v := range d.props {
			if !secretName.MatchString(k) {
				add(uriSecrets(v)...)
				continue
			}
			if strings.Contains(v, "://") { // where tokens are had from: no secret itself
				add(uriSecrets(v)...)
				continue
			}
			add(v)
			if _, secret, ok := strings.Cut(v, ":"); ok { // id:secret
				add(secret)
			}
		}
	}
	// The longest first: a credential may hold another one.
	slices.SortFunc(out, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(out)
}

// uriSecrets are the passwords of a URI: before its host, and among its parameters.
func uriSecrets(uri string) []string {
	_, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return nil
	}
	var out []string
	authority, _, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		if _, password, ok := strings.Cut(authority[:at], ":"); ok {
			out = append(out, password)
			if plain, err := url.PathUnescape(password); err == nil {
				out = append(out, plain)
			}
		}
	}
	if _, query, ok := strings.Cut(rest, "?"); ok {
		values, _ := url.ParseQuery(query) // what can be read of it
		for k, v := range values {
			if secretName.MatchString(k) {
				out = append(out, v...)
			}
		}
	}
	return out
}
