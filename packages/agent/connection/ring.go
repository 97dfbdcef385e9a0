package connection

// ring is a queue of bytes that moves none of them once it has grown to what it must hold.
type ring struct {
	buffer        []byte
	start, length int
}

const smallestRing = 4 << 10

func (ring *ring) put(data []byte) {
	if ring.length+len(data) > len(ring.buffer) {
		ring.grow(ring.length + len(data))
	}
	end := (ring.start + ring.length) % max(1, len(ring.buffer))
	copied := copy(ring.buffer[end:], data)
	copy(ring.buffer, data[copied:])
	ring.length += len(data)
}

// take moves up to len(target) bytes out.
func (ring *ring) take(target []byte) int {
	wanted := min(len(target), ring.length)
	copied := copy(target[:wanted], ring.buffer[ring.start:])
	copy(target[copied:wanted], ring.buffer)
	ring.length -= wanted
	ring.start += wanted
	if ring.length == 0 || ring.start == len(ring.buffer) {
		ring.start = 0
	} else if ring.start > len(ring.buffer) {
		ring.start -= len(ring.buffer)
	}
	return wanted
}

func (ring *ring) grow(atLeast int) {
	size := max(smallestRing, len(ring.buffer))
	for size < atLeast {
		size *= 2
	}
	grown := make([]byte, size)
	length := ring.length
	ring.take(grown)
	ring.buffer, ring.start, ring.length = grown, 0, length
}
