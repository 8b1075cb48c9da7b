package catalog

import (
	"slices"
	"strings"
	"testing"
)

func TestSecrets(t *testing.T) {
	c := &Catalogs{defs: map[string]definition{
		"a": {props: map[string]string{"uri": "postgresql://me:p%40ssword@host/db?sslmode=x&password=second", "warehouse": "/data", "type": "sql"}},
		"b": {props: map[string]string{"uri": "http://host", "credential": "client:hush-hush", "token": "t/k=n", "oauth2-server-uri": "http://host/token",
			"header.X-Api-Key": "k3y!", "s3.access-key-id": "AKIA", "s3.region": "eu-central-1", "empty-token": "", "short-token": "abc"}},
	}}
	got := c.Secrets()
	for _, want := range []string{"p%40ssword", "p@ssword", "second", "client:hush-hush", "hush-hush", "t/k=n", "t%2Fk%3Dn", "k3y!", "AKIA"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	for _, s := range got {
		if len(s) < minSecret || strings.Contains("http://host/token postgresql://host/db eu-central-1 /data sql x abc", s) {
			t.Errorf("%q is no secret", s)
		}
	}
	if slices.Index(got, "client:hush-hush") > slices.Index(got, "hush-hush") {
		t.Error("a part comes before the whole")
	}
}
