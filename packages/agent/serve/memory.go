package serve

import (
	"runtime/debug"
	"time"
)

// releaseAfter is how long after the last operation the agent gives the system back what it no longer needs.
const releaseAfter = time.Second

var releaseMemory = time.AfterFunc(time.Hour, debug.FreeOSMemory)
