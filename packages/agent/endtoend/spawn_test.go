package endtoend

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"llm-sandbox/agent/frames"
)

func TestProgramRunsAndReports(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		run := box.open(spawn("echo", "hello", "two words"))
		if event := run.event(); event["event"] != "started" || event["from"] != nil {
			t.Fatalf("EVENT %v", event)
		}
		result := run.wait()
		if result["exitCode"] != 0.0 || result["signal"] != nil || result["reason"] != "exited" {
			t.Fatalf("RESULT %v", result)
		}
		if result["bytes"].(map[string]any)["1"] != 16.0 || run.text(1) != "hello two words\n" {
			t.Fatalf("output %q, %v", run.text(1), result)
		}
		if run.ends[1] != 1 || run.ends[2] != 1 || run.ends[3] != 0 {
			t.Fatalf("ENDs %v", run.ends)
		}
	})
}

func TestExitCodeSignalTimeoutAndCancelAreDifferentThings(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		expect := func(run *operation, reason string, code, signal any) {
			t.Helper()
			result := run.wait()
			if result["reason"] != reason || result["exitCode"] != code || result["signal"] != signal {
				t.Fatalf("RESULT %v", result)
			}
		}
		expect(box.open(spawn("sh", "-c", "exit 7")), "exited", 7.0, nil)
		expect(box.open(spawn("sh", "-c", "kill -SEGV $$")), "exited", nil, "SIGSEGV")
		expect(box.open(spawn("sh", "-c", "kill -KILL $$")), "exited", nil, "SIGKILL")
		expect(box.open(with(spawn("sleep", "1000"), "timeoutMs", 50)), "timed-out", nil, "SIGKILL")
		canceled := box.open(spawn("sh", "-c", "echo before; sleep 1000"))
		canceled.waitText(1, "before")
		canceled.control(map[string]any{"op": "cancel"})
		expect(canceled, "cancelled", nil, "SIGKILL")
		early := box.open(spawn("sleep", "1000"))
		early.control(map[string]any{"op": "cancel"})
		result := early.wait()
		if failure, failed := result["error"].(map[string]any); failed && failure["code"] != "ECANCELED" || !failed && result["reason"] != "cancelled" {
			t.Fatalf("RESULT %v", result)
		}
	})
}

func TestSignalReachesTheGroup(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		run := box.open(spawn("sh", "-c", "trap 'echo got; exit 3' INT; echo ready; while :; do sleep 0.05; done"))
		run.waitText(1, "ready")
		run.control(map[string]any{"op": "signal", "signal": "SIGINT"})
		if result := run.wait(); result["exitCode"] != 3.0 || !strings.Contains(run.text(1), "got") {
			t.Fatalf("RESULT %v, output %q", result, run.text(1))
		}
	})
}

func TestProgramThatCannotStartIsAnErrorWithItsPath(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		box.open(spawn("sh", "-c", "echo text > plain; echo text > binary; chmod 755 binary; mkdir closed; chmod 0 closed; printf '#!/not/there\n' > script; chmod 755 script")).wait()
		for _, attempt := range []struct {
			program, directory, code, path string
		}{
			{"not-there", workspace, "ENOENT", "not-there"},
			{"/not/there", workspace, "ENOENT", "/not/there"},
			{"./plain", workspace, "EACCES", "./plain"},
			{"./binary", workspace, "ENOEXEC", "./binary"},
			{"./script", workspace, "ENOENT", "./script"},
			{"", workspace, "ENOENT", ""},
			{"/", workspace, "EACCES", "/"},
			{"true", workspace + "/closed", "EACCES", workspace + "/closed"},
			{"true", workspace + "/none", "ENOENT", workspace + "/none"},
			{"true", workspace + "/plain", "ENOTDIR", workspace + "/plain"},
		} {
			result := box.open(with(spawn(attempt.program), "cwd", attempt.directory)).wait()
			failure, _ := result["error"].(map[string]any)
			path, _ := failure["path"].(string)
			if failure["code"] != attempt.code || path != attempt.path {
				t.Errorf("%+v: RESULT %v", attempt, result)
			}
		}
	})
}

func TestEnvironmentIsBuiltFromScratch(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		run := box.open(with(spawn("env"), "env", map[string]string{"B": "two\nlines", "HOME": "/x"}))
		run.wait()
		want := "B=two\nlines\nHOME=/x\nLANG=C.UTF-8\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		if run.text(1) != want {
			t.Fatalf("environment %q", run.text(1))
		}
	})
}

