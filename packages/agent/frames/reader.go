package frames

import (
	"encoding/binary"
	"io"
)

const readAheadBytes = 128 << 10 // a whole DATA frame and most of the next

// Reader takes the frames of one side from a byte stream.
type Reader struct {
	source     io.Reader
	from       Side
	buffer     []byte
	start, end int
}

// NewReader reads frames that `from` has sent.
func NewReader(source io.Reader, from Side) *Reader {
	return &Reader{source: source, from: from, buffer: make([]byte, readAheadBytes)}
}

// Next is the next frame, io.EOF at a clean end, io.ErrUnexpectedEOF inside a frame, or a *Violation.
// Its payload is valid until the next call.
func (reader *Reader) Next() (Frame, error) {
	if err := reader.fill(HeaderBytes); err != nil {
		return Frame{}, err
	}
	header := reader.buffer[reader.start:]
	length := binary.BigEndian.Uint32(header)
	kind, channel := Type(header[4]), binary.BigEndian.Uint32(header[5:])
	if length > MaxPayloadBytes {
		return Frame{}, violation("a payload of %d bytes", length)
	}
	if err := checkHeader(reader.from, kind, channel, int(length)); err != nil {
		return Frame{}, err
	}
	payload, err := reader.payload(int(length))
	if err != nil {
		return Frame{}, err
	}
	if err := checkPayload(kind, payload); err != nil {
		return Frame{}, err
	}
	return Frame{Type: kind, Channel: channel, Payload: payload}, nil
}

// Payloads beyond the buffer get one of their own, so that a large request does not stay in memory.
func (reader *Reader) payload(length int) ([]byte, error) {
	if HeaderBytes+length <= len(reader.buffer) {
		if err := reader.fill(HeaderBytes + length); err != nil {
			return nil, unexpected(err)
		}
		payload := reader.buffer[reader.start+HeaderBytes : reader.start+HeaderBytes+length]
		reader.start += HeaderBytes + length
		return payload, nil
	}
	payload := make([]byte, length)
	copied := copy(payload, reader.buffer[reader.start+HeaderBytes:reader.end])
	reader.start, reader.end = 0, 0
	_, err := io.ReadFull(reader.source, payload[copied:])
	return payload, unexpected(err)
}

func (reader *Reader) fill(wanted int) error {
	if reader.start == reader.end {
		reader.start, reader.end = 0, 0
	}
	for reader.end-reader.start < wanted {
		if reader.start+wanted > len(reader.buffer) {
			reader.end = copy(reader.buffer, reader.buffer[reader.start:reader.end])
			reader.start = 0
		}
		count, err := reader.source.Read(reader.buffer[reader.end:])
		reader.end += count
		if err != nil && reader.end-reader.start < wanted {
			if reader.end > reader.start {
				return unexpected(err)
			}
			return err
		}
	}
	return nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
