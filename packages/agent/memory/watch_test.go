package memory

import "testing"

func TestCountOfBothVersionsIsRead(t *testing.T) {
	for text, want := range map[string]int{
		"oom_kill_disable 0\nunder_oom 0\noom_kill 3\n":               3,
		"low 0\nhigh 0\nmax 7\noom 2\noom_kill 5\noom_group_kill 0\n": 5,
	} {
		if kills, found := parse([]byte(text)); !found || kills != want {
			t.Errorf("%q: %d, %v", text, kills, found)
		}
	}
	for _, text := range []string{"", "oom 1\n", "oom_kill x\n", "oom_kill\n"} {
		if _, found := parse([]byte(text)); found {
			t.Errorf("%q has no count", text)
		}
	}
}
