package demo

import (
	"context"
	"path/filepath"
)

// play tells the story from the first table to the last command.
func (p *player) play(ctx context.Context) {
	p.begin(ctx)
	p.late(ctx)
	p.stateless(ctx)
	p.stateful(ctx)
	p.sequential(ctx)
	p.nextHour(ctx)
	p.lookAround()
}

func (p *player) begin(ctx context.Context) {
	p.heading("1. Loaded to the end of hour 5")
	p.say("Three streams land in raw.signups, raw.plans and raw.cancels. Four processes follow them: two append\n" +
		"(signup_fact, plan_fact), one rebuilds hours (cancel_fact), one carries a state from hour to hour (account_state).")
	p.run(ctx, "demo/streams", nil)
	for _, pr := range []process{signups, plans, cancels, state} {
		p.step(ctx, pr, "run-1")
	}
	p.show(ctx, "demo/show_states", nil)
	p.say("What each process has seen of its sources, its watermarks:")
	p.show(ctx, "demo/show_watermarks", state.vars(""))
}

func (p *player) late(ctx context.Context) {
	p.heading("2. Hour 6 lands, and with it data that is late")
	p.run(ctx, "demo/late", nil)
	p.say("By Iceberg's metadata alone, no data file is read:")
	for _, pr := range []process{signups, plans, cancels} {
		p.show(ctx, "demo/show_late", pr.vars(""))
	}
}

func (p *player) stateless(ctx context.Context) {
	p.heading("3. Stateless: append what is new")
	for _, pr := range []process{signups, plans} {
		p.say("%s decided on these partitions:", pr.name)
		p.run(ctx, "init", pr.vars("run-2"))
		p.show(ctx, "demo/show_partitions", pr.vars("run-2"))
		p.load(ctx, pr, "run-2")
		p.finish(ctx, pr, "run-2")
	}
	p.say("Both appended the new files to their targets, published and committed.")
}

func (p *player) stateful(ctx context.Context) {
	p.heading("4. Stateful: rebuild the hours that changed")
	v := cancels.vars("run-2")
	p.run(ctx, "init", v)
	p.say("%s decided on this range. Hour 5 is there for one late cancel; raw.cancels is complete to 08:00:", cancels.name)
	p.show(ctx, "demo/show_range", v)
	for _, whole := range p.texts(ctx, "demo/whole_range", v) {
		p.run(ctx, "demo/load_cancel_fact", v.with(whole))
	}
	p.say("The load staged a snapshot that no reader sees:")
	p.show(ctx, "demo/show_snapshots", v)
	audits := p.audits("cancel_fact_audits.yaml")
	p.say("The audit finds a cancel that was sent twice:")
	p.fails(ctx, "[PSY_AUDIT_FAILED]", "audit", v.with(audits))
	p.say("So nothing is published:")
	p.fails(ctx, "[PSY_AUDIT_FAILED]", "publish", v)
	p.say("The load is mended (SELECT DISTINCT). What was staged is discarded, then loaded and audited again:")
	p.run(ctx, "demo/discard", v)
	p.load(ctx, cancels, "run-2")
	p.show(ctx, "audit", v.with(audits))
	p.finish(ctx, cancels, "run-2")
	p.show(ctx, "demo/show_snapshots", v)
}

// audits names a file of audits among the demo's scripts.
func (p *player) audits(name string) vars {
	return vars{"audits": filepath.Join(p.Dir, "scripts", name)}
}

func (p *player) sequential(ctx context.Context) {
	p.heading("5. Stateful and sequential: five hours, one after the other, seen at once")
	v := state.vars("run-2")
	p.run(ctx, "init", v)
	p.say("%s reads the three facts. The oldest change is in hour 2; the slowest stream ends with hour 6:", state.name)
	p.show(ctx, "demo/show_range", v)
	p.show(ctx, "demo/show_iterations", v)
	p.load(ctx, state, "run-2")
	p.say("Each hour is a snapshot on the audit branch and read the state of the hour before. Readers see none yet:")
	p.show(ctx, "demo/show_snapshots", v)
	p.show(ctx, "audit", v.with(p.audits("account_state_audits.yaml")))
	p.say("What a publish would do:")
	p.show(ctx, "demo/show_preflight", v)
	p.finish(ctx, state, "run-2")
	p.say("Published: account 390 signed up in hour 3, was heard of in hour 6, and is now there from hour 3 on.\n" +
		"Account 102 took the premium plan in hour 2; every hour after it says so now.")
	p.show(ctx, "demo/show_accounts", nil)
	p.say("Watermarks moved, and with them valid_to. Cancels are an hour ahead; nothing of hour 7 is lost:")
	p.show(ctx, "demo/show_watermarks", v)
}

func (p *player) nextHour(ctx context.Context) {
	p.heading("6. The next run takes hour 7")
	p.run(ctx, "demo/hour7", nil)
	for _, pr := range []process{signups, plans, cancels} {
		p.step(ctx, pr, "run-3")
	}
	p.run(ctx, "init", state.vars("run-3"))
	p.show(ctx, "demo/show_range", state.vars("run-3"))
	p.load(ctx, state, "run-3")
	p.finish(ctx, state, "run-3")
	p.show(ctx, "demo/show_states", nil)
}

func (p *player) lookAround() {
	p.heading("Look around")
	p.say("    cd %s", filepath.ToSlash(p.Dir))
	for _, line := range []string{
		`psyql -c "FROM iceberg_tables()"`,
		`psyql -c "FROM iceberg_snapshots('dims.account_state')"`,
		`psyql -c "FROM iceberg_partitions('facts.signup_fact', bounds := ['event_ts'])"`,
		`psyql -c "FROM psyberg_why('facts.signup_fact|event_ts,facts.plan_fact|event_ts,facts.cancel_fact|event_ts',`,
		`                           process_name := 'account_state_load', session_id := 'run-2', session_table := 'ops.psyberg_session_f')"`,
		`psyql -c "FROM iceberg_rows('ops.psyberg_session_f')" --format jsonl`,
		`psyql show init`,
	} {
		if p.err == nil {
			_, p.err = p.Out.Write([]byte("    " + line + "\n"))
		}
	}
}
