// Package serve answers the host: HELLO, then operations until the end.
package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"llm-sandbox/agent/connection"
	"llm-sandbox/agent/files"
	"llm-sandbox/agent/frames"
	"llm-sandbox/agent/identity"
	"llm-sandbox/agent/lifecycle"
	"llm-sandbox/agent/pipe"
	"llm-sandbox/agent/process"
	"llm-sandbox/agent/seccomp"
)

const (
	exitFine    = 0
	exitRefused = 70
)

const (
	helloPatience   = 60 * time.Second
	goodbyePatience = time.Second
)

const threads = 12

type session struct {
	connection *connection.Connection
	manager    *process.Manager
	files      *files.Files
	ending     sync.Once
}

// Run serves the host at the other end of input and output and ends the program.
func Run(input, output *os.File) {
	session := &session{}
	writer, err := pipe.Writer(output)
	if err != nil {
		session.endOfInput(err)
	}
	session.connection = connection.New(input, writer, func(error) { session.exit(exitFine) })
	impatience := time.AfterFunc(helloPatience, func() { session.exit(exitRefused) })
	payload, err := session.connection.ReadHello()
	if err != nil {
		session.endOfInput(err)
	}
	request, refusal := decodeHello(payload)
	if refusal != nil {
		session.end(*refusal, exitRefused)
	}
	impatience.Stop()
	if err := session.begin(request); err != nil {
		session.end(goodbye{Reason: err.Error()}, exitRefused)
	}
	// Before anything of the user's can run, and while the host reads the answer.
	lifecycle.StartThreads(threads)
	clock := lifecycle.StartClock(milliseconds(request.HeartbeatMs), milliseconds(request.LifetimeMs), func(reason string) {
		session.end(goodbye{Reason: reason}, exitFine)
	})
	err = session.connection.Serve(request.Window, session.handle, clock.Heard)
	if err == nil {
		session.end(goodbye{Reason: "close"}, exitFine)
	}
	session.endOfInput(err)
}

func (session *session) begin(request *hello) error {
	user, err := identity.Become(request.User.UID, request.User.GID)
	if err != nil {
		return err
	}
	if request.Tags == nil {
		if user.Split {
			return errors.New("HELLO: tags are missing")
		}
		request.Tags = &tags{}
	}
	session.files = files.New(files.Options{
		Workspace: request.Workspace, Scratch: request.Scratch,
		UID: user.UID, GID: user.GID, SplitUID: user.Split,
	})
	if err := session.restore(request); err != nil {
		return err
	}
	filter := seccomp.Supported()
	session.manager = process.NewManager(process.Settings{
		Environment: request.Env,
		UserFolders: append([]string{request.Workspace}, request.Scratch...),
		Processes:   request.Limits.Processes, OpenFiles: request.Limits.OpenFiles, FileBytes: request.Limits.FileBytes,
		FirstTag: request.Tags.First, TagCount: request.Tags.Count,
		Filter: filter,
	}, user)
	mode := "same-uid"
	if user.Split {
		mode = "split-uid"
	}
	return session.send(frames.Hello, answer{
		Version: Version, Window: connection.Window, Agent: AgentVersion, Mode: mode, Arch: runtime.GOARCH,
		PID: os.Getpid(), Seccomp: filter, MemoryEvents: session.manager.ReportsMemory(),
	})
}

func (session *session) send(kind frames.Type, value any) error {
	payload, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return session.connection.Send(frames.Frame{Type: kind, Payload: payload})
}

func (session *session) endOfInput(err error) {
	var violation *frames.Violation
	if errors.As(err, &violation) {
		fmt.Fprintln(os.Stderr, "llm-sandbox agent:", err)
		session.end(goodbye{Reason: "protocol"}, exitRefused)
	}
	if err != io.EOF {
		fmt.Fprintln(os.Stderr, "llm-sandbox agent:", err)
	}
	session.exit(exitFine)
}

// end says why and ends the program. A host that does not read is not waited for.
func (session *session) end(reason goodbye, code int) {
	session.ending.Do(func() {
		time.AfterFunc(goodbyePatience, func() { session.exit(code) })
		session.killAll()
		session.send(frames.Goodbye, reason)
		session.exit(code)
	})
	select {}
}

// The kernel kills whatever is left in the box when its PID 1 exits.
func (session *session) exit(code int) {
	if os.Getpid() != 1 {
		session.killAll()
	}
	os.Exit(code)
}

func (session *session) killAll() {
	if session.manager != nil {
		session.manager.KillAll()
	}
}

func milliseconds(value float64) time.Duration {
	return time.Duration(min(value, 1e12) * float64(time.Millisecond))
}

func looseDecode(payload []byte, target any) error { return json.Unmarshal(payload, target) }
