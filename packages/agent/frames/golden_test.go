package frames

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/frames.json anew")

const goldenFile = "../testdata/frames.json"

// golden is one entry of testdata/frames.json, which the host's tests read too. Exactly one of payloadHex,
// payloadJson, and stream (with dataHex or credit) describes the payload.
type golden struct {
	Name        string          `json:"name"`
	Hex         string          `json:"hex"`
	From        string          `json:"from"`
	Type        string          `json:"type"`
	Channel     uint32          `json:"channel"`
	PayloadHex  *string         `json:"payloadHex,omitempty"`
	PayloadJSON json.RawMessage `json:"payloadJson,omitempty"`
	Stream      *byte           `json:"stream,omitempty"`
	DataHex     *string         `json:"dataHex,omitempty"`
	Credit      *uint32         `json:"credit,omitempty"`
}

// invalid is one that must be refused as soon as the bytes are there, or at the end of the input if its reason is
// "end".
type invalid struct {
	Name   string `json:"name"`
	Hex    string `json:"hex"`
	From   string `json:"from"`
	Reason string `json:"reason"`
}

type goldenFrames struct {
	Frames  []golden  `json:"frames"`
	Invalid []invalid `json:"invalid"`
}

func (entry golden) frame(t *testing.T) Frame {
	frame := Frame{Channel: entry.Channel}
	for kind := Hello; kind <= Goodbye; kind++ {
		if kind.Name() == entry.Type {
			frame.Type = kind
		}
	}
	switch {
	case entry.PayloadJSON != nil:
		var compact bytes.Buffer
		if err := json.Compact(&compact, entry.PayloadJSON); err != nil {
			t.Fatal(err)
		}
		frame.Payload = compact.Bytes()
	case entry.Credit != nil:
		return CreditFrame(entry.Channel, *entry.Stream, *entry.Credit)
	case entry.DataHex != nil:
		data := fromHex(t, *entry.DataHex)
		buffer := append(make([]byte, DataRoom), data...)
		PutDataHeader(buffer, entry.Channel, *entry.Stream)
		frame.Payload = buffer[HeaderBytes:]
	case entry.Stream != nil:
		return EndFrame(entry.Channel, *entry.Stream)
	case entry.PayloadHex != nil:
		frame.Payload = fromHex(t, *entry.PayloadHex)
	}
	return frame
}

