package files

import (
	"slices"
	"strings"
)

const (
	longestName = 255
	longestPath = 65536
)

// access is what a location is wanted for.
type access int

const (
	reading access = iota
	writing
)

// location is a path split into the opened folder it lies in and the names from there.
type location struct {
	root  *root
	names []string
	path  string
}

// barred are the kernel's own trees, which describe and control more than files.
var barred = []string{"proc", "sys", "dev"}

// locate finds the opened folder a path lies in; only reading may leave the workspace and the scratch folders.
func (f *Files) locate(path string, wanted access) (location, error) {
	names, err := parsePath(path)
	if err != nil {
		return location{}, err
	}
	clean := "/" + strings.Join(names, "/")
	for _, candidate := range f.roots {
		depth := len(candidate.names)
		if len(names) >= depth && slices.Equal(names[:depth], candidate.names) {
			return location{candidate, names[depth:], clean}, candidate.err
		}
	}
	if wanted == writing {
		return location{}, fail("EACCES", path, "outside the workspace and the scratch folders")
	}
	if len(names) > 0 && slices.Contains(barred, names[0]) {
		return location{}, fail("EACCES", path, "/%s is not readable through the agent", names[0])
	}
	return location{f.whole, names, clean}, f.whole.err
}

// parsePath splits an absolute path into names. It resolves nothing: what would need it is refused.
func parsePath(path string) ([]string, error) {
	if !strings.HasPrefix(path, "/") {
		return nil, fail("EINVAL", path, "not an absolute path")
	}
	if len(path) > longestPath {
		return nil, fail("ENAMETOOLONG", "", "longer than %d bytes", longestPath)
	}
	trimmed := strings.TrimSuffix(path[1:], "/")
	if trimmed == "" {
		return nil, nil
	}
	names := strings.Split(trimmed, "/")
	for _, name := range names {
		if code, problem := checkName(name); code != "" {
			return nil, fail(code, path, "%s", problem)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "." }), nil
}

func checkName(name string) (code, problem string) {
	switch {
	case name == "":
		return "EINVAL", "an empty name between two slashes"
	case name == "..":
		return "EINVAL", "\"..\" is not resolved; give the path itself"
	case strings.ContainsRune(name, 0):
		return "EINVAL", "a NUL byte in the path"
	case len(name) > longestName:
		return "ENAMETOOLONG", "a name longer than 255 bytes"
	}
	return "", ""
}

// leaf splits the last name off; the opened folder itself has none and is never replaced or removed.
func (l location) leaf() (folder location, name string, err error) {
	if len(l.names) == 0 {
		return location{}, "", fail("EBUSY", l.path, "this is the folder everything lies in")
	}
	last := len(l.names) - 1
	return location{l.root, l.names[:last], parentPath(l.path)}, l.names[last], nil
}

func parentPath(path string) string {
	return path[:max(1, strings.LastIndexByte(path, '/'))]
}
