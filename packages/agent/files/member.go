package files

import (
	"slices"
	"strings"
)

// memberNames splits an archive's name; none of what is refused could be a name inside the folder.
func memberNames(name string) ([]string, error) {
	if strings.HasPrefix(name, "/") {
		return nil, fail("EARCHIVE", "", "the archive holds an absolute name, %.200q", name)
	}
	if len(name) > longestPath {
		return nil, fail("EARCHIVE", "", "the archive holds a name longer than %d bytes", longestPath)
	}
	names := slices.DeleteFunc(strings.Split(name, "/"), func(name string) bool { return name == "" || name == "." })
	for _, part := range names {
		if _, problem := checkName(part); problem != "" {
			return nil, fail("EARCHIVE", "", "the archive holds the name %.200q: %s", name, problem)
		}
	}
	return names, nil
}

// checkTarget refuses a link whose target lies outside the archive's root. ".." is only allowed at the beginning:
// after a name, which may be another link, nobody knows where it leads.
func checkTarget(root location, member []string, target string) error {
	refuse := func() error {
		return fail("EARCHIVE", "", "the link %.200q to %.200q leads out of the folder", strings.Join(member, "/"), target)
	}
	names := slices.DeleteFunc(strings.Split(target, "/"), func(name string) bool { return name == "" || name == "." })
	if target == "" {
		return refuse()
	}
	if strings.HasPrefix(target, "/") {
		base, err := parsePath(root.path)
		if err != nil || len(names) < len(base) || !slices.Equal(names[:len(base)], base) {
			return refuse()
		}
		names = names[len(base):]
	} else {
		depth := len(member) - 1
		for len(names) > 0 && names[0] == ".." {
			if depth--; depth < 0 {
				return refuse()
			}
			names = names[1:]
		}
	}
	if slices.Contains(names, "..") {
		return refuse()
	}
	return nil
}
