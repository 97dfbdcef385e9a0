package files

import (
	"archive/tar"
	"bytes"
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
		if m.mode == 0 {
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
