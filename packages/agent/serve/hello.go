package serve

import (
	"fmt"
	"strings"

	"llm-sandbox/agent/strictjson"
)

// Version is the protocol's, AgentVersion this program's.
const (
	Version      = 1
	AgentVersion = "0.1.0"
)

type hello struct {
	Version int   `json:"version"`
	Window  int64 `json:"window"`
	User    struct {
		UID int `json:"uid"`
		GID int `json:"gid"`
	} `json:"user"`
	// Tags are needed in mode split-uid only.
	Tags      *tags             `json:"tags"`
	Workspace string            `json:"workspace"`
	Scratch   []string          `json:"scratch"`
	Env       map[string]string `json:"env"`
	Limits    struct {
		Processes uint64 `json:"processes"`
		OpenFiles uint64 `json:"openFiles"`
		FileBytes uint64 `json:"fileBytes"`
	} `json:"limits"`
	HeartbeatMs float64 `json:"heartbeatMs"`
	LifetimeMs  float64 `json:"lifetimeMs"`
	Restore     string  `json:"restore"`
}

type tags struct {
	First int `json:"first"`
	Count int `json:"count"`
}

type answer struct {
	Version      int    `json:"version"`
	Window       int    `json:"window"`
	Agent        string `json:"agent"`
	Mode         string `json:"mode"`
	Arch         string `json:"arch"`
	PID          int    `json:"pid"`
	Seccomp      bool   `json:"seccomp"`
	MemoryEvents bool   `json:"memoryEvents"`
}

type goodbye struct {
	Reason    string `json:"reason"`
	Supported []int  `json:"supported,omitempty"`
}

// A newer version may say what this one does not know, so the version is looked at first.
func decodeHello(payload []byte) (*hello, *goodbye) {
	var versioned struct {
		Version *int `json:"version"`
	}
	if err := looseDecode(payload, &versioned); err != nil || versioned.Version == nil {
		return nil, &goodbye{Reason: "HELLO has no version"}
	}
	if *versioned.Version != Version {
		return nil, &goodbye{Reason: "version", Supported: []int{Version}}
	}
	request := &hello{}
	if err := strictjson.Decode(payload, request); err != nil {
		return nil, &goodbye{Reason: "HELLO: " + err.Error()}
	}
	if err := request.check(); err != nil {
		return nil, &goodbye{Reason: "HELLO: " + err.Error()}
	}
	return request, nil
}

func (request *hello) check() error {
	limits := request.Limits
	switch {
	case request.Window < 1 || request.Window > 1<<30:
		return fmt.Errorf("window is %d", request.Window)
	case limits.Processes == 0 || limits.OpenFiles < 8 || limits.FileBytes == 0:
		return fmt.Errorf("limits are missing or too small")
	case !(request.HeartbeatMs >= 0) || !(request.LifetimeMs >= 0):
		return fmt.Errorf("heartbeatMs and lifetimeMs must not be negative")
	case request.Tags == nil:
	case request.Tags.First <= 0 || request.Tags.Count < 2:
		return fmt.Errorf("tags are too few")
	case request.Tags.First <= request.User.GID && request.User.GID < request.Tags.First+request.Tags.Count:
		return fmt.Errorf("the user's group is one of the tags")
	}
	for _, folder := range append([]string{request.Workspace}, request.Scratch...) {
		if !strings.HasPrefix(folder, "/") {
			return fmt.Errorf("the folder %q is not absolute", folder)
		}
	}
	return nil
}
