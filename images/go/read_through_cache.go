// Read-through-cache is a build cache for the go command (GOCACHEPROG) in two layers: the standard library, compiled
// when the image is built and never written to, below the folder that GOCACHE names. The go command alone cannot share
// a read-only cache: a day after it was filled every build fails, because the go command then wants to clean it.
//
// The protocol is cmd/go/internal/cacheprog's; both layers have the form of an ordinary Go build cache.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

type request struct {
	ID       int64
	Command  string
	ActionID []byte
	OutputID []byte
	BodySize int64
}

type response struct {
	ID            int64
	Err           string     `json:",omitempty"`
	KnownCommands []string   `json:",omitempty"`
	Miss          bool       `json:",omitempty"`
	OutputID      []byte     `json:",omitempty"`
	Size          int64      `json:",omitempty"`
	Time          *time.Time `json:",omitempty"`
	DiskPath      string     `json:",omitempty"`
}

func main() {
	readOnly, writable := os.Args[1], os.Getenv("GOCACHE")
	input := bufio.NewReader(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	output.Encode(response{KnownCommands: []string{"get", "put", "close"}})
	for {
		var asked request
		if err := readLine(input, &asked); err != nil {
			return
		}
		answer := response{ID: asked.ID}
		switch asked.Command {
		case "get":
			if !look(readOnly, asked.ActionID, &answer) && !look(writable, asked.ActionID, &answer) {
				answer.Miss = true
			}
		case "put":
			body, err := readBody(input, asked.BodySize)
			if err == nil {
				answer.DiskPath, err = keep(writable, asked, body)
			}
			if err != nil {
				answer.Err = err.Error()
			}
		case "close":
			output.Encode(answer)
			return
		}
		output.Encode(answer)
	}
}

// readLine decodes the next line that is not empty.
func readLine(input *bufio.Reader, into any) error {
	for {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return err
		}
		if len(line) > 1 {
			return json.Unmarshal(line, into)
		}
	}
}

// readBody reads a body, which follows its request as a JSON string in base64.
func readBody(input *bufio.Reader, size int64) ([]byte, error) {
	if size == 0 {
		return nil, nil
	}
	var body []byte
	if err := readLine(input, &body); err != nil {
		return nil, err
	}
	if int64(len(body)) != size {
		return nil, errors.New("a body of another size than announced")
	}
	return body, nil
}

// place names a file of a cache: the first byte of its id is its folder.
func place(cache string, id []byte, kind string) string {
	name := fmt.Sprintf("%x", id)
	return filepath.Join(cache, name[:2], name+"-"+kind)
}

// look fills in the answer if the cache has the action's output.
func look(cache string, action []byte, answer *response) bool {
	entry, err := os.ReadFile(place(cache, action, "a"))
	if err != nil {
		return false
	}
	var actionID, outputID []byte
	var size, nanoseconds int64
	if _, err := fmt.Sscanf(string(entry), "v1 %x %x %d %d", &actionID, &outputID, &size, &nanoseconds); err != nil || len(outputID) == 0 {
		return false
	}
	path := place(cache, outputID, "d")
	if found, err := os.Stat(path); err != nil || found.Size() != size {
		return false
	}
	made := time.Unix(0, nanoseconds)
	answer.OutputID, answer.Size, answer.Time, answer.DiskPath = outputID, size, &made, path
	return true
}

// keep stores an action's output and tells where.
func keep(cache string, asked request, body []byte) (string, error) {
	path := place(cache, asked.OutputID, "d")
	if err := write(path, body); err != nil {
		return "", err
	}
	entry := fmt.Sprintf("v1 %x %x %20d %20d\n", asked.ActionID, asked.OutputID, len(body), time.Now().UnixNano())
	return path, write(place(cache, asked.ActionID, "a"), []byte(entry))
}

// write replaces a file in one step, so that a build beside this one never reads half of it.
func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "new-")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return err
}
