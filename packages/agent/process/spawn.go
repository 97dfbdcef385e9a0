package process

import (
	"fmt"
	"sort"
	"strings"

	"llm-sandbox/agent/failure"
)

// SpawnRequest is the operation `spawn`. Without Arguments, what was prepared under the name From is started.
type SpawnRequest struct {
	Arguments  []string          `json:"argv"`
	Env        map[string]string `json:"env"`
	Directory  string            `json:"cwd"`
	Input      string            `json:"stdin"`
	Structured bool              `json:"structured"`
	TimeoutMs  float64           `json:"timeoutMs"`
	From       string            `json:"from"`
}

func (request *SpawnRequest) check() *failure.Error {
	if len(request.Arguments) > 0 || request.From == "" {
		if err := checkArguments(request.Arguments); err != nil {
			return err
		}
	}
	if err := checkEnvironment(request.Env); err != nil {
		return err
	}
	switch {
	case request.Input != "" && request.Input != "null" && request.Input != "stream":
		return failure.Request("stdin must be \"null\" or \"stream\", not %q", request.Input)
	case !(request.TimeoutMs >= 0) || request.TimeoutMs > maxTimeoutMs:
		return failure.Request("timeoutMs is %v", request.TimeoutMs)
	case strings.Contains(request.Directory, "\x00"):
		return failure.Request("cwd contains a NUL")
	case request.Directory != "" && request.Directory[0] != '/':
		return failure.Request("cwd must be absolute")
	case request.From != "" && !request.Structured:
		return failure.Request("from needs structured")
	}
	return nil
}

const maxTimeoutMs = 1e11

func checkArguments(arguments []string) *failure.Error {
	if len(arguments) == 0 {
		return failure.Request("argv is empty")
	}
	for _, argument := range arguments {
		if strings.Contains(argument, "\x00") {
			return failure.Request("argv contains a NUL")
		}
	}
	return nil
}

func checkEnvironment(environment map[string]string) *failure.Error {
	for name, value := range environment {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00") {
			return failure.Request("the environment variable %q cannot be set", name)
		}
	}
	return nil
}

// environment is the later maps over the earlier ones, sorted.
func environment(layers ...map[string]string) []string {
	merged := merge(layers...)
	list := make([]string, 0, len(merged))
	for name, value := range merged {
		list = append(list, fmt.Sprintf("%s=%s", name, value))
	}
	sort.Strings(list)
	return list
}

func merge(layers ...map[string]string) map[string]string {
	merged := map[string]string{}
	for _, layer := range layers {
		for name, value := range layer {
			merged[name] = value
		}
	}
	return merged
}
