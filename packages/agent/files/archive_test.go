package files

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// member is one entry of a tar made for a test.
type member struct {
	kind    byte
	name    string
	content string
	size    int64 // of zeros, when there is no content
	target  string
	mode    int64
	pax     map[string]string
}

func tarOf(members ...member) *bytes.Buffer {
	buffer := &bytes.Buffer{}
	writer := tar.NewWriter(buffer)
	for _, m := range members {
		header := &tar.Header{Typeflag: m.kind, Name: m.name, Linkname: m.target, Mode: m.mode, PAXRecords: m.pax}
		if m.kind == 0 {
			header.Typeflag = tar.TypeReg
		}
		if m.mode == 0 && m.kind != tar.TypeXGlobalHeader {
			header.Mode = 0o755
		}
		var content io.Reader = strings.NewReader(m.content)
		if header.Typeflag == tar.TypeReg {
			header.Size = max(m.size, int64(len(m.content)))
			content = io.MultiReader(content, io.LimitReader(zeroReader{}, header.Size-int64(len(m.content))))
		}
		if err := writer.WriteHeader(header); err != nil {
			panic(err)
		}
		if header.Typeflag == tar.TypeReg {
			if _, err := io.Copy(writer, content); err != nil {
				panic(err)
			}
		}
	}
	if err := writer.Close(); err != nil {
		panic(err)
	}
	return buffer
}

// paxHeader is the block before a pax header's content, of a size that archive/tar would not write.
func paxHeader(size int64) []byte {
	buffer := &bytes.Buffer{}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: "pax", Size: size, Format: tar.FormatUSTAR}
	if err := tar.NewWriter(buffer).WriteHeader(header); err != nil {
		panic(err)
	}
	block := buffer.Bytes()
	block[156] = 'x'
	copy(block[148:156], "        ")
	sum := 0
	for _, value := range block {
		sum += int(value)
	}
	copy(block[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return block
}
