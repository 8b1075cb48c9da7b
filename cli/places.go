package cli

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"psyberg/cli/format"
)

// The places that outputs go to. Those that a workflow engine announces in the
// environment are found; the others are asked for. Of a run that failed, JSON
// files say {}, since whoever reads them expects JSON, and nothing else is written.

// handOn are the flags about outputs.
type handOn struct {
	outputs    []string
	outputJSON string
	outputDir  string
	outputXCom string
}

// maestroLimit is how many characters Maestro reads of an output block.
const maestroLimit = 750_000

func (h *handOn) addFlags(fs *pflag.FlagSet) {
	fs.StringArrayVar(&h.outputs, "output", nil, "hand on a value (`name=expression`) computed when all is done; name alone: that column of the last result's first row; repeatable. In scripts: \\out name")
	fs.StringVar(&h.outputJSON, "output-json", "", "write the outputs as one JSON object to this `file`; {} if the run fails")
	fs.StringVar(&h.outputDir, "output-dir", "", "write each output to a file of its name in this `folder`, as Argo reads them")
	fs.StringVar(&h.outputXCom, "output-xcom", "/airflow/xcom", "write return.json to this `folder` where it exists, as Airflow's pods do; $GITHUB_OUTPUT and Maestro's tokens are found by themselves")
}

// handOn writes the outputs everywhere; failure is what the run ended with.
func (a *app) handOn(failure error) error {
	outputs := a.outputs
	failed := failure != nil && !errors.Is(failure, errNothingToDo)
	if failed {
		outputs = nil
	}
	object := append(objectOf(outputs), '\n')
	var errs []error
	if path := a.opts.outputJSON; path != "" {
		errs = append(errs, os.WriteFile(path, object, 0o666))
	}
	if dir := a.opts.outputXCom; dir != "" {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			errs = append(errs, os.WriteFile(filepath.Join(dir, "return.json"), object, 0o666))
		}
	}
	if !failed && len(outputs) > 0 {
		errs = append(errs, a.toFolder(outputs), a.toGitHub(outputs), a.toMaestro(outputs))
	}
	if err := errors.Join(errs...); err != nil {
		return outputError{fmt.Errorf("outputs: %w", err)}
	}
	return nil
}

// toFolder writes a file for each output: the text of the value, nothing for NULL.
func (a *app) toFolder(outputs []outputValue) error {
	dir := a.opts.outputDir
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, o := range outputs {
		if err := os.WriteFile(filepath.Join(dir, o.name), []byte(o.text()), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// toGitHub appends name=value to the file of $GITHUB_OUTPUT; a value of several
// lines stands between two lines with a word that nobody can guess, so that no
// value can make another output.
func (a *app) toGitHub(outputs []outputValue) error {
	path, ok := a.io.Env("GITHUB_OUTPUT")
	if !ok || path == "" {
		return nil
	}
	var b strings.Builder
	for _, o := range outputs {
		text := o.text()
		if !strings.ContainsAny(text, "\r\n") {
			fmt.Fprintf(&b, "%s=%s\n", o.name, text)
			continue
		}
		word := make([]byte, 16)
		if _, err := rand.Read(word); err != nil {
			return err
		}
		end := "psyql_" + hex.EncodeToString(word)
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", o.name, end, text, end)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return fmt.Errorf("GITHUB_OUTPUT: %w", err)
	}
	_, err = f.WriteString(b.String())
	return errors.Join(err, f.Close())
}

// toMaestro writes Maestro's block to stdout, between the tokens that it gave.
func (a *app) toMaestro(outputs []outputValue) error {
	start, _ := a.io.Env("MAESTRO_OUTPUT_START")
	end, _ := a.io.Env("MAESTRO_OUTPUT_END")
	if start == "" || end == "" {
		return nil
	}
	now := time.Now().UnixMilli()
	params := []byte(`{"params":{`)
	for i, o := range outputs {
		if i > 0 {
			params = append(params, ',')
		}
		kind, value := maestroValue(o.value)
		params = format.AppendJSON(params, o.name)
		params = append(params, `:{"value":`...)
		params = append(params, value...)
		params = append(params, `,"type":"`+kind+`","evaluated_result":`...)
		params = append(params, value...)
		params = append(params, fmt.Sprintf(`,"evaluated_time":%d}`, now)...)
	}
	params = append(params, "}}"...)
	if n := len([]rune(string(params))); n > maestroLimit {
		return fmt.Errorf("write outputs to Maestro: the block has %d characters, and %d are read: hand on less", n, maestroLimit)
	}
	_, err := fmt.Fprintf(a.io.Out, "%s%s%s\n", start, params, end)
	if readerGone(outputError{err}) {
		return nil
	}
	return err
}

// maestroValue is a value as one of Maestro's parameter types; what has none is
// a STRING with its text, or its JSON where it is nested.
func maestroValue(v any) (kind string, value []byte) {
	switch v := v.(type) {
	case bool:
		return "BOOLEAN", format.AppendJSON(nil, v)
	case int64:
		return "LONG", format.AppendJSON(nil, v)
	case uint64:
		if v <= math.MaxInt64 {
			return "LONG", format.AppendJSON(nil, v)
		}
	case float32, float64, format.Number:
		if text := format.AppendJSON(nil, v); text[0] != '"' { // not NaN or Infinity
			return "DOUBLE", text
		}
	case []any:
		if kind := maestroList(v); kind != "" {
			return kind, format.AppendJSON(nil, v)
		}
	}
	return "STRING", format.AppendJSON(nil, outputValue{value: v}.text())
}

// maestroList is the type of a list whose elements are all of one, "" for others.
func maestroList(list []any) string {
	kind := ""
	for _, e := range list {
		one := ""
		switch e.(type) {
		case string:
			one = "STRING_ARRAY"
		case int64:
			one = "LONG_ARRAY"
		case bool:
			one = "BOOLEAN_ARRAY"
		case float64:
			one = "DOUBLE_ARRAY"
		}
		if one == "" || kind != "" && one != kind {
			return ""
		}
		kind = one
	}
	return kind
}

// objectOf is a JSON object of outputs.
func objectOf(outputs []outputValue) []byte {
	var object format.Struct
	for _, o := range outputs {
		object.Names = append(object.Names, o.name)
		object.Values = append(object.Values, o.value)
	}
	return format.AppendJSON(nil, object)
}

// text is the value for places that know text only: nested values as JSON, NULL
// as nothing, everything else as DuckDB prints it.
func (o outputValue) text() string {
	switch v := o.value.(type) {
	case nil:
		return ""
	case []any, format.Struct, format.Map:
		return string(bytes.TrimSpace(format.AppendJSON(nil, v)))
	default:
		return format.TextOf(v)
	}
}
