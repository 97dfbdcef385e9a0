package files

import "fmt"

// limitOf returns a request's limit, or the fallback when it names none.
func limitOf(value *int64, fallback int64, field, path string) (int64, error) {
	if value == nil {
		return fallback, nil
	}
	if *value < 0 {
		return 0, fail("EINVAL", path, "%s must not be negative", field)
	}
	return *value, nil
}

// modeOf returns a request's permission bits; setuid, setgid and sticky are refused.
func modeOf(value *int, fallback uint32, path string) (uint32, error) {
	if value == nil {
		return fallback, nil
	}
	if *value < 0 || *value > 0o777 {
		return 0, fail("EINVAL", path, "mode must be within 0 and 0o777, not %s", fmt.Sprintf("%#o", *value))
	}
	return uint32(*value), nil
}