func TestProgramOwnsOnlyItsStreams(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		list := "import os; print(sorted((int(n), os.readlink('/proc/self/fd/' + n).split(':')[0]) for n in os.listdir('/proc/self/fd') if os.path.lexists('/proc/self/fd/' + n)))"
		plain := box.open(spawn("/usr/bin/python3", "-I", "-c", list))
		plain.wait()
		if plain.text(1) != "[(0, '/dev/null'), (1, 'pipe'), (2, 'pipe')]\n" {
			t.Fatalf("descriptors %s %s", plain.text(1), plain.text(2))
		}
		structured := box.open(with(with(spawn("/usr/bin/python3", "-I", "-c", list), "structured", true), "stdin", "stream"))
		structured.wait()
		if structured.text(1) != "[(0, 'pipe'), (1, 'pipe'), (2, 'pipe'), (3, 'socket')]\n" {
			t.Fatalf("descriptors %s %s", structured.text(1), structured.text(2))
		}
	})
}

func TestStandardStreamsCanBeOpenedAgain(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		run := box.open(spawn("sh", "-c", "echo out > /dev/stdout; echo err > /dev/stderr"))
		run.wait()
		if run.text(1) != "out\n" || run.text(2) != "err\n" {
			t.Fatalf("output %q, errors %q", run.text(1), run.text(2))
		}
	})
}

func TestInputIsStreamedAndEnds(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		run := box.open(with(spawn("cat"), "stdin", "stream"))
		run.write(0, "first ")
		run.waitText(1, "first ")
		run.write(0, "second")
		run.end(0)
		if result := run.wait(); run.text(1) != "first second" || result["exitCode"] != 0.0 {
			t.Fatalf("RESULT %v, output %q", result, run.text(1))
		}
		deaf := box.open(with(spawn("sh", "-c", "exec 0<&-; sleep 0.2; echo done"), "stdin", "stream"))
		deaf.write(0, strings.Repeat("x", 100_000))
		if result := deaf.wait(); result["exitCode"] != 0.0 || deaf.text(1) != "done\n" {
			t.Fatalf("RESULT %v", result)
		}
	})
}

// TestLargeInputNeedsCredit sends ten times what the agent allows ahead, waiting for its credit.
func TestLargeInputNeedsCredit(t *testing.T) {
	box := openBox(t, false, nil)
	run := box.open(with(spawn("sh", "-c", "sleep 0.2; wc -c"), "stdin", "stream"))
	const total = 2_621_440
	run.upload(0, make([]byte, total))
	run.end(0)
	if run.wait(); strings.TrimSpace(run.text(1)) != fmt.Sprint(total) {
		t.Fatalf("output %q", run.text(1))
	}
}

func TestStructuredStreamGoesBothWaysAndEndsApart(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		run := box.open(with(spawn("sh", "-c", "cat <&3 >&3; echo closed"), "structured", true))
		run.write(3, "ping")
		run.waitText(3, "ping")
		run.end(3)
		if run.wait(); run.text(1) != "closed\n" || run.text(3) != "ping" || run.ends[3] != 1 {
			t.Fatalf("output %q, structured %q", run.text(1), run.text(3))
		}
	})
}

func TestWhatWasPrintedBeforeAMessageComesBeforeIt(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		for range 30 {
			run := box.open(with(spawn("/usr/bin/python3", "-I", "-c", `
import os
for index in range(20):
    os.write(1, b"o" * 70000)
    os.write(2, b"e" * 100)
    os.write(3, b"message %d\n" % index)
`), "structured", true))
			run.wait()
			run.checkOrder(20, 70000, 100)
		}
	})
}

// checkOrder: before message number n there must be n times the output of one round.
func (run *operation) checkOrder(rounds, output, errors int) {
	run.box.t.Helper()
	if run.text(3) == "" || len(run.text(1)) != rounds*output || len(run.text(2)) != rounds*errors {
		run.box.t.Fatalf("%d %d bytes, errors %q", len(run.text(1)), len(run.text(2)), run.text(2))
	}
	var seen [4]int
	for _, chunk := range run.chunks {
		seen[chunk.stream] += chunk.length
		if chunk.stream == 3 {
			messages := strings.Count(run.text(3)[:seen[3]], "\n")
			if seen[1] < messages*output || seen[2] < messages*errors {
				run.box.t.Fatalf("%d messages came when there were only %d and %d bytes", messages, seen[1], seen[2])
			}
		}
	}
}

func TestOutputStopsWithoutCreditAndTheProgramWaits(t *testing.T) {
	box := openBox(t, false, func(hello map[string]any) { hello["window"] = 1000 })
	run := box.openWith(spawn("sh", "-c", "head -c 50000000 /dev/zero; echo end >&2"), true)
	run.waitLength(1, 1000)
	before := agentMemory(t, box)
	eventually(t, "a program that sleeps in write", func() bool {
		return len(boxProcesses(box, func(status map[string]string) bool {
			return status["Name"] == "head" && strings.HasPrefix(status["State"], "S")
		})) == 1
	})
	if got := len(run.text(1)); got != 1000 {
		t.Fatalf("%d bytes came for a credit of 1000", got)
	}
	if grown := agentMemory(t, box) - before; grown > 4<<20 {
		t.Fatalf("the agent's memory has grown by %d bytes", grown)
	}
	run.lock.Lock()
	run.manual = false
	run.lock.Unlock()
	box.send(frames.CreditFrame(run.id, 1, 1<<20))
	if result := run.wait(); len(run.text(1)) != 50_000_000 || run.text(2) != "end\n" {
		t.Fatalf("RESULT %v, %d bytes", result, len(run.text(1)))
	}
}

