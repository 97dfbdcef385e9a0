// Package child starts programs: the agent's own binary is executed again, makes itself what the job says, and
// becomes the program.
package child

import (
	"encoding/binary"
	"errors"
)

// Name is the argv[0] that makes the agent's binary a child.
const Name = "llm-sandbox-child"

// Job is what a child has to become before it executes its program.
type Job struct {
	Arguments, Environment []string
	Directory              string
	Become                 *Owner // nil: it stays who it is
	Limits                 []Limit
	Background             bool // the first to be killed for memory, the last to get the processor
	Filter                 bool // the system call filter
	Apart                  bool // out of reach of, and without reach to, all that it has not started

	hasStructured bool
}

// Owner is whom a child becomes; Group is its only supplementary group, none when 0.
type Owner struct{ UID, GID, Group int }

// Limit is one resource limit.
type Limit struct {
	Resource   int
	Soft, Hard uint64
}

func (job *Job) encode() []byte {
	var data []byte
	number := func(value uint64) { data = binary.LittleEndian.AppendUint64(data, value) }
	text := func(value string) {
		number(uint64(len(value)))
		data = append(data, value...)
	}
	list := func(values []string) {
		number(uint64(len(values)))
		for _, value := range values {
			text(value)
		}
	}
	flag := func(value bool) {
		if value {
			number(1)
		} else {
			number(0)
		}
	}
	list(job.Arguments)
	list(job.Environment)
	text(job.Directory)
	flag(job.Become != nil)
	if job.Become != nil {
		number(uint64(job.Become.UID))
		number(uint64(job.Become.GID))
		number(uint64(job.Become.Group))
	}
	number(uint64(len(job.Limits)))
	for _, limit := range job.Limits {
		number(uint64(limit.Resource))
		number(limit.Soft)
		number(limit.Hard)
	}
	flag(job.Background)
	flag(job.Filter)
	flag(job.Apart)
	flag(job.hasStructured)
	return data
}

var errShort = errors.New("the job is cut short")

func decode(data []byte) (job *Job, err error) {
	defer func() {
		if recover() != nil {
			job, err = nil, errShort
		}
	}()
	number := func() uint64 {
		value := binary.LittleEndian.Uint64(data)
		data = data[8:]
		return value
	}
	text := func() string {
		length := number()
		value := string(data[:length])
		data = data[length:]
		return value
	}
	list := func() []string {
		values := make([]string, 0, min(number(), uint64(len(data))))
		for range cap(values) {
			values = append(values, text())
		}
		return values
	}
	job = &Job{Arguments: list(), Environment: list(), Directory: text()}
	if number() == 1 {
		job.Become = &Owner{UID: int(number()), GID: int(number()), Group: int(number())}
	}
	for range number() {
		job.Limits = append(job.Limits, Limit{int(number()), number(), number()})
	}
	job.Background = number() == 1
	job.Filter = number() == 1
	job.Apart = number() == 1
	job.hasStructured = number() == 1
	return job, nil
}
