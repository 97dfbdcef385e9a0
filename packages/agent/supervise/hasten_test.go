package supervise

import (
	"os"
	"strings"
	"testing"
)

func TestOwnCgroupIsFound(t *testing.T) {
	const old = "9:name=systemd:/\n8:pids:/user/me\n1:cpu,cpuacct:/service\n0::/\n"
	for _, the := range []struct {
		told, wanted string
		cgroups      []string
	}{
		{old, "/sys/fs/cgroup/pids/user/me", []string{"/sys/fs/cgroup/memory/box", "/sys/fs/cgroup/pids/box"}},
		{old, "/sys/fs/cgroup/cpu,cpuacct/service", []string{"/sys/fs/cgroup/cpu,cpuacct/box", "/sys/fs/cgroup/unified/box"}},
		{old, "", []string{"/sys/fs/cgroup/memory/box", "/sys/fs/cgroup/unified/box"}},
		{"0::/system.slice/me.service\n", "/sys/fs/cgroup/system.slice/me.service", []string{"/sys/fs/cgroup/box"}},
		{old, "/sys/fs/cgroup/pids/user/me", []string{"/sys/fs/cgroup/memory/user/me/box", "/sys/fs/cgroup/pids/user/me/box"}},
		{"", "", []string{"/sys/fs/cgroup/box"}},
	} {
		if found := ownCgroup(the.told, the.cgroups); found != the.wanted {
			t.Errorf("%q, %q: %q instead of %q", the.told, the.cgroups, found, the.wanted)
		}
	}
}

func TestHasteMovesNothing(t *testing.T) {
	before, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Skip(err)
	}
	var cgroups []string
	for line := range strings.Lines(string(before)) {
		if fields := strings.Split(strings.TrimSpace(line), ":"); fields[1] != "" {
			cgroups = append(cgroups, "/sys/fs/cgroup/"+fields[1]+"/box")
		}
	}
	if cgroups == nil {
		cgroups = []string{"/sys/fs/cgroup/box"}
	}
	hasten(cgroups)
	if after, _ := os.ReadFile("/proc/self/cgroup"); string(after) != string(before) {
		t.Errorf("%q became %q", before, after)
	}
}
