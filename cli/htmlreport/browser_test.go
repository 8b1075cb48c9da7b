package htmlreport

import (
	"context"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// shoot opens a page in the browser that PSYBERG_CHROMIUM names (make
// test-report), and looks at the picture: the late data is there in red.
// PSYBERG_SCREENSHOTS is a folder to keep the pictures in.
func shoot(t *testing.T, r *Report, name string) {
	t.Helper()
	browser := os.Getenv("PSYBERG_CHROMIUM")
	if browser == "" {
		return
	}
	dir := os.Getenv("PSYBERG_SCREENSHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	html, picture := filepath.Join(t.TempDir(), name+".html"), filepath.Join(dir, name+".png")
	f, err := os.Create(html)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000",
		"--window-size=1080,1800", "--screenshot="+picture, "file://"+html).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	red, blue := pixels(t, picture, color.RGBA{0xd1, 0x43, 0x1f, 0xff}), pixels(t, picture, color.RGBA{0x2f, 0x6f, 0xb7, 0xff})
	t.Logf("%s: %d red pixels, %d blue ones", name, red, blue)
	if late := len(r.Savings()) > 0 && name == "made"; late && red < 500 || blue < 500 {
		t.Errorf("%s: %d red pixels, %d blue ones: the bars are not drawn", name, red, blue)
	}
}

// pixels counts those of a colour.
func pixels(t *testing.T, path string, want color.RGBA) (n int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			if color.RGBAModel.Convert(img.At(x, y)) == want {
				n++
			}
		}
	}
	return n
}
