package catalog

import "context"

// hooks let tests fail or stop a commit at any of its steps.
type hooks struct {
	// step is called before every step of a commit that touches the world.
	step func(ctx context.Context, what string) error
}

func (h hooks) before(ctx context.Context, what string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if h.step == nil {
		return nil
	}
	return h.step(ctx, what)
}
