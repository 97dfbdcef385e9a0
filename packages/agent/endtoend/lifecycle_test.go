package endtoend

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"llm-sandbox/agent/frames"
)

func TestHelloSaysWhatTheAgentCan(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		hello := box.hello
		if hello["version"] != 1.0 || hello["window"] != float64(agentWindow) || hello["pid"] != 1.0 || hello["seccomp"] != true {
			t.Fatalf("HELLO %v", hello)
		}
		if want := t.Name()[strings.LastIndex(t.Name(), "/")+1:]; hello["mode"] != want {
			t.Fatalf("mode %v", hello["mode"])
		}
	})
}

// refusal is the reason of the GOODBYE that answers a first frame, after which the agent exits with the code.
func refusal(t *testing.T, sameUID bool, first frames.Frame, code int) map[string]any {
	t.Helper()
	box := connect(t, sameUID)
	box.send(first)
	frame, err := box.reader.Next()
	must(t, err)
	if frame.Type != frames.Goodbye {
		t.Fatalf("%s %s", frame.Type.Name(), frame.Payload)
	}
	reason := decoded(frame.Payload)
	box.awaitExit()
	if got := box.command.ProcessState.ExitCode(); got != code {
		t.Fatalf("exit code %d after %v", got, reason)
	}
	return reason
}

func helloWith(change func(map[string]any)) frames.Frame {
	hello := defaultHello()
	change(hello)
	payload, _ := json.Marshal(hello)
	return frames.Frame{Type: frames.Hello, Payload: payload}
}

func TestHelloIsRefusedWithAReason(t *testing.T) {
	version := refusal(t, false, helloWith(func(hello map[string]any) { hello["version"] = 2; hello["new"] = 1 }), 70)
	if version["reason"] != "version" || fmt.Sprint(version["supported"]) != "[1]" {
		t.Fatalf("GOODBYE %v", version)
	}
	for name, change := range map[string]func(map[string]any){
		"root":          func(hello map[string]any) { hello["user"] = map[string]any{"uid": 0, "gid": 0} },
		"unknown field": func(hello map[string]any) { hello["colour"] = 1 },
		"window":        func(hello map[string]any) { hello["window"] = 0 },
		"no tags":       func(hello map[string]any) { delete(hello, "tags") },
		"tag is group":  func(hello map[string]any) { hello["tags"] = map[string]any{"first": userID - 1, "count": 10} },
		"no limits":     func(hello map[string]any) { delete(hello, "limits") },
		"folder":        func(hello map[string]any) { hello["workspace"] = "here" },
	} {
		if reason := refusal(t, false, helloWith(change), 70); reason["reason"] == "" {
			t.Errorf("%s: GOODBYE %v", name, reason)
		}
	}
	refusal(t, true, helloWith(func(hello map[string]any) { hello["user"] = map[string]any{"uid": userID + 1, "gid": userID} }), 70)
	refusal(t, false, frames.Frame{Type: frames.Ping, Payload: make([]byte, 8)}, 70)
}

