// Command bench measures the kit against other libraries and against the bare signature check, and writes
// benchmarks.json, benchmarks.md and benchmarks.svg. Run it in the repository's root; see make bench.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/bench/report"
	"github.com/bearergate/bearergate/internal/bench/sections"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var o sections.Options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.Rounds, "rounds", 10, "how often each candidate is measured")
	flags.DurationVar(&o.Time, "time", 200*time.Millisecond, "how long, each time")
	flags.IntVar(&o.Tokens, "tokens", 4_096, "how many different tokens")
	flags.IntVar(&o.Live, "live", 200_000, "how many tokens a large cache holds")
	flags.IntVar(&o.Entries, "entries", 1_000_000, "how many a huge one holds")
	flags.DurationVar(&o.Watch, "watch", 3*time.Second, "how long a peer is given to take a rotated key")
	flags.StringVar(&o.Oathkeeper, "oathkeeper", "",
		"the program in testdata/oathkeeper, built; without it goal 17 is not measured")
	candidates := flags.String("candidates", "", "time only those candidates whose names match this `regexp`")
	only := flags.String("only", "", "measure the sections that match this `regexp`, of: "+strings.Join(sections.Names(), ", "))
	out := flags.String("out", "", "write the results into this `directory`; without it they are printed")
	redraw := flags.Bool("redraw", false, "measure nothing and draw anew what -out has")
	profile := flags.String("profile", "", "write a CPU profile to this `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.Rounds < 1 || o.Time <= 0 || o.Tokens < 1 || o.Live < o.Tokens || o.Entries < 1 {
		return errors.New("-rounds, -time, -tokens and -entries have to be positive, and -live not less than -tokens")
	}
	if *redraw {
		data, err := report.Read(filepath.Join(*out, "benchmarks.json"))
		if err != nil {
			return err
		}
		return draw(data, *out)
	}
	var err error
	if o.Only, err = pattern("-only", *only); err != nil {
		return err
	}
	if o.Candidates, err = pattern("-candidates", *candidates); err != nil {
		return err
	}
	began := time.Now()
	o.Progress = func(what string) { fmt.Fprintf(os.Stderr, "%6.0fs  %s\n", time.Since(began).Seconds(), what) }
	data, err := profiled(*profile, func() (*report.Data, error) { return sections.Run(ctx, o) })
	if err != nil {
		return err
	}
	data.Arguments = arguments(flags)
	if *out == "" {
		text, err := report.Markdown(data, "")
		fmt.Print(text)
		return err
	}
	return errors.Join(write(data, *out), draw(data, *out))
}

// arguments are the options that were given and have to do with what is measured.
func arguments(flags *flag.FlagSet) (given []string) {
	flags.Visit(func(f *flag.Flag) {
		if !slices.Contains([]string{"out", "oathkeeper", "profile"}, f.Name) && f.Value.String() != f.DefValue {
			given = append(given, "-"+f.Name+"="+f.Value.String())
		}
	})
	return given
}

// pattern returns nil for an empty expression.
func pattern(name, expression string) (*regexp.Regexp, error) {
	if expression == "" {
		return nil, nil
	}
	compiled, err := regexp.Compile(expression)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return compiled, nil
}

// profiled writes where the time went, if file is given.
func profiled(file string, measured func() (*report.Data, error)) (*report.Data, error) {
	if file == "" {
		return measured()
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	data, err := measured()
	pprof.StopCPUProfile()
	return data, errors.Join(err, f.Close())
}

func write(data *report.Data, dir string) error {
	text, err := json.MarshalIndent(data, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "benchmarks.json"), append(text, '\n'), 0o644)
}

func draw(data *report.Data, dir string) error {
	file := filepath.Join(dir, "benchmarks.md")
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	text, err := report.Markdown(data, string(old))
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "benchmarks.svg"), []byte(report.SVG(data)), 0o644)
}
