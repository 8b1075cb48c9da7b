package fetch

import (
	"testing"

	"psyberg/internal/testtables"
)

func TestMain(m *testing.M) { testtables.Main(m) }
