//go:build !amd64 || purego

package inflate

const hasFast = false

func (d *decoder) fast(t *tables) outcome { return d.portable(t) }

func (d *decoder) plainLens(i, _, k int, last uint16) (nextI, nextK int, nextLast uint16) {
	return i, k, last
}

// fast is never asked: AppendTwo has one stream after the other.
func (w *twin) fast() (end0, end1 outcome) { return w[0].fast(&w[0].own), running }
