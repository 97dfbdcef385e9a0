package frames

import "encoding/binary"

// Append adds a whole frame to buffer.
func Append(buffer []byte, frame Frame) []byte {
	buffer = binary.BigEndian.AppendUint32(buffer, uint32(len(frame.Payload)))
	buffer = append(buffer, byte(frame.Type))
	buffer = binary.BigEndian.AppendUint32(buffer, frame.Channel)
	return append(buffer, frame.Payload...)
}

// Encode is a whole frame.
func Encode(frame Frame) []byte {
	return Append(make([]byte, 0, HeaderBytes+len(frame.Payload)), frame)
}

// DataRoom is how much room PutDataHeader needs before the data.
const DataRoom = HeaderBytes + 1

// PutDataHeader makes buffer, whose data begin at DataRoom, a DATA frame in place.
func PutDataHeader(buffer []byte, channel uint32, stream byte) {
	putDataHeader(buffer, channel, stream, len(buffer)-DataRoom)
}

// DataHeader is what stands before so many bytes of data in their frame.
func DataHeader(channel uint32, stream byte, bytes int) []byte {
	header := make([]byte, DataRoom)
	putDataHeader(header, channel, stream, bytes)
	return header
}

func putDataHeader(buffer []byte, channel uint32, stream byte, bytes int) {
	binary.BigEndian.PutUint32(buffer, uint32(1+bytes))
	buffer[4] = byte(Data)
	binary.BigEndian.PutUint32(buffer[5:], channel)
	buffer[HeaderBytes] = stream
}

// EndFrame says that nothing more comes on a stream.
func EndFrame(channel uint32, stream byte) Frame {
	return Frame{Type: End, Channel: channel, Payload: []byte{stream}}
}

// CreditFrame allows the other side to send more bytes on a stream.
func CreditFrame(channel uint32, stream byte, bytes uint32) Frame {
	return Frame{Type: Credit, Channel: channel, Payload: binary.BigEndian.AppendUint32([]byte{stream}, bytes)}
}

// CreditBytes is the amount of a CREDIT frame.
func (frame Frame) CreditBytes() uint32 { return binary.BigEndian.Uint32(frame.Payload[1:]) }
