package endtoend

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func prepareFork(box *box, environment map[string]string) *operation {
	if environment == nil {
		environment = map[string]string{}
	}
	return box.open(map[string]any{"op": "prepare", "name": "python", "kind": "fork", "argv": []string{"/usr/bin/python3", "-I", "-c", forkServer}, "env": environment})
}

func fromServer(box *box, code string) *operation {
	run := box.open(map[string]any{
		"op": "spawn", "argv": []string{"/usr/bin/python3", "-c", coldKernel}, "cwd": workspace,
		"stdin": "null", "structured": true, "from": "python", "timeoutMs": 30000,
	})
	giveJob(run, code)
	return run
}

// fromPrepared leaves it to the agent what to start.
func fromPrepared(box *box, code string) *operation {
	run := box.open(map[string]any{
		"op": "spawn", "cwd": workspace, "stdin": "null", "structured": true, "from": "python", "timeoutMs": 30000,
	})
	giveJob(run, code)
	return run
}

func TestWithoutArgumentsWhatWasPreparedIsStarted(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		prepare := box.open(map[string]any{
			"op": "prepare", "name": "python", "kind": "spare", "argv": []string{"/usr/bin/python3", "-I", "-c", spareProgram}, "env": map[string]string{},
		})
		prepare.event()
		expect := func(run *operation, from any, text string) {
			t.Helper()
			if event := run.event(); event["from"] != from {
				t.Fatalf("EVENT %v", event)
			}
			if run.wait(); run.text(1) != text {
				t.Fatalf("output %q, errors %q", run.text(1), run.text(2))
			}
		}
		expect(fromPrepared(box, "print('ready')"), "python", "ready\n")
		prepare.control(map[string]any{"op": "cancel"})
		prepare.wait()
		expect(fromPrepared(box, "print('cold')"), nil, "cold\n")
		for name, request := range map[string]map[string]any{
			"EPROTO":    {"op": "spawn", "cwd": workspace, "stdin": "null"},
			"ENOSERVER": {"op": "spawn", "cwd": workspace, "stdin": "null", "structured": true, "from": "nobody"},
		} {
			result := box.open(request).wait()
			if failure, failed := result["error"].(map[string]any); !failed || failure["code"] != name {
				t.Fatalf("RESULT %v", result)
			}
		}
	})
}

func giveJob(run *operation, code string) {
	job, _ := json.Marshal(map[string]string{"code": code})
	run.write(3, string(job)+"\n")
}

func TestForkServerGivesAProcessToEachRun(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		prepare := prepareFork(box, nil)
		if event := prepare.event(); event["event"] != "ready" {
			t.Fatalf("EVENT %v", event)
		}
		for index := range 20 {
			run := fromServer(box, fmt.Sprintf("import os; print(%d, os.getuid(), os.getcwd(), os.getsid(0) == os.getpid(), os.nice(0) >= 10, os.getgroups())", index))
			if event := run.event(); event["from"] != "python" {
				t.Fatalf("EVENT %v", event)
			}
			result := run.wait()
			fields := strings.Fields(run.text(1))
			if result["exitCode"] != 0.0 || len(fields) < 5 || strings.Join(fields[:5], " ") != fmt.Sprintf("%d %d %s True True", index, userID, workspace) {
				t.Fatalf("RESULT %v, output %q, errors %q", result, run.text(1), run.text(2))
			}
		}
		prepare.control(map[string]any{"op": "cancel"})
		if result := prepare.wait(); result["reason"] != "cancelled" {
			t.Fatalf("RESULT %v", result)
		}
		run := fromServer(box, "print('cold')")
		if event := run.event(); event["from"] != nil {
			t.Fatalf("EVENT %v from a server that is gone", event)
		}
		if run.wait(); run.text(1) != "cold\n" {
			t.Fatalf("output %q", run.text(1))
		}
	})
}

func TestForkServerSeesNothingThatTheUserCouldHaveFilled(t *testing.T) {
	box := openBox(t, false, func(hello map[string]any) {
		hello["env"] = map[string]string{"PATH": workspace + "/bin:/usr/bin:/bin", "LD_PRELOAD": "/mnt/workspace/evil.so", "PYTHONPATH": workspace, "HOME": workspace}
	})
	prepareFork(box, map[string]string{"OURS": "1"}).event()
	run := fromServer(box, "import json; print(json.dumps(started_as))")
	run.wait()
	var server struct {
		UID int               `json:"uid"`
		Env map[string]string `json:"env"`
	}
	must(t, json.Unmarshal([]byte(run.text(1)), &server))
	delete(server.Env, "LC_CTYPE")
	want := map[string]string{"PATH": "/usr/bin:/bin", "HOME": "/", "LANG": "C.UTF-8", "OURS": "1", "LLM_SANDBOX_ROLE": "server"}
	if server.UID != 0 || fmt.Sprint(server.Env) != fmt.Sprint(want) {
		t.Fatalf("the server ran as %d with %v", server.UID, server.Env)
	}
}

