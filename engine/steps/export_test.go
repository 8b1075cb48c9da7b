package steps

// SetHook makes tests crash at a step.
func (s *Steps) SetHook(hook func(step string) error) { s.hook = hook }

// Left is a session by name, for tests of the Go calls.
func Left(process, id, sessionTable, hwmTable string) session {
	return session{process, id, sessionTable, hwmTable}
}
