package process

import (
	"context"
	"io"
	"syscall"
	"time"

	"llm-sandbox/agent/connection"
	"llm-sandbox/agent/failure"
)

// Result is the RESULT of `spawn`.
type Result struct {
	ExitCode        *int             `json:"exitCode"`
	Signal          *string          `json:"signal"`
	Reason          string           `json:"reason"`
	WallMs          float64          `json:"wallMs"`
	CPUMs           float64          `json:"cpuMs"`
	PeakMemoryBytes int64            `json:"peakMemoryBytes"`
	Bytes           map[string]int64 `json:"bytes"`
}

type startedEvent struct {
	Event string  `json:"event"`
	PID   int     `json:"pid"`
	From  *string `json:"from"`
}

// process is one that has been started for a run, from wherever it came.
type process struct {
	pid     int
	from    *string
	streams *streams
	exited  chan Exit
	server  *server // whose child it is
}

// Spawn runs a program to its end; whatever it has started is gone when Spawn returns.
func (manager *Manager) Spawn(channel *connection.Channel, request *SpawnRequest) (*Result, *failure.Error) {
	if err := request.check(); err != nil {
		return nil, err
	}
	ctx, stop := channel.Canceled, context.CancelFunc(func() {})
	if request.TimeoutMs > 0 {
		ctx, stop = context.WithTimeout(ctx, time.Duration(request.TimeoutMs*float64(time.Millisecond)))
	}
	defer stop()
	run, err := manager.begin(ctx, request)
	if err != nil {
		return nil, err
	}
	return run.finish(ctx, channel), nil
}

type run struct {
	manager     *Manager
	group       *group
	process     *process
	start       time.Time
	killsBefore int // for memory, in the box
}

func (run *run) finish(ctx context.Context, channel *connection.Channel) *Result {
	channel.Event(startedEvent{"started", run.process.pid, run.process.from})
	channel.OnSignal(run.signal)
	flow := newFlow(channel, run.process.streams)
	result := &Result{Reason: "exited"}
	var exit Exit
	exited := run.process.exited
	if ctx.Err() != nil {
		exited = nil // It was killed while it started: that it has ended too must not be told as its own doing.
	}
	select {
	case exit = <-exited:
	case <-ctx.Done():
		result.Reason = "timed-out"
		if channel.Canceled.Err() != nil {
			result.Reason = "cancelled"
		}
		exit = run.kill()
	}
	wall := time.Since(run.start)
	run.group.leaderExited(exit)
	run.manager.sweep(run.group)
	flow.finish(channel.Impatient())
	run.process.streams.closeAll()

	usage := run.group.total(exit)
	result.ExitCode, result.Signal = outcome(exit.Status)
	result.WallMs = milliseconds(wall)
	result.CPUMs = milliseconds(usage.CPU)
	result.PeakMemoryBytes = usage.PeakBytes
	result.Bytes = flow.bytes()
	if result.Reason == "exited" && run.ranOutOfMemory(exit) {
		result.Reason = "out-of-memory"
	}
	return result
}

func (run *run) signal(name string) {
	if number, known := signalNumbers[name]; known {
		run.manager.user.Kill(-run.process.pid, number)
	}
}

// lostPatience is how long a fork server may need to tell that a killed child has ended.
const lostPatience = 3 * time.Second

func (run *run) kill() Exit {
	run.group.lock.Lock()
	run.group.killing = true
	run.group.lock.Unlock()
	run.manager.user.Kill(-run.process.pid, syscall.SIGKILL)
	run.manager.user.Kill(run.process.pid, syscall.SIGKILL)
	if run.process.server == nil {
		return <-run.process.exited
	}
	select {
	case exit := <-run.process.exited:
		return exit
	case <-time.After(lostPatience):
		run.process.server.kill() // its children then become the agent's own
		return <-run.process.exited
	}
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration.Microseconds()) / 1000
}

// flow is all data of a run, in both directions.
type flow struct {
	channel *connection.Channel
	ctx     context.Context
	drop    context.CancelFunc
	pumps   []*pump
	outlets map[string]*connection.Outlet
}

func newFlow(channel *connection.Channel, streams *streams) *flow {
	flow := &flow{channel: channel, outlets: map[string]*connection.Outlet{}}
	flow.ctx, flow.drop = context.WithCancel(context.Background())
	output, errors := newPump(streams.output, channel.Outlet(1)), newPump(streams.errors, channel.Outlet(2))
	flow.pumps = []*pump{output, errors}
	go output.run(flow.ctx, func() {})
	go errors.run(flow.ctx, func() {})
	if streams.structured != nil {
		structured := newPump(streams.structured, channel.Outlet(3))
		flow.pumps = append(flow.pumps, structured)
		// What was printed before a message was sent goes out before it.
		go structured.run(flow.ctx, func() {
			outputTarget, errorsTarget := output.written(), errors.written()
			output.waitSent(outputTarget)
			errors.waitSent(errorsTarget)
		})
		go flow.feed(channel.Inlet(3), streams.structured, func() { shutdownWriting(streams.structured) })
	}
	if streams.input != nil {
		go flow.feed(channel.Inlet(0), streams.input, func() { streams.input.Close() })
	}
	for index, pump := range flow.pumps {
		flow.outlets[string(rune('1'+index))] = pump.outlet
	}
	return flow
}

// feed gives the process what the host sends; when the process no longer reads, the rest is dropped, so that the
// host can go on.
func (flow *flow) feed(inlet *connection.Inlet, target io.Writer, end func()) {
	source := inlet.Reader(flow.ctx)
	buffer := make([]byte, 16<<10)
	broken := false
	for {
		count, err := source.Read(buffer)
		if err != nil {
			if err == io.EOF {
				end()
			}
			return
		}
		if !broken {
			_, err = target.Write(buffer[:count])
			broken = err != nil
		}
	}
}

func shutdownWriting(file interface {
	SyscallConn() (syscall.RawConn, error)
}) {
	if socket, err := file.SyscallConn(); err == nil {
		socket.Control(func(descriptor uintptr) { syscall.Shutdown(int(descriptor), syscall.SHUT_WR) })
	}
}

// finish sends what is left in the pipes, unless the host is impatient, and ends the streams.
func (flow *flow) finish(impatient <-chan struct{}) {
	defer flow.drop()
	for _, pump := range flow.pumps {
		pump.finish()
	}
	for _, pump := range flow.pumps {
		if !isClosed(pump.done) {
			flow.channel.Flush() // The host may wait for the end of one stream before it reads another.
		}
		select {
		case <-pump.done:
		case <-impatient:
			flow.drop()
			<-pump.done
		}
		pump.outlet.End()
	}
}

func (flow *flow) bytes() map[string]int64 {
	bytes := map[string]int64{"1": 0, "2": 0, "3": 0}
	for stream, outlet := range flow.outlets {
		bytes[stream] = outlet.Sent()
	}
	return bytes
}
