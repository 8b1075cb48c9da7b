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
