package serve

import (
	"runtime/debug"
	"sync"
	"time"
)

// releaseAfter is how long after an operation the agent gives the system back what it no longer needs.
const releaseAfter = time.Second

var releaseMemory = sync.OnceValue(func() *time.Timer { return time.AfterFunc(releaseAfter, debug.FreeOSMemory) })
