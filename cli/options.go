package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"psyberg/cli/format"
	"psyberg/engine/catalog"
	"psyberg/functions/manifest/cache"
)

// options are the global flags: they may stand before or after a command.
type options struct {
	catalog catalog.Config
	profile string

	format  string
	output  string
	maxRows int

	cacheDir  string
	cacheSize byteSize

	timeout          time.Duration
	statementTimeout time.Duration
	exitNothingToDo  bool

	logLevel  string
	logFormat string
	quiet     bool
	verbose   bool
	explain   bool
	progress  bool

	oneTransaction bool
	check          bool
	rc             string

	handOn
}

// Groups of flags, as help shows them.
const (
	groupCatalog = "Where the tables are"
	groupOutput  = "What is printed"
	groupHandOn  = "What a workflow step hands on"
	groupRun     = "How it runs"
	groupLog     = "Logs, on stderr"
	groupScript  = "What is run, in this order"
	groupStep    = "Options of this step"
)

var groups = []string{groupStep, groupScript, groupCatalog, groupOutput, groupHandOn, groupRun, groupLog}

// groupKey is the annotation of a flag that says to which group it belongs.
const groupKey = "group"

// inGroup adds flags to fs and marks them as belonging together.
func inGroup(fs *pflag.FlagSet, group string, add func(*pflag.FlagSet)) {
	part := pflag.NewFlagSet(group, pflag.ContinueOnError)
	part.SortFlags = false
	add(part)
	part.VisitAll(func(f *pflag.Flag) {
		f.Annotations = map[string][]string{groupKey: {group}}
		fs.AddFlag(f)
	})
}

func (o *options) addFlags(fs *pflag.FlagSet) {
	inGroup(fs, groupCatalog, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.catalog.Catalog, "catalog", "", "the catalog of this `name` in psyql.yaml or .pyiceberg.yaml, ./ before ~/")
		fs.StringVar(&o.catalog.URI, "catalog-uri", "", "the catalog at this `uri`: sqlite:///path/catalog.db, postgresql://..., https://... (REST)")
		fs.StringVar(&o.catalog.Warehouse, "warehouse", "", "the `location` below which new tables are made")
		fs.StringVar(&o.catalog.Name, "catalog-name", "", "the `name` under which a SQL catalog keeps its tables (default local, or the only one it has)")
		fs.StringArrayVar(&o.catalog.PathMaps, "path-map", nil, "read what has the prefix FROM below TO (`FROM=TO`): a copied warehouse; read-only; repeatable")
		fs.StringVar(&o.catalog.File, "config", "", "the configuration `file`, instead of psyql.yaml")
		fs.StringVar(&o.profile, "profile", "", "options from the configuration file, below profile: `name`: {option: value}")
	})
	inGroup(fs, groupOutput, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.format, "format", "", strings.Join(formatNames(), ", ")+" (`one` of them; default box on a terminal, else csv); parquet and arrow with -o")
		fs.StringVarP(&o.output, "output-file", "o", "", "write results to this `file` instead of stdout")
		fs.IntVar(&o.maxRows, "max-rows", 0, "show at most `n` rows in a box, from both ends of the result (default all)")
	})
	inGroup(fs, groupHandOn, o.handOn.addFlags)
	inGroup(fs, groupRun, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.cacheDir, "cache-dir", cacheOff, "keep decoded manifests in this `folder`, so that they are decoded once; auto: psyql below the user's cache folder; off: keep none")
		o.cacheSize = cache.DefaultLimit
		fs.Var(&o.cacheSize, "cache-size", "the most that the cache holds (`size`: 500MB, 4GiB); what was used longest ago goes")
		fs.DurationVar(&o.timeout, "timeout", 0, "end the run after this `time` (90s, 10m) with exit 124")
		fs.DurationVar(&o.statementTimeout, "statement-timeout", 0, "end a statement after this `time` with exit 124")
		fs.BoolVar(&o.exitNothingToDo, "exit-nothing-to-do", false, "exit 99, not 0, where the last rows with a column status all say NOTHING_TO_DO")
	})
	inGroup(fs, groupLog, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.logLevel, "log-level", "", "debug, info (default), warn or error; a line for each statement is info, on a terminal debug unless this is given")
		fs.StringVar(&o.logFormat, "log-format", "text", "text or json: json also for the error that ends a run")
		fs.BoolVarP(&o.quiet, "quiet", "q", false, "warnings and errors only, and no progress")
		fs.BoolVar(&o.verbose, "verbose", false, "debug lines too, each statement with its text")
		fs.BoolVar(&o.explain, "explain", false, "a line for each call of a function: the manifests, bytes and snapshots it read, what the cache had, the level")
		fs.BoolVar(&o.progress, "progress", true, "a line about a statement that takes longer than a second, where stderr is a terminal")
	})
}

// formatNames are all values of --format.
func formatNames() []string { return append(format.Names(), fileFormats...) }

// wrong says what is wrong with the flags together.
func (o *options) wrong() error {
	if o.quiet && o.verbose {
		return usageError{errors.New("--quiet and --verbose: give one")}
	}
	if o.check && len(o.outputs) > 0 {
		return usageError{errors.New("--check runs nothing, so --output has nothing to hand on: give one")}
	}
	if o.format != "" && !slices.Contains(formatNames(), o.format) {
		return usageError{fmt.Errorf("--format: %q is none of %s", o.format, strings.Join(formatNames(), ", "))}
	}
	if slices.Contains(fileFormats, o.format) && o.output == "" {
		return usageError{fmt.Errorf("--format %s is for a file: give it a name with -o", o.format)}
	}
	for _, m := range o.catalog.PathMaps {
		if err := catalog.CheckPathMap(m); err != nil {
			return usageError{fmt.Errorf("--path-map: %w", err)}
		}
	}
	if o.timeout < 0 || o.statementTimeout < 0 {
		return usageError{errors.New("--timeout and --statement-timeout are above 0, or 0 for none")}
	}
	if o.maxRows < 0 {
		return usageError{errors.New("--max-rows is above 0, or 0 for all")}
	}
	return nil
}
