package files

import (
	"slices"
	"syscall"
)

// readNames returns a folder's names in byte order, at most `most` of them; more is syscall.E2BIG.
func readNames(descriptor int, most int64) ([]string, error) {
	var names []string
	buffer := make([]byte, 32*1024)
	for {
		count, err := syscall.ReadDirent(descriptor, buffer)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		if count <= 0 {
			slices.Sort(names)
			return names, nil
		}
		_, _, names = syscall.ParseDirent(buffer[:count], -1, names)
		if int64(len(names)) > most {
			return nil, syscall.E2BIG
		}
	}
}
