package steps

// SetHook makes tests crash at a step.
func (s *Steps) SetHook(hook func(step string) error) { s.hook = hook }
