// Package endtoend runs the real agent as PID 1 of new namespaces and attacks it with real programs.
package endtoend

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var agentBinary string

func TestMain(m *testing.M) {
	if os.Args[0] == boxName {
		becomeAgent()
	}
	os.Exit(func() int {
		if os.Getuid() != 0 {
			fmt.Println("end-to-end tests skipped: they make namespaces and need root")
			return 0
		}
		folder, err := os.MkdirTemp("", "agent-endtoend")
		if err != nil {
			fmt.Println(err)
			return 1
		}
		defer os.RemoveAll(folder)
		os.Chmod(folder, 0o755)
		agentBinary = filepath.Join(folder, "agent")
		arguments := []string{"build", "-trimpath", "-o", agentBinary}
		if raceDetector {
			arguments = append(arguments, "-race")
		}
		build := exec.Command("go", append(arguments, "..")...)
		build.Env = os.Environ()
		if !raceDetector {
			build.Env = append(build.Env, "CGO_ENABLED=0")
		}
		if output, err := build.CombinedOutput(); err != nil {
			fmt.Printf("the agent does not build: %v\n%s", err, output)
			return 1
		}
		return m.Run()
	}())
}
