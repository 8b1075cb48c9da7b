package manifest

import "fmt"

// inflaterNames are what ParseInflater takes.
var inflaterNames = map[string]Inflater{"own": OwnInflater, "klauspost": KlauspostInflater, "std": StandardInflater}

// ParseInflater reads the name of an inflater: own, klauspost or std; "" is own.
func ParseInflater(name string) (Inflater, error) {
	if name == "" {
		return OwnInflater, nil
	}
	i, ok := inflaterNames[name]
	if !ok {
		return OwnInflater, fmt.Errorf("inflater %q is none of own, klauspost, std", name)
	}
	return i, nil
}
