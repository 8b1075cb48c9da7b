//go:build !amd64 || purego

package inflate

const hasFast = false

func (d *decoder) fast(t *tables) outcome { return d.portable(t) }

func (d *decoder) plainLens(i, _, k int, last uint16) (nextI, nextK int, nextLast uint16) {
	return i, k, last
}
