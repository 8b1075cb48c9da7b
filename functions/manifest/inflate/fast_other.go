//go:build !amd64 || purego

package inflate

const hasFast = false

func (d *decoder) fast(t *tables) outcome { return d.portable(t) }
