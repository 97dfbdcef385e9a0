package endtoend

import (
	"strconv"
	"strings"
	"testing"
)

// detach gives the ways in which a program leaves something behind.
var detach = map[string]string{
	"background":        "sleep 1000 & echo left",
	"double fork":       "(setsid sh -c 'sleep 1000 & sleep 1000' >/dev/null 2>&1 </dev/null &) ; echo left",
	"holds the pipes":   "setsid sleep 1000 & echo left",
	"ignores signals":   "setsid sh -c 'trap \"\" TERM INT HUP QUIT; while :; do sleep 1; done' & echo left",
	"stopped":           "setsid sh -c 'kill -STOP $$' & sleep 0.1; echo left",
	"clean environment": "env -i /usr/bin/setsid /bin/sleep 1000 & echo left",
	"zombies":           "/usr/bin/python3 -I -c 'import os, time\nfor i in range(5):\n  os.fork() or os._exit(0)\nos.fork() and os._exit(0)\ntime.sleep(1000)' & sleep 0.2; echo left",
	"first thread gone": `/usr/bin/python3 -I -c 'import ctypes, os, threading, time
os.setsid()
threading.Thread(target=lambda: time.sleep(1000)).start()
ctypes.CDLL(None).syscall(60, 0)' & sleep 0.3; echo left`,
	"lowered limits": `/usr/bin/python3 -I -c 'import os, resource, time
for limit in (10, 15):
  soft, hard = resource.prlimit(0, limit) if limit == 15 else (0, 0)
  try: resource.setrlimit(limit, (5, 5))
  except Exception: pass
os.setsid()
time.sleep(1000)' & sleep 0.2; echo left`,
	"parent's child": `/usr/bin/python3 -I -c 'import ctypes, os, time
if ctypes.CDLL(None).syscall(56, 0x8000 | 17, 0, 0, 0, 0) == 0: time.sleep(1000)' ; echo left`,
}

func TestNothingThatARunHasStartedOutlivesIt(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		for name, script := range detach {
			run := box.open(spawn("sh", "-c", script))
			result := run.wait()
			if result["reason"] != "exited" || !strings.Contains(run.text(1), "left") {
				t.Errorf("%s: RESULT %v, output %q, errors %q", name, result, run.text(1), run.text(2))
			}
			if left := usersProcesses(box); len(left) != 0 {
				t.Errorf("%s: left %v", name, left)
			}
		}
	})
}

func TestASweepSparesOtherRuns(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		other := box.open(with(spawn("sh", "-c", "(setsid sh -c 'echo daemon; sleep 1000' &); read line; echo $line"), "stdin", "stream"))
		other.waitText(1, "daemon")
		for name, script := range detach {
			box.open(spawn("sh", "-c", script)).wait()
			if left := usersProcesses(box); len(left) > 3 {
				t.Errorf("%s: %v", name, left)
			}
		}
		canceled := box.open(spawn("sh", "-c", "(setsid sleep 1000 &); sleep 1000"))
		canceled.event()
		canceled.control(map[string]any{"op": "cancel"})
		canceled.wait()
		other.write(0, "alive\n")
		if result := other.wait(); !strings.Contains(other.text(1), "alive") || result["exitCode"] != 0.0 {
			t.Fatalf("RESULT %v, output %q", result, other.text(1))
		}
		if left := usersProcesses(box); len(left) != 0 {
			t.Fatalf("left %v", left)
		}
	})
}

const forkBomb = `
import os, signal
for number in range(1, 64):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
print("bomb", flush=True)
while True:
    try:
        if os.fork() == 0: os.setsid()
    except OSError: pass
`

func TestForkBombEndsWithItsRun(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		for _, beside := range []bool{false, true} {
			var other *operation
			if beside {
				other = box.open(with(spawn("cat"), "stdin", "stream"))
				other.event()
			}
			bomb := box.open(with(spawn("/usr/bin/python3", "-I", "-c", forkBomb), "timeoutMs", 700))
			bomb.waitText(1, "bomb")
			box.ping()
			if result := bomb.wait(); result["reason"] != "timed-out" {
				t.Fatalf("RESULT %v", result)
			}
			if beside {
				other.write(0, "alive")
				other.end(0)
				if other.wait(); other.text(1) != "alive" {
					t.Fatalf("output %q", other.text(1))
				}
			}
			if left := usersProcesses(box); len(left) != 0 {
				t.Fatalf("left %v", left)
			}
			after := box.open(spawn("echo", "fine"))
			if after.wait(); after.text(1) != "fine\n" {
				t.Fatal("no run after the bomb")
			}
		}
	})
}

// usersProcesses are the user's processes that still live, the agent left out.
func usersProcesses(box *box) []string {
	return boxProcesses(box, func(status map[string]string) bool {
		pids := strings.Fields(status["NSpid"])
		zombie := strings.HasPrefix(status["State"], "Z") && status["Threads"] == "1"
		return strings.Fields(status["Uid"])[0] == strconv.Itoa(userID) && pids[len(pids)-1] != "1" && !zombie
	})
}