func fromHex(t *testing.T, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func side(name string) Side {
	if name == "host" {
		return Host
	}
	return Agent
}

func TestGoldenFramesEncodeAndDecode(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	content, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	var known goldenFrames
	if err := json.Unmarshal(content, &known); err != nil {
		t.Fatal(err)
	}
	if len(known.Frames) < 20 || len(known.Invalid) < 20 {
		t.Fatal("the file is not complete")
	}
	for _, entry := range known.Frames {
		frame, bytesOfFrame := entry.frame(t), fromHex(t, entry.Hex)
		if encoded := Append(nil, frame); !bytes.Equal(encoded, bytesOfFrame) {
			t.Errorf("%s: encodes to %x", entry.Name, encoded)
		}
		for _, chunk := range []int{1, 7, 1 << 20} {
			reader := NewReader(&chunked{bytesOfFrame, chunk}, side(entry.From))
			decoded, err := reader.Next()
			if err != nil || decoded.Type != frame.Type || decoded.Channel != frame.Channel || !bytes.Equal(decoded.Payload, frame.Payload) {
				t.Errorf("%s: decodes to %v, %v", entry.Name, decoded, err)
			}
			if _, err := reader.Next(); err != io.EOF {
				t.Errorf("%s: followed by %v", entry.Name, err)
			}
		}
	}
	for _, entry := range known.Invalid {
		_, err := NewReader(bytes.NewReader(fromHex(t, entry.Hex)), side(entry.From)).Next()
		var violation *Violation
		if entry.Reason == "end" && err != io.ErrUnexpectedEOF || entry.Reason != "end" && !errors.As(err, &violation) {
			t.Errorf("%s: %v", entry.Name, err)
		}
	}
}

type chunked struct {
	data []byte
	size int
}

func (source *chunked) Read(target []byte) (int, error) {
	if len(source.data) == 0 {
		return 0, io.EOF
	}
	count := copy(target, source.data[:min(source.size, len(source.data))])
	source.data = source.data[count:]
	return count, nil
}

func writeGolden(t *testing.T) {
	object := func(name, from string, kind Type, channel uint32, text string) golden {
		return golden{Name: name, From: from, Type: kind.Name(), Channel: channel, PayloadJSON: json.RawMessage(text)}
	}
	data := func(name, from string, channel uint32, stream byte, content string) golden {
		text := hex.EncodeToString([]byte(content))
		return golden{Name: name, From: from, Type: "DATA", Channel: channel, Stream: &stream, DataHex: &text}
	}
	end := func(from string, channel uint32, stream byte) golden {
		return golden{Name: "END of stream " + string('0'+rune(stream)) + " from the " + from, From: from, Type: "END", Channel: channel, Stream: &stream}
	}
	credit := func(name, from string, channel uint32, stream byte, bytes uint32) golden {
		return golden{Name: name, From: from, Type: "CREDIT", Channel: channel, Stream: &stream, Credit: &bytes}
	}
	plain := func(name, from string, kind Type, channel uint32, payload string) golden {
		return golden{Name: name, From: from, Type: kind.Name(), Channel: channel, PayloadHex: &payload}
	}
	file := goldenFrames{Frames: []golden{
		object("HELLO of a host", "host", Hello, 0, `{"version":1,"window":1048576,"user":{"uid":1234567890,"gid":1234567890},"tags":{"first":1300000000,"count":100000},"workspace":"/workspace","scratch":["/tmp"],"env":{"PATH":"/usr/bin:/bin","HOME":"/workspace","LANG":"C.UTF-8"},"limits":{"processes":128,"openFiles":1024,"fileBytes":268435456},"heartbeatMs":60000,"lifetimeMs":3600000}`),
		object("HELLO of an agent", "agent", Hello, 0, `{"version":1,"window":262144,"agent":"0.1.0","mode":"split-uid","arch":"amd64","pid":1,"seccomp":true,"memoryEvents":true}`),
		object("OPEN of a spawn", "host", Open, 1, `{"op":"spawn","argv":["python3","-c","print(1)"],"cwd":"/workspace","stdin":"null","structured":true,"timeoutMs":30000}`),
		object("OPEN with the highest channel", "host", Open, 0xffffffff, `{"op":"stat","path":"/workspace"}`),
		object("OPEN with text beyond ASCII", "host", Open, 2, `{"op":"stat","path":"/workspace/ä €  😀"}`),
		object("EVENT started", "agent", Event, 1, `{"event":"started","pid":17,"from":null}`),
		object("EVENT ready", "agent", Event, 3, `{"event":"ready"}`),
		data("DATA to standard input", "host", 1, 0, "input\n"),
		data("DATA of one byte", "agent", 1, 1, "\x00"),
		data("DATA of standard error", "agent", 0x01020304, 2, "\xff\xfe not UTF-8"),
		data("DATA of messages from the host", "host", 1, 3, `{"type":"run","id":1}`+"\n"),
		data("DATA of messages from the agent", "agent", 1, 3, `{"type":"done","id":1,"exitCode":0}`+"\n"),
		end("host", 1, 0), end("host", 1, 3), end("agent", 1, 1), end("agent", 1, 2), end("agent", 1, 3),
		credit("CREDIT of the host", "host", 1, 1, 65536),
		credit("CREDIT of the agent", "agent", 1, 0, 131072),
		credit("CREDIT of the largest amount", "host", 1, 2, 0xffffffff),
		credit("CREDIT of nothing", "host", 1, 2, 0),
		object("CONTROL signal", "host", Control, 1, `{"op":"signal","signal":"SIGINT"}`),
		object("CONTROL cancel", "host", Control, 1, `{"op":"cancel"}`),
		object("RESULT of a run", "agent", Result, 1, `{"exitCode":0,"signal":null,"reason":"exited","wallMs":12.345,"cpuMs":4.5,"peakMemoryBytes":12345678,"bytes":{"1":10,"2":0,"3":0}}`),
		object("RESULT that failed", "agent", Result, 2, `{"error":{"code":"ENOENT","message":"execute x: no such file or directory","path":"x"}}`),
		plain("CLOSE", "host", Close, 1, ""),
		plain("PING", "host", Ping, 0, "0001020304050607"),
		plain("PONG", "agent", Pong, 0, "0001020304050607"),
		object("GOODBYE of a host", "host", Goodbye, 0, `{"reason":"close"}`),
		object("GOODBYE of an agent", "agent", Goodbye, 0, `{"reason":"version","supported":[1]}`),
	}}
	for index := range file.Frames {
		file.Frames[index].Hex = hex.EncodeToString(Append(nil, file.Frames[index].frame(t)))
	}
	for _, entry := range []invalid{
		{"a type of 0", "000000000000000001", "host", "unknown type"},
		{"a type of 13", "000000000d00000001", "agent", "unknown type"},
		{"a type of 255", "00000000ff00000000", "agent", "unknown type"},
		{"a payload longer than 1 MiB", "001000010200000001", "host", "length"},
		{"a payload of 4 GiB", "ffffffff0700000001", "agent", "length"},
		{"HELLO on a channel", "0000000201000000017b7d", "agent", "channel"},
		{"OPEN on channel 0", "0000000202000000007b7d", "host", "channel"},
		{"OPEN from the agent", "0000000202000000017b7d", "agent", "direction"},
		{"EVENT from the host", "0000000206000000017b7d", "host", "direction"},
		{"RESULT from the host", "0000000207000000017b7d", "host", "direction"},
		{"RESULT on channel 0", "0000000207000000007b7d", "agent", "channel"},
		{"CONTROL from the agent", "0000000208000000017b7d", "agent", "direction"},
		{"CLOSE from the agent", "000000000900000001", "agent", "direction"},
		{"CLOSE with a payload", "00000001090000000100", "host", "length"},
		{"DATA on channel 0", "00000002030000000001ff", "agent", "channel"},
		{"DATA without data", "00000001030000000101", "agent", "length"},
		{"DATA without a stream", "000000000300000001", "agent", "length"},
		{"DATA of more than 65,536 bytes", "0001000203000000010178", "agent", "length"},
		{"DATA on stream 4", "00000002030000000104ff", "agent", "stream"},
		{"END without a stream", "000000000400000001", "agent", "length"},
		{"END with data", "0000000204000000010101", "agent", "length"},
		{"END of stream 255", "000000010400000001ff", "agent", "stream"},
		{"CREDIT that is short", "0000000405000000010100ff00", "agent", "length"},
		{"CREDIT that is long", "000000060500000001000000000100", "agent", "length"},
		{"CREDIT of stream 9", "0000000505000000010900000001", "agent", "stream"},
		{"PING of 7 bytes", "000000070a0000000000010203040506", "host", "length"},
		{"PONG on a channel", "000000080b000000010001020304050607", "agent", "channel"},
		{"PING from the agent", "000000080a000000000001020304050607", "agent", "direction"},
		{"PONG from the host", "000000080b000000000001020304050607", "host", "direction"},
		{"an empty EVENT", "000000000600000001", "agent", "length"},
		{"half a header", "0000000a01", "agent", "end"},
		{"half a payload", "0000000a01000000007b22", "agent", "end"},
	} {
		file.Invalid = append(file.Invalid, entry)
	}
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(goldenFile, content.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFramesOfTheLargestSize(t *testing.T) {
	buffer := bytes.Repeat([]byte("x"), DataRoom+MaxDataBytes)
	PutDataHeader(buffer, 5, 2)
	large := Append(nil, Frame{Type: Result, Channel: 6, Payload: bytes.Repeat([]byte("y"), MaxPayloadBytes)})
	reader := NewReader(&chunked{append(buffer, large...), 5000}, Agent)
	data, err := reader.Next()
	if err != nil || data.Stream() != 2 || len(data.Payload) != 1+MaxDataBytes || data.Payload[MaxDataBytes] != 'x' {
		t.Fatalf("%d bytes, %v", len(data.Payload), err)
	}
	result, err := reader.Next()
	if err != nil || len(result.Payload) != MaxPayloadBytes || result.Payload[MaxPayloadBytes-1] != 'y' {
		t.Fatalf("%d bytes, %v", len(result.Payload), err)
	}
	if _, err := reader.Next(); err != io.EOF {
		t.Fatal(err)
	}
}
