package shell

import (
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

func summary(s psyberg.Summary, key string) string { return s.Get(key) }
