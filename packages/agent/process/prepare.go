package process

import (
	"llm-sandbox/agent/connection"
	"llm-sandbox/agent/failure"
)

// PrepareRequest is the operation `prepare`.
type PrepareRequest struct {
	Name      string            `json:"name"`
	Kind      string            `json:"kind"`
	Arguments []string          `json:"argv"`
	Env       map[string]string `json:"env"`
}

// PrepareResult is its RESULT.
type PrepareResult struct {
	Reason   string  `json:"reason"`
	ExitCode *int    `json:"exitCode"`
	Signal   *string `json:"signal"`
}

type readyEvent struct {
	Event string `json:"event"`
}

// source is something that gives away processes by a name.
type source interface {
	// run lives as long as the source does.
	run(channel *connection.Channel) (*PrepareResult, *failure.Error)
}

// Prepare makes the name known at once; the returned function then keeps processes ready until the host cancels
// or they can no longer be had.
func (manager *Manager) Prepare(request *PrepareRequest) (func(*connection.Channel) (*PrepareResult, *failure.Error), *failure.Error) {
	if request.Name == "" {
		return nil, failure.Request("name is empty")
	}
	if err := checkArguments(request.Arguments); err != nil {
		return nil, err
	}
	if err := checkEnvironment(request.Env); err != nil {
		return nil, err
	}
	manager.lock.Lock()
	defer manager.lock.Unlock()
	if manager.servers[request.Name] != nil || manager.spares[request.Name] != nil {
		return nil, failure.New("EEXIST", "%q is prepared already", request.Name)
	}
	var source source
	switch request.Kind {
	case "fork":
		server := newServer(manager, request)
		manager.servers[request.Name] = server
		source = server
	case "spare":
		spare := newSpare(manager, request)
		manager.spares[request.Name] = spare
		source = spare
	default:
		return nil, failure.Request("kind must be \"fork\" or \"spare\", not %q", request.Kind)
	}
	manager.known[request.Name] = request.Arguments
	return source.run, nil
}

func (result *PrepareResult) describe(exit Exit) *PrepareResult {
	result.ExitCode, result.Signal = outcome(exit.Status)
	return result
}
