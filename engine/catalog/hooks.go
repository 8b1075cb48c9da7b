package catalog

import "context"

// hooks let tests fail a commit at any of its steps.
type hooks struct {
	// step is called before every step that touches the world, and, with
	// "after " in front, after the commit itself.
	step func(what string) error
}

func (h hooks) before(ctx context.Context, what string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if h.step == nil {
		return nil
	}
	return h.step(what)
}

func (h hooks) after(what string) error {
	if h.step == nil {
		return nil
	}
	return h.step("after " + what)
}

// OnStep has step asked before every step of a commit that touches the world,
// and after the commit itself ("after commit"): its error stops the step. It is
// for tests that inject faults, and is set before anything runs.
func (c *Catalogs) OnStep(step func(what string) error) { c.hooks = hooks{step: step} }
