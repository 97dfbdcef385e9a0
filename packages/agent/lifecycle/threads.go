package lifecycle

import (
	"runtime"
	"sync"
)

// StartThreads makes the run-time keep that many threads: once the user's code has used up the box's process ids
// no new one could be started, and the run-time dies of that.
func StartThreads(count int) {
	var running, released sync.WaitGroup
	running.Add(count)
	released.Add(1)
	var ended sync.WaitGroup
	for range count {
		ended.Add(1)
		go func() {
			runtime.LockOSThread()
			running.Done()
			released.Wait()
			runtime.UnlockOSThread()
			ended.Done()
		}()
	}
	running.Wait()
	released.Done()
	ended.Wait()
}
