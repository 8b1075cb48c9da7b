package cli

import (
	"path/filepath"
	"testing"
)

func TestByteSize(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text string
		want int64 // 0: refused
		back string
	}{
		{"1", 1, "1"},
		{"1024", 1024, "1KiB"},
		{"500MB", 500e6, "500000000"},
		{"4GiB", 4 << 30, "4GiB"},
		{"1.5 KiB", 1536, "1536"},
		{"2TB", 2e12, "1953125000KiB"},
		{"12B", 12, "12"},
		{"", 0, ""}, {"0", 0, ""}, {"-1", 0, ""}, {"much", 0, ""}, {"NaN", 0, ""}, {"1e30", 0, ""}, {"MiB", 0, ""}, {"1 GIB", 0, ""},
	} {
		var b byteSize
		err := b.Set(tc.text)
		if (err == nil) != (tc.want > 0) || int64(b) != tc.want {
			t.Errorf("%q: %d, %v", tc.text, b, err)
		} else if err == nil && b.String() != tc.back {
			t.Errorf("%q is shown as %s, want %s", tc.text, b.String(), tc.back)
		}
	}
}

func TestCacheFolder(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/somewhere")
	t.Setenv("HOME", "/home/someone")
	for flag, want := range map[string]string{"": "", "off": "", "here": "here", "/a/b": "/a/b"} {
		if got, err := cacheFolder(flag); err != nil || got != want {
			t.Errorf("%q: %q, %v", flag, got, err)
		}
	}
	if got, err := cacheFolder("auto"); err != nil || filepath.Base(got) != "psyql" || !filepath.IsAbs(got) {
		t.Errorf("auto: %q, %v", got, err)
	}
}