func TestProtocolViolationEndsTheAgent(t *testing.T) {
	for name, frame := range map[string]frames.Frame{
		"unknown type":       {Type: 99, Channel: 1},
		"agent's frame":      {Type: frames.Result, Channel: 1, Payload: []byte("{}")},
		"never open":         {Type: frames.Data, Channel: 77, Payload: []byte{0, 1}},
		"second HELLO":       {Type: frames.Hello, Payload: []byte("{}")},
		"stream of output":   {Type: frames.Data, Channel: 1, Payload: []byte{1, 1}},
		"beyond the window":  {Type: frames.Data, Channel: 1, Payload: make([]byte, 1+frames.MaxDataBytes)},
		"channel used again": {Type: frames.Open, Channel: 1, Payload: []byte(`{"op":"spawn","argv":["true"]}`)},
		"CLOSE too early":    {Type: frames.Close, Channel: 1},
		"unknown CONTROL":    {Type: frames.Control, Channel: 1, Payload: []byte(`{"op":"dance"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			box := openBox(t, false, nil)
			box.open(with(spawn("sleep", "1000"), "stdin", "stream")).event()
			for range 40 { // more than the window and the pipe together
				box.send(frame)
			}
			if reason := box.awaitGoodbye(); reason != "protocol" {
				t.Fatalf("GOODBYE %q", reason)
			}
			box.awaitExit()
			if code := box.command.ProcessState.ExitCode(); code != 70 {
				t.Fatalf("exit code %d", code)
			}
		})
	}
}

func (box *box) awaitGoodbye() string {
	box.t.Helper()
	select {
	case reason := <-box.goodbye:
		return reason
	case <-timeAfterPatience():
		box.t.Fatal("no GOODBYE")
		return ""
	}
}

func TestLateFramesAreDropped(t *testing.T) {
	box := openBox(t, false, nil)
	run := box.open(with(spawn("true"), "stdin", "stream"))
	run.wait()
	run.write(0, "late")
	run.end(0)
	box.send(frames.CreditFrame(run.id, 1, 100))
	run.control(map[string]any{"op": "cancel"})
	box.ping()
}

func TestEveryEndKillsEverything(t *testing.T) {
	for name, end := range map[string]struct {
		hello  func(map[string]any)
		act    func(*box)
		reason string
	}{
		"GOODBYE":      {nil, func(box *box) { box.sendJSON(frames.Goodbye, 0, map[string]any{"reason": "close"}) }, "close"},
		"end of input": {nil, func(box *box) { box.output.Close() }, ""},
		"lost host":    {nil, func(box *box) { box.input.Close(); box.send(frames.Frame{Type: frames.Ping, Payload: make([]byte, 8)}) }, ""},
		"silence":      {func(hello map[string]any) { hello["heartbeatMs"] = 300 }, func(*box) {}, "heartbeat"},
		"lifetime":     {func(hello map[string]any) { hello["lifetimeMs"] = 300 }, func(*box) {}, "lifetime"},
	} {
		for _, mode := range modes {
			t.Run(name+"/"+mode.name, func(t *testing.T) {
				box := openBox(t, mode.sameUID, end.hello)
				box.lostOnPurpose = name == "lost host"
				run := box.open(spawn("sh", "-c", "setsid sleep 1000 & echo on; sleep 1000"))
				run.waitText(1, "on")
				end.act(box)
				if end.reason != "" {
					if reason := box.awaitGoodbye(); reason != end.reason {
						t.Fatalf("GOODBYE %q", reason)
					}
				}
				box.awaitExit()
				if code := box.command.ProcessState.ExitCode(); code != 0 {
					t.Fatalf("exit code %d", code)
				}
			})
		}
	}
}

func TestAHostThatSpeaksIsNotSilent(t *testing.T) {
	box := openBox(t, false, func(hello map[string]any) { hello["heartbeatMs"] = 2000 })
	run := box.open(spawn("sleep", "5"))
	for {
		box.ping()
		select {
		case <-run.result:
			return
		case <-box.exited:
			t.Fatal("the agent has ended")
		default:
		}
		pause()
	}
}

func TestOneThousandRunsLeaveNothingInTheAgent(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		round := func(count int) {
			for range count {
				run := box.open(with(with(spawn("true"), "stdin", "stream"), "structured", true))
				if result := run.wait(); result["exitCode"] != 0.0 {
					t.Fatalf("RESULT %v", result)
				}
			}
		}
		descriptors := func() (count int) {
			entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", box.command.Process.Pid))
			must(t, err)
			return len(entries)
		}
		threads := func() int {
			entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", box.command.Process.Pid))
			must(t, err)
			return len(entries)
		}
		round(50)
		descriptorsBefore, threadsBefore, memoryBefore := descriptors(), threads(), agentMemory(t, box)
		round(1000)
		if after := descriptors(); after > descriptorsBefore {
			t.Errorf("descriptors %d → %d", descriptorsBefore, after)
		}
		if after := threads(); after > threadsBefore {
			t.Errorf("threads %d → %d", threadsBefore, after)
		}
		if after := agentMemory(t, box); after > memoryBefore+2<<20 && !raceDetector {
			t.Errorf("memory %d → %d", memoryBefore, after)
		}
	})
}
