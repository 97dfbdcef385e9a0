package endtoend

import "testing"

func TestProgramRunsAndReports(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		run := box.open(spawn("echo", "hello"))
		if event := run.event(); event["event"] != "started" || event["from"] != nil {
			t.Fatalf("EVENT %v", event)
		}
		result := run.wait()
		if result["exitCode"] != 0.0 || result["signal"] != nil || result["reason"] != "exited" {
			t.Fatalf("RESULT %v", result)
		}
		if run.text(1) != "hello\n" {
			t.Fatalf("output %q", run.text(1))
		}
	})
}