func TestImpatientHostNeedNotTakeTheRest(t *testing.T) {
	box := openBox(t, false, func(hello map[string]any) { hello["window"] = 1000 })
	run := box.openWith(spawn("head", "-c", "50000000", "/dev/zero"), true)
	run.waitLength(1, 1000)
	run.control(map[string]any{"op": "cancel"})
	run.control(map[string]any{"op": "cancel"})
	if result := run.wait(); result["reason"] != "cancelled" || result["bytes"].(map[string]any)["1"] != 1000.0 {
		t.Fatalf("RESULT %v", result)
	}
}

func TestOutputOfAProgramThatEndsAtOnceIsComplete(t *testing.T) {
	box := openBox(t, false, nil)
	for range 50 {
		run := box.open(spawn("head", "-c", "900000", "/dev/zero"))
		if run.wait(); len(run.text(1)) != 900_000 {
			t.Fatalf("%d bytes", len(run.text(1)))
		}
	}
}

func TestManyRunsAtOnceStayApart(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		runs := make([]*operation, 8)
		for index := range runs {
			runs[index] = box.open(spawn("sh", "-c", fmt.Sprintf("for i in 1 2 3; do echo %d; sleep 0.01; done; exit %d", index, index)))
		}
		for index, run := range runs {
			result := run.wait()
			if want := strings.Repeat(fmt.Sprintf("%d\n", index), 3); run.text(1) != want || result["exitCode"] != float64(index) {
				t.Errorf("run %d: RESULT %v, output %q, errors %q", index, result, run.text(1), run.text(2))
			}
		}
	})
}

func TestUsageCountsDescendants(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		burn := "x = bytearray(50_000_000)\nimport time\nwhile time.process_time() < 0.3: pass\n"
		run := box.open(spawn("sh", "-c", "/usr/bin/python3 -I -c '"+burn+"' & wait"))
		result := run.wait()
		if result["cpuMs"].(float64) < 250 || result["peakMemoryBytes"].(float64) < 50_000_000 || result["wallMs"].(float64) < 250 {
			t.Fatalf("RESULT %v", result)
		}
		orphan := box.open(spawn("sh", "-c", "(setsid /usr/bin/python3 -I -c '"+burn+"print(1)' & ) ; sleep 30 & while [ ! -e done ]; do sleep 0.05; done"))
		orphan.waitText(1, "1")
		box.open(spawn("touch", "done")).wait()
		if result := orphan.wait(); result["cpuMs"].(float64) < 250 || result["peakMemoryBytes"].(float64) < 50_000_000 {
			t.Fatalf("RESULT %v", result)
		}
	})
}

func TestRequestsAreDecodedStrictly(t *testing.T) {
	box := openBox(t, false, nil)
	code := func(request map[string]any) any {
		t.Helper()
		result := box.open(request).wait()
		failure, _ := result["error"].(map[string]any)
		return failure["code"]
	}
	for name, request := range map[string]map[string]any{
		"unknown op":     {"op": "dance"},
		"unknown field":  with(spawn("true"), "colour", 1),
		"other case":     with(spawn("true"), "Argv", []string{"x"}),
		"no argv":        {"op": "spawn"},
		"NUL":            spawn("a\x00b"),
		"bad stdin":      with(spawn("true"), "stdin", "tty"),
		"relative cwd":   with(spawn("true"), "cwd", "x"),
		"bad variable":   with(spawn("true"), "env", map[string]string{"A=B": "x"}),
		"bad timeout":    with(spawn("true"), "timeoutMs", -1),
		"type":           with(spawn("true"), "structured", "yes"),
		"null":           with(spawn("true"), "env", nil),
		"from, no fd 3":  with(spawn("true"), "from", "python"),
		"unknown kind":   {"op": "prepare", "name": "a", "kind": "magic", "argv": []string{"true"}, "env": map[string]string{}},
		"file operation": {"op": "stat", "path": workspace, "x": 1},
	} {
		if got := code(request); got != "EPROTO" {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := code(with(spawn("true"), "x-new", map[string]any{"any": []int{1}})); got != nil {
		t.Errorf("a field that begins with x-: %v", got)
	}
}

func agentMemory(t *testing.T, box *box) int {
	t.Helper()
	return rollup(t, box, "Private_Dirty") + rollup(t, box, "Private_Clean")
}

func rollup(t *testing.T, box *box, field string) int {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", box.command.Process.Pid))
	must(t, err)
	_, rest, _ := strings.Cut(string(content), field+":")
	var kilobytes int
	fmt.Sscan(rest, &kilobytes)
	return kilobytes * 1024
}
