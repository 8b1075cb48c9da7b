package meta

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// String returns v as Iceberg prints an identity partition value
// (Transform.toHumanString): dates 2023-09-14, timestamps
// 2023-09-14T09:00:00 (a fraction where there is one, +00:00 with a zone), binary and fixed as base64, doubles as Java prints them, NULL as null.
func (v Value) String() string {
	switch v.Kind {
	case KindInvalid:
		return "null"
	case KindBoolean:
		return strconv.FormatBool(v.Int != 0)
	case KindInt, KindLong:
		return strconv.FormatInt(v.Int, 10)
	case KindFloat:
		return javaFloat(v.Float, 32)
	case KindDouble:
		return javaFloat(v.Float, 64)
	case KindDecimal:
		return javaDecimal(v.Big, v.Scale)
	case KindDate:
		return humanDay(v.Int)
	case KindTime:
		return javaTime(v.Int)
	case KindTimestamp, KindTimestampTZ:
		return isoDateTime(floorDiv(v.Int, 1_000_000), floorMod(v.Int, 1_000_000)*1000, v.Kind == KindTimestampTZ)
	case KindTimestampNS, KindTimestampTZNS:
		return isoDateTime(floorDiv(v.Int, 1_000_000_000), floorMod(v.Int, 1_000_000_000), v.Kind == KindTimestampTZNS)
	case KindString:
		return string(v.Bytes)
	case KindUUID:
		return uuidText(v.Bytes)
	case KindBinary, KindFixed:
		return base64.StdEncoding.EncodeToString(v.Bytes)
	}
	return fmt.Sprintf("(%s)", v.Kind)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }

// civil returns the proleptic Gregorian date of a day since 1970-01-01, for
// every int64 of days that a timestamp can reach.
func civil(days int64) (year int64, month, day int) {
	// time.Time reaches far beyond any Iceberg timestamp.
	t := time.Unix(days*86400, 0).UTC()
	return int64(t.Year()), int(t.Month()), t.Day()
}

func humanYear(v int64) string { return fmt.Sprintf("%04d", 1970+v) }

func humanMonth(v int64) string {
	return fmt.Sprintf("%04d-%02d", 1970+floorDiv(v, 12), 1+floorMod(v, 12))
}

func humanDay(v int64) string {
	y, m, d := civil(v)
	return fmt.Sprintf("%04d-%02d-%02d", y, m, d)
}

func humanHour(v int64) string {
	return fmt.Sprintf("%s-%02d", humanDay(floorDiv(v, 24)), floorMod(v, 24))
}

// javaTime is LocalTime.toString of microseconds since midnight: seconds where
// they are not zero, the fraction in groups of three digits.
func javaTime(micros int64) string {
	seconds, fraction := floorDiv(micros, 1_000_000), floorMod(micros, 1_000_000)
	text := fmt.Sprintf("%02d:%02d", seconds/3600, seconds/60%60)
	if seconds%60 == 0 && fraction == 0 {
		return text
	}
	text += fmt.Sprintf(":%02d", seconds%60)
	switch {
	case fraction == 0:
		return text
	case fraction%1000 == 0:
		return text + fmt.Sprintf(".%03d", fraction/1000)
	}
	return text + fmt.Sprintf(".%06d", fraction)
}

// isoDateTime is ISO_LOCAL_DATE_TIME of a time, as Iceberg prints timestamps:
// seconds always, the fraction without trailing zeros, a zone as +00:00.
func isoDateTime(seconds, nanos int64, zone bool) string {
	y, m, d := civil(floorDiv(seconds, 86400))
	sign := ""
	switch {
	case y > 9999:
		sign = "+"
	case y < 0:
		sign, y = "-", -y
	}
	ofDay := floorMod(seconds, 86400)
	text := fmt.Sprintf("%s%04d-%02d-%02dT%02d:%02d:%02d", sign, y, m, d, ofDay/3600, ofDay/60%60, ofDay%60)
	if nanos != 0 {
		text += "." + strings.TrimRight(fmt.Sprintf("%09d", nanos), "0")
	}
	if zone {
		text += "+00:00"
	}
	return text
}

// javaFloat is Double.toString or Float.toString: the shortest digits that
// read back, plain from 1e-3 up to 1e7, else in scientific notation.
func javaFloat(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	if a := math.Abs(f); a == 0 || a >= 1e-3 && a < 1e7 {
		text := strconv.FormatFloat(f, 'f', -1, bits)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, bits), "E")
	if !strings.Contains(mantissa, ".") {
		// Java has two digits at least, and takes the nearest: 4.9E-324, not 5.0E-324.
		mantissa, exponent, _ = strings.Cut(strconv.FormatFloat(f, 'E', 1, bits), "E")
	}
	e, _ := strconv.Atoi(exponent)
	return mantissa + "E" + strconv.Itoa(e)
}

// javaDecimal is BigDecimal.toString for a scale that is not negative.
func javaDecimal(unscaled *big.Int, scale int) string {
	digits := new(big.Int).Abs(unscaled).String()
	adjusted := len(digits) - 1 - scale
	if scale == 0 || adjusted >= -6 {
		return plainDecimal(unscaled, scale)
	}
	if len(digits) > 1 {
		digits = digits[:1] + "." + digits[1:]
	}
	if unscaled.Sign() < 0 {
		digits = "-" + digits
	}
	return digits + "E" + strconv.Itoa(adjusted)
}

// plainDecimal writes all digits: -0.05.
func plainDecimal(unscaled *big.Int, scale int) string {
	digits := new(big.Int).Abs(unscaled).String()
	if scale > 0 {
		if len(digits) <= scale {
			digits = strings.Repeat("0", scale+1-len(digits)) + digits
		}
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if unscaled.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

func uuidText(b []byte) string {
	h := hex.EncodeToString(b)
	if len(b) != 16 {
		return h
	}
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
