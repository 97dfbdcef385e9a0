package child

import (
	"os"
	"strings"
	"syscall"

	"llm-sandbox/agent/landlock"
	"llm-sandbox/agent/seccomp"
)

// Run does the job on descriptor 3 and becomes its program; it never returns. It must be called on a thread that the
// run-time keeps for it, as in an init function: privileges and filters are a thread's.
func Run() {
	failure := run()
	syscall.Write(reportDescriptor, failure.encode())
	os.Exit(127)
}

func run() *Failure {
	job, err := readJob()
	if err != nil {
		return &Failure{syscall.EIO, "read the job", ""}
	}
	for _, step := range []struct {
		name string
		do   func(*Job) error
	}{
		{"arrange the descriptors", arrangeDescriptors},
		{"make a session", background},
		{"set the limits of", setLimits},
		{"give up privileges of", become},
		{"enter the directory", func(job *Job) error { return syscall.Chdir(job.Directory) }},
		{"reset the signals of", resetSignals},
		{"keep others away from", keepApart},
		{"filter the system calls of", filter},
	} {
		if err := step.do(job); err != nil {
			errno, _ := err.(syscall.Errno)
			path := job.Arguments[0]
			if step.name == "enter the directory" {
				path = job.Directory
			}
			return &Failure{errno, step.name, path}
		}
	}
	syscall.Write(reportDescriptor, []byte{ready})
	return execute(job)
}

func readJob() (*Job, error) {
	var status syscall.Stat_t
	if err := syscall.Fstat(jobDescriptor, &status); err != nil {
		return nil, err
	}
	content := make([]byte, status.Size)
	for offset := 0; offset < len(content); {
		count, err := syscall.Pread(jobDescriptor, content[offset:], int64(offset))
		if err != nil || count == 0 {
			return nil, errShort
		}
		offset += count
	}
	return decode(content)
}

func background(job *Job) error {
	syscall.Setsid()
	if job.Background {
		// Both may be refused where the box is not ours to shape; neither is a boundary.
		if file, err := syscall.Open("/proc/self/oom_score_adj", syscall.O_WRONLY|syscall.O_CLOEXEC, 0); err == nil {
			syscall.Write(file, []byte("1000"))
			syscall.Close(file)
		}
		syscall.Setpriority(syscall.PRIO_PROCESS, 0, 10)
	}
	return nil
}

func setLimits(job *Job) error {
	for _, limit := range job.Limits {
		// syscall.Setrlimit makes the Go runtime forget the limit of open files that it would restore.
		if err := setLimit(limit); err != nil {
			return err
		}
	}
	return nil
}

// A hard limit that is lower already stays: only a lower one can be asked for without privileges.
func setLimit(limit Limit) error {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(limit.Resource, &now); err != nil {
		return err
	}
	hard := min(limit.Hard, now.Max)
	return syscall.Setrlimit(limit.Resource, &syscall.Rlimit{Cur: min(limit.Soft, hard), Max: hard})
}

func execute(job *Job) *Failure {
	name := job.Arguments[0]
	if strings.Contains(name, "/") {
		return &Failure{asErrno(syscall.Exec(name, job.Arguments, job.Environment)), "execute", name}
	}
	failure := &Failure{syscall.ENOENT, "execute", name}
	if name == "" {
		return failure
	}
	for _, folder := range strings.Split(searchPath(job.Environment), ":") {
		if folder == "" {
			folder = "."
		}
		path := folder + "/" + name
		// Some kernels read all arguments before they look for the program, and a kernel's argument is long.
		if errno := asErrno(syscall.Access(path, 0)); errno == syscall.ENOENT || errno == syscall.ENOTDIR {
			continue
		}
		switch errno := asErrno(syscall.Exec(path, job.Arguments, job.Environment)); errno {
		case syscall.ENOENT, syscall.ENOTDIR:
		case syscall.EACCES:
			failure = &Failure{errno, "execute", path}
		default:
			return &Failure{errno, "execute", path}
		}
	}
	return failure
}

func searchPath(environment []string) string {
	for _, variable := range environment {
		if path, found := strings.CutPrefix(variable, "PATH="); found {
			return path
		}
	}
	return "/usr/local/bin:/usr/bin:/bin"
}

func asErrno(err error) syscall.Errno {
	errno, _ := err.(syscall.Errno)
	return errno
}

func keepApart(job *Job) error {
	if !job.Apart {
		return nil
	}
	return landlock.Enter()
}

func filter(job *Job) error {
	if !job.Filter {
		return nil
	}
	return seccomp.Install()
}
