package supervise

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endChildren kills and awaits all that this process has started. Those that have left their group and outlived the one
// that started them have become children of this process.
func endChildren() {
	for deadline := time.Now().Add(removalPatience); time.Now().Before(deadline); {
		for _, pid := range children() {
			kill(pid)
		}
		ended, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err != nil && err != syscall.EINTR {
			return
		}
		if ended == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

func children() (pids []int) {
	paths, _ := filepath.Glob("/proc/[1-9]*/stat")
	for _, path := range paths {
		content, _ := os.ReadFile(path)
		text := string(content)
		// After the name, which is in brackets and may hold anything: state, parent.
		fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
		if len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			pids = append(pids, pid)
		}
	}
	return pids
}
