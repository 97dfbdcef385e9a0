package sweep

import (
	"os"
	"os/exec"
	"reflect"
	"testing"
)

func TestStatusIsParsed(t *testing.T) {
	for text, want := range map[string]process{
		"Name:\tsh\nState:\tS (sleeping)\nUid:\t1\t2\t3\t4\nGroups:\t5 6 \nThreads:\t3\n": {pid: 9, uids: [3]int{1, 2, 3}, groups: []int{5, 6}},
		"Name:\tState: Z\nState:\tZ (zombie)\nUid:\t1\t1\t1\t1\nGroups:\t\nThreads:\t1\n": {pid: 9, ended: true, uids: [3]int{1, 1, 1}},
		"State:\tZ (zombie)\nThreads:\t2\n":                                               {pid: 9},
		"":                                                                                {pid: 9},
	} {
		if found := parseStatus(9, []byte(text)); !reflect.DeepEqual(found, want) {
			t.Errorf("%q: %+v", text, found)
		}
	}
}

func TestWalkFindsRealProcesses(t *testing.T) {
	child := exec.Command("sleep", "100")
	if err := child.Start(); err != nil {
		t.Skip(err)
	}
	defer child.Wait()
	defer child.Process.Kill()
	found := map[int]bool{}
	if err := processes(func(process process) { found[process.pid] = true }); err != nil {
		t.Fatal(err)
	}
	if !found[child.Process.Pid] || found[os.Getpid()] {
		t.Fatalf("child %v, own %v", found[child.Process.Pid], found[os.Getpid()])
	}
}
