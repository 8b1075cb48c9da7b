package shell

import (
	"fmt"
	"strconv"
	"strings"

	"psyberg/psyberg"
)

// grouped is a whole number with its digits in threes.
func grouped(n string) string {
	if _, err := strconv.ParseInt(n, 10, 64); err != nil {
		return n
	}
	sign, digits := "", n
	if strings.HasPrefix(n, "-") {
		sign, digits = "-", n[1:]
	}
	var parts []string
	for len(digits) > 3 {
		parts = append([]string{digits[len(digits)-3:]}, parts...)
		digits = digits[:len(digits)-3]
	}
	return sign + strings.Join(append([]string{digits}, parts...), ",")
}

// bytesText is a size in the largest unit that leaves a digit before the point.
func bytesText(n string) string {
	f, err := strconv.ParseFloat(n, 64)
	if err != nil {
		return n
	}
	unit := "B"
	for _, u := range []string{"kB", "MB", "GB", "TB", "PB"} {
		if f < 1000 {
			break
		}
		f, unit = f/1000, u
	}
	if unit == "B" {
		return fmt.Sprintf("%.0f B", f)
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}

func summary(s psyberg.Summary, key string) string { return s.Get(key) }
