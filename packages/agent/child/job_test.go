package child

import (
	"bytes"
	"reflect"
	"syscall"
	"testing"
)

func TestJobIsDecodedAsItWasEncoded(t *testing.T) {
	for _, job := range []*Job{
		{Arguments: []string{"a"}, Environment: []string{}},
		{
			Arguments: []string{"program", "", "two words"}, Environment: []string{"A=\n", "B="}, Directory: "/workspace",
			Become: &Owner{1 << 31, 2, 3}, Limits: []Limit{{7, 1, ^uint64(0)}}, Background: true, Filter: true, Apart: true, hasStructured: true,
		},
	} {
		encoded := job.encode()
		decoded, err := decode(encoded)
		if err != nil || !reflect.DeepEqual(decoded, job) {
			t.Errorf("%+v, %v", decoded, err)
		}
		for length := range len(encoded) {
			if _, err := decode(encoded[:length]); err == nil {
				t.Fatalf("%d of %d bytes were accepted", length, len(encoded))
			}
		}
	}
}

func TestReportTellsWhatWentWrong(t *testing.T) {
	failure := &Failure{syscall.ENOENT, "execute", "/x"}
	for _, report := range []struct {
		content []byte
		want    error
	}{
		{[]byte{ready}, nil},
		{failure.encode(), failure},
		{append([]byte{ready}, failure.encode()...), failure},
		{nil, &Failure{syscall.EAGAIN, "prepare the process", ""}},
		{[]byte("garbage"), &Failure{syscall.EAGAIN, "prepare the process", ""}},
		{[]byte{failed, 1}, &Failure{syscall.EAGAIN, "prepare the process", ""}},
	} {
		if err := ReadReport(bytes.NewReader(report.content)); !reflect.DeepEqual(err, report.want) {
			t.Errorf("%q: %v", report.content, err)
		}
	}
}
