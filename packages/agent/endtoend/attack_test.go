package endtoend

import (
	"fmt"
	"strings"
	"testing"

	"llm-sandbox/agent/frames"
)

// ping proves that the agent still answers.
func (box *box) ping() {
	box.t.Helper()
	box.send(frames.Frame{Type: frames.Ping, Payload: []byte("01234567")})
	select {
	case <-box.pongs:
	case <-box.exited:
		box.t.Fatal("the agent has gone")
	case <-timeAfterPatience():
		box.t.Fatal("the agent does not answer")
	}
}

func python(source string) map[string]any { return spawn("/usr/bin/python3", "-I", "-c", source) }

func TestUserCannotReadWriteOrTraceTheAgent(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		run := box.open(python(`
import ctypes, glob, os
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, action):
    try:
        action()
    except OSError:
        return
    print(name, "worked")
def call(*arguments):
    if libc.syscall(*arguments) == -1:
        raise OSError(ctypes.get_errno(), "")
for fd in range(12):
    attempt("descriptor %d" % fd, lambda: os.open("/proc/1/fd/%d" % fd, os.O_RDWR))
    attempt("link %d" % fd, lambda: os.readlink("/proc/1/fd/%d" % fd))
    attempt("pidfd_getfd %d" % fd, lambda: call(438, os.pidfd_open(1), fd, 0))
for name in ("mem", "environ", "maps", "auxv", "stack", "syscall", "exe", "root", "cwd", "io"):
    attempt(name, lambda: os.open("/proc/1/" + name, os.O_RDONLY) if name not in ("exe", "root", "cwd") else os.readlink("/proc/1/" + name))
attempt("memory for writing", lambda: os.open("/proc/1/mem", os.O_RDWR))
for request in (16, 0x4206):
    attempt("ptrace", lambda: call(101, request, 1, 0, 0))
buffer = ctypes.create_string_buffer(16)
vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 16)
attempt("process_vm_readv", lambda: call(310, 1, vector, 1, vector, 1, 0))
attempt("process_vm_writev", lambda: call(311, 1, vector, 1, vector, 1, 0))
for task in glob.glob("/proc/1/task/*"):
    attempt("task memory", lambda: os.open(task + "/mem", os.O_RDWR))
    attempt("task descriptor", lambda: os.open(task + "/fd/3", os.O_RDWR))
attempt("oom score", lambda: open("/proc/1/oom_score_adj", "w").write("1000"))
attempt("limit", lambda: __import__("resource").prlimit(1, 7, (1, 1)) if os.getuid() != ` + fmt.Sprint(userID) + ` else (_ for _ in ()).throw(OSError()))
print("end")
`))
		if run.wait(); run.text(1) != "end\n" {
			t.Fatalf("output %q, errors %q", run.text(1), run.text(2))
		}
		box.ping()
	})
}

func TestUserCannotStopTheAgentWithSignals(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		run := box.open(python(`
import ctypes, os
libc = ctypes.CDLL(None)
threads = [int(name) for name in os.listdir("/proc/1/task")]
for round in range(50):
    for number in range(1, 65):
        libc.kill(1, number)
        for thread in threads:
            libc.syscall(234, 1, thread, number)
for round in range(20000):
    libc.kill(1, 23)
    libc.kill(1, 17)
print("end")
`))
		if run.wait(); run.text(1) != "end\n" {
			t.Fatalf("output %q, errors %q", run.text(1), run.text(2))
		}
		box.ping()
		after := box.open(spawn("echo", "fine"))
		if after.wait(); after.text(1) != "fine\n" {
			t.Fatal("no run afterwards")
		}
	})
}

// TestKillingEverythingKillsOnlyTheUser: kill(-1) as the user reaches the run itself and nothing that is needed.
func TestKillingEverythingKillsOnlyTheUser(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		for range 20 {
			box.open(python("import os; os.kill(-1, 9)")).wait()
		}
		box.ping()
	})
}

func TestPrivilegesOfARun(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		run := box.open(spawn("sh", "-c", "cat /proc/self/status /proc/self/oom_score_adj; cat /proc/self/limits; ps -o nice= -o sid= -o tty= -p $$"))
		run.wait()
		text := strings.Join(strings.Fields(run.text(1)), " ")
		for _, want := range []string{
			"NoNewPrivs: 1", "Seccomp: 2", "CapInh: 0000000000000000", "CapPrm: 0000000000000000", "CapEff: 0000000000000000", "CapAmb: 0000000000000000",
			fmt.Sprintf("Uid: %d %d %d %d", userID, userID, userID, userID), fmt.Sprintf("Gid: %d %d %d %d", userID, userID, userID, userID),
			"SigBlk: 0000000000000000", "SigIgn: 0000000000000000",
			" 1000 Limit", "Max core file size 0 0 ", "Max processes 64 64 ", "Max open files 256 256 ", "Max file size 67108864 67108864 ",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in %s", want, text)
			}
		}
	})
}

func TestBombsNeverStopTheAgent(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		for name, source := range map[string]string{
			"descriptors": "import os\nprint('on', flush=True)\nwhile True:\n  try: os.pipe()\n  except OSError: pass\n",
			"threads":     "import threading, time\nprint('on', flush=True)\nwhile True:\n  try: threading.Thread(target=time.sleep, args=(100,)).start()\n  except RuntimeError: pass\n",
			"output":      "import os\nprint('on', flush=True)\nwhile True: os.write(1, b'x' * 65536)\n",
			"files":       "import os\nprint('on', flush=True)\ni = 0\nwhile True:\n  i += 1\n  try: open('f%d' % i, 'w').write('x' * 100000)\n  except OSError: pass\n",
			"pipes":       "import fcntl, os\nprint('on', flush=True)\nwhile True:\n  try:\n    r, w = os.pipe(); fcntl.fcntl(w, 1031, 1 << 20); os.set_blocking(w, False); os.write(w, b'x' * (1 << 20))\n  except OSError: pass\n",
		} {
			bomb := box.open(with(python(source), "timeoutMs", 500))
			bomb.waitText(1, "on")
			for range 5 {
				box.ping()
			}
			if result := bomb.wait(); result["reason"] != "timed-out" {
				t.Errorf("%s: RESULT %v, errors %q", name, result, bomb.text(2))
			}
			after := box.open(spawn("echo", "fine"))
			if result := after.wait(); after.text(1) != "fine\n" {
				t.Errorf("%s: afterwards RESULT %v", name, result)
			}
		}
	})
}

// TestAFloodDoesNotStarveOthers: beside a run that floods, other runs and PING are answered.
func TestAFloodDoesNotStarveOthers(t *testing.T) {
	box := openBox(t, false, nil)
	flood := box.open(spawn("cat", "/dev/zero"))
	flood.waitLength(1, 1<<20)
	for range 20 {
		box.ping()
		run := box.open(spawn("echo", "fine"))
		if run.wait(); run.text(1) != "fine\n" {
			t.Fatalf("output %q", run.text(1))
		}
	}
	flood.control(map[string]any{"op": "cancel"})
	flood.wait()
}
