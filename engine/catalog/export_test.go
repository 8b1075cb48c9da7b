package catalog

import "testing"

// RESTOverEmbedded starts a REST catalog for tests that run a whole session.
func RESTOverEmbedded(t *testing.T) (url string) {
	_, url = restOverEmbedded(t)
	return url
}
