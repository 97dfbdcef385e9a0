package endtoend

import (
	"strconv"
	"strings"
	"testing"
)

func TestAFloodArrivesWholeAndInOrder(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		run := box.open(spawn("seq", "1", "2000000"))
		result := run.wait()
		var want strings.Builder
		for number := 1; number <= 2_000_000; number++ {
			want.WriteString(strconv.Itoa(number))
			want.WriteByte('\n')
		}
		if got := run.text(1); got != want.String() || result["bytes"].(map[string]any)["1"] != float64(len(got)) {
			t.Fatalf("%d bytes, RESULT %v", len(got), result)
		}
	})
}

// What is moved without being copied may still be reached by who wrote it: it must never be more than data.
func TestAFloodCannotBreakOrForgeFrames(t *testing.T) {
	attacks := map[string]string{
		"takes back what it wrote": `
import os, threading
thief = os.open("/proc/self/fd/1", os.O_RDONLY | os.O_NONBLOCK)
def steal():
    while True:
        try:
            os.read(thief, 50000)
        except BlockingIOError:
            pass
threading.Thread(target=steal, daemon=True).start()
for _ in range(500):
    os.write(1, b"x" * 65536)
os._exit(0)
`,
		"changes its pages behind the agent": `
import ctypes, mmap, os, threading
libc = ctypes.CDLL(None, use_errno=True)
memory = mmap.mmap(-1, 65536)
forged = b'\0\0\0\x0f\7\0\0\0\1{"exitCode":99}'
address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
vector = (ctypes.c_size_t * 2)(address, 65536)
def change():
    while True:
        memory[:] = b"x" * 65536
        memory[:] = (forged * 3000)[:65536]
threading.Thread(target=change, daemon=True).start()
for _ in range(500):
    if libc.vmsplice(1, ctypes.byref(vector), ctypes.c_size_t(1), 0) < 0:
        os.write(1, memory[:])
os._exit(0)
`,
		"writes pieces of a byte each": `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
byte = ctypes.create_string_buffer(b"x", 1)
vector = (ctypes.c_size_t * 2)(ctypes.addressof(byte), 1)
for _ in range(20):
    os.write(1, b"x" * 65536)
for _ in range(20000):
    if libc.vmsplice(1, ctypes.byref(vector), ctypes.c_size_t(1), 0) < 0:
        os.write(1, b"x")
os._exit(0)
`,
	}
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			inBothModes(t, func(t *testing.T, box *box) {
				run := box.open(python(attack))
				result := run.wait()
				text := run.text(1)
				if result["exitCode"] != 0.0 || result["bytes"].(map[string]any)["1"] != float64(len(text)) || len(text) == 0 {
					t.Fatalf("%d bytes, RESULT %v, errors %q", len(text), result, run.text(2))
				}
				box.ping()
			})
		})
	}
}
