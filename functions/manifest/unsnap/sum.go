package unsnap

// Sum is the CRC-32 (IEEE) of b, which Avro has behind a block in snappy.
func Sum(b []byte) uint32 { return sum(b) }