func TestForkServerIsOutOfReachOfTheUsersCode(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		prepareFork(box, nil).event()
		attack := fromServer(box, `
import os, signal, ctypes
server = os.getppid()
def attempt(name, action):
    try:
        action()
        print(name, "worked")
    except OSError as error:
        print(name, "failed")
attempt("memory", lambda: open("/proc/%d/mem" % server))
attempt("descriptor", lambda: os.open("/proc/%d/fd/3" % server, os.O_RDWR))
libc = ctypes.CDLL(None, use_errno=True)
def ptrace():
    if libc.ptrace(16, server, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")
attempt("ptrace", ptrace)
`)
		attack.wait()
		if attack.text(1) != "memory failed\ndescriptor failed\nptrace failed\n" {
			t.Fatalf("output %q, errors %q", attack.text(1), attack.text(2))
		}
		daemon := fromServer(box, "import os\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0:\n    import time; time.sleep(1000)\n")
		daemon.wait()
		after := fromServer(box, "print('alive')")
		if event := after.event(); event["from"] != "python" {
			t.Fatalf("EVENT %v", event)
		}
		after.wait()
		if processes := countUserProcesses(t, box); processes != 0 {
			t.Fatalf("%d processes are left", processes)
		}
	})
}

// countUserProcesses counts, from outside, the user's processes in the box except servers and the agent.
func countUserProcesses(t *testing.T, box *box) int {
	t.Helper()
	return len(boxProcesses(box, func(status map[string]string) bool {
		pids := strings.Fields(status["NSpid"])
		return strings.Fields(status["Uid"])[0] == strconv.Itoa(userID) && pids[len(pids)-1] != "1" && !strings.Contains(status["cmdline"], "LLM_SANDBOX_ROLE") && !strings.Contains(status["cmdline"], "started_as = {")
	}))
}

func TestServersThatMisbehaveAreReplacedByAColdStart(t *testing.T) {
	for _, manner := range []string{"deaf", "liar", "dies"} {
		t.Run(manner, func(t *testing.T) {
			box := openBox(t, false, nil)
			prepare := prepareFork(box, map[string]string{"MISBEHAVE": manner})
			if manner != "dies" {
				prepare.event()
			}
			if manner == "dies" {
				if result := prepare.wait(); result["exitCode"] != 3.0 || result["reason"] != "ended" {
					t.Fatalf("RESULT %v", result)
				}
			}
			run := fromServer(box, "print('ran')")
			if event := run.event(); event["from"] != nil {
				t.Fatalf("EVENT %v", event)
			}
			if run.wait(); run.text(1) != "ran\n" {
				t.Fatalf("output %q", run.text(1))
			}
			if manner != "dies" {
				if result := prepare.wait(); result["signal"] != "SIGKILL" {
					t.Fatalf("RESULT %v", result)
				}
			}
			if left := boxProcesses(box, func(status map[string]string) bool { return strings.Contains(status["cmdline"], "started_as") }); len(left) != 0 {
				t.Fatalf("left: %v", left)
			}
		})
	}
}

func TestUnknownServerIsAnError(t *testing.T) {
	box := openBox(t, false, nil)
	result := fromServer(box, "").wait()
	if code := result["error"].(map[string]any)["code"]; code != "ENOSERVER" {
		t.Fatalf("RESULT %v", result)
	}
}

const spareProgram = `
import json, os, socket
job = json.loads(socket.socket(fileno=os.dup(3)).makefile().readline())
exec(job["code"])
`

func TestSpareIsGivenOnceAndNeverWaitsBesideUserCode(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		prepare := box.open(map[string]any{"op": "prepare", "name": "python", "kind": "spare", "argv": []string{"/usr/bin/python3", "-I", "-c", spareProgram}, "env": map[string]string{}})
		if event := prepare.event(); event["event"] != "ready" {
			t.Fatalf("EVENT %v", event)
		}
		first := fromServer(box, "import os; print(os.getpid(), os.getuid()); input()")
		event := first.event()
		if event["from"] != "python" {
			t.Fatalf("EVENT %v", event)
		}
		if first.wait(); !strings.HasPrefix(first.text(1), fmt.Sprintf("%v %d", event["pid"], userID)) {
			t.Fatalf("output %q", first.text(1))
		}
		awaitSpare(box, 1)
		long := box.open(spawn("sleep", "1000"))
		long.event()
		awaitSpare(box, 0)
		cold := fromServer(box, "print('cold')")
		if event := cold.event(); event["from"] != nil {
			t.Fatalf("EVENT %v", event)
		}
		cold.wait()
		long.control(map[string]any{"op": "cancel"})
		if result := long.wait(); result["reason"] != "cancelled" {
			t.Fatalf("RESULT %v", result)
		}
		awaitSpare(box, 1)
		prepare.control(map[string]any{"op": "cancel"})
		prepare.wait()
		awaitSpare(box, 0)
	})
}

func spares(box *box) int {
	return len(boxProcesses(box, func(status map[string]string) bool {
		return strings.Contains(status["cmdline"], "exec(job[\"code\"])") && !strings.HasPrefix(status["State"], "Z")
	}))
}

func awaitSpare(box *box, count int) {
	box.t.Helper()
	eventually(box.t, fmt.Sprintf("%d spares", count), func() bool { return spares(box) == count })
}

func TestSpareThatCannotLiveEndsItsPreparation(t *testing.T) {
	box := openBox(t, false, nil)
	prepare := box.open(map[string]any{"op": "prepare", "name": "x", "kind": "spare", "argv": []string{"sh", "-c", "echo no >&2; exit 5"}, "env": map[string]string{}})
	result := prepare.wait()
	if result["reason"] != "ended" || result["exitCode"] != 5.0 || prepare.text(2) != "no\n" {
		t.Fatalf("RESULT %v, errors %q", result, prepare.text(2))
	}
	missing := box.open(map[string]any{"op": "prepare", "name": "y", "kind": "spare", "argv": []string{"not-there"}, "env": map[string]string{}}).wait()
	if code := missing["error"].(map[string]any)["code"]; code != "ENOENT" {
		t.Fatalf("RESULT %v", missing)
	}
}
