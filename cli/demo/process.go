package demo

import (
	"context"
	"fmt"
)

// process is one pipeline of the demo.
type process struct {
	name, sources, target string
	pattern               string // etl_pattern_id
	column                string // the target's event-time column
}

var (
	signups = process{"signup_fact_load", "raw.signups|event_ts", "facts.signup_fact", "1", "event_ts"}
	plans   = process{"plan_fact_load", "raw.plans|event_ts", "facts.plan_fact", "1", "event_ts"}
	cancels = process{"cancel_fact_load", "raw.cancels|event_ts", "facts.cancel_fact", "2", "event_ts"}
	state   = process{"account_state_load", "facts.signup_fact|event_ts,facts.plan_fact|event_ts,facts.cancel_fact|event_ts",
		"dims.account_state", "2", "state_hour"}
)

// vars are what the scripts of Psyberg and of the demo are given for one session.
func (pr process) vars(session string) vars {
	return vars{
		"process_name": pr.name, "src_tables": pr.sources, "target": pr.target, "etl_pattern_id": pr.pattern,
		"psyberg_session_id": session, "psyberg_hwm_table": watermarkTable, "psyberg_session_table": sessionTable,
		"session_id": session, "hwm_table": watermarkTable, "session_table": sessionTable, "column": pr.column,
	}
}

// load runs the process's own load script for a session, once, or once an hour.
func (p *player) load(ctx context.Context, pr process, session string) {
	v := pr.vars(session)
	switch pr {
	case signups:
		p.run(ctx, "demo/load_signup_fact", v)
	case plans:
		p.run(ctx, "demo/load_plan_fact", v)
	case cancels:
		for _, whole := range p.texts(ctx, "demo/whole_range", v) {
			p.run(ctx, "demo/load_cancel_fact_mended", v.with(whole))
		}
	case state:
		v = v.with(vars{"branch": "psyberg_" + session, "state": fmt.Sprintf("%s@psyberg_%s", pr.target, session)})
		for _, hour := range p.texts(ctx, "demo/hours", v) {
			p.run(ctx, "demo/load_account_state", v.with(hour))
		}
	default:
		p.err = fmt.Errorf("demo: process %s has no load script", pr.name)
	}
}

// step runs init, the load, publish and commit of one session, quietly. Where
// there is nothing to do, it only commits.
func (p *player) step(ctx context.Context, pr process, session string) {
	v := pr.vars(session)
	rows := p.texts(ctx, "init", v) // a row for each source, the status is the session's
	if len(rows) > 0 && rows[0]["status"] == "READY" {
		p.load(ctx, pr, session)
		p.run(ctx, "publish", v)
	}
	p.run(ctx, "commit", v)
}

func (p *player) finish(ctx context.Context, pr process, session string) {
	p.run(ctx, "publish", pr.vars(session))
	p.run(ctx, "commit", pr.vars(session))
}
