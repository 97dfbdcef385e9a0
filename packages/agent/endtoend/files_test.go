package endtoend

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
)

func fileOp(op string, fields map[string]any) map[string]any {
	fields["op"] = op
	return fields
}

func TestFilesGoInAndOut(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		content := bytes.Repeat([]byte("0123456789abcdef"), 300_000)
		write := box.open(fileOp("write", map[string]any{"path": workspace + "/a/b", "parents": true}))
		write.upload(0, content)
		write.end(0)
		if result := write.wait(); result["bytes"] != float64(len(content)) {
			t.Fatalf("RESULT %v", result)
		}
		read := box.open(fileOp("read", map[string]any{"path": workspace + "/a/b"}))
		if result := read.wait(); result["bytes"] != float64(len(content)) || sha256.Sum256([]byte(read.text(1))) != sha256.Sum256(content) || read.ends[1] != 1 {
			t.Fatalf("RESULT %v", result)
		}
		seen := box.open(spawn("sh", "-c", "stat -c '%u %g %s' a/b"))
		if seen.wait(); seen.text(1) != "1234567 1234567 4800000\n" {
			t.Fatalf("the user sees %q", seen.text(1))
		}
		stat := box.open(fileOp("stat", map[string]any{"path": workspace + "/a"})).wait()
		if stat["type"] != "directory" {
			t.Fatalf("RESULT %v", stat)
		}
		outside := box.open(fileOp("write", map[string]any{"path": "/etc/x"}))
		outside.end(0)
		if result := outside.wait(); result["error"].(map[string]any)["code"] != "EACCES" {
			t.Fatalf("RESULT %v", result)
		}
	})
}

func TestAnUploadCanBeCancelled(t *testing.T) {
	inBothModes(t, func(t *testing.T, box *box) {
		write := box.open(fileOp("write", map[string]any{"path": workspace + "/half"}))
		write.write(0, "half")
		write.control(map[string]any{"op": "cancel"})
		if result := write.wait(); result["error"].(map[string]any)["code"] != "ECANCELED" {
			t.Fatalf("RESULT %v", result)
		}
		if stat := box.open(fileOp("stat", map[string]any{"path": workspace + "/half"})).wait(); stat["error"].(map[string]any)["code"] != "ENOENT" {
			t.Fatalf("RESULT %v", stat)
		}
	})
}

func TestWorkspaceIsRestoredBeforeHelloIsAnswered(t *testing.T) {
	folder := t.TempDir()
	for path := folder; path != filepath.Clean(os.TempDir()); path = filepath.Dir(path) {
		must(t, os.Chmod(path, 0o755))
	}
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	must(t, writer.WriteHeader(&tar.Header{Name: "kept/file", Mode: 0o644, Size: 4}))
	writer.Write([]byte("kept"))
	must(t, writer.Close())
	path := filepath.Join(folder, "workspace.tar")
	must(t, os.WriteFile(path, archive.Bytes(), 0o644))
	for _, mode := range modes {
		box := openBox(t, mode.sameUID, func(hello map[string]any) { hello["restore"] = path })
		run := box.open(spawn("sh", "-c", "cat kept/file; echo more >> kept/file"))
		if result := run.wait(); run.text(1) != "kept" || result["exitCode"] != 0.0 {
			t.Fatalf("RESULT %v, output %q, errors %q", result, run.text(1), run.text(2))
		}
	}
	openBox(t, false, func(hello map[string]any) { hello["restore"] = "/not/there.tar" }).ping()
}
