package files

import (
	"encoding/base64"
	"strings"
	"syscall"
	"unicode/utf8"
)

// Entry describes one file, folder, link or other thing without following it; `mode` holds the permission bits.
type Entry struct {
	Path    string  `json:"path"`
	Type    kind    `json:"type"`
	Size    int64   `json:"size"`
	Mode    uint32  `json:"mode"`
	MtimeMs float64 `json:"mtimeMs"`
	Target  *string `json:"target,omitempty"`
	// PathBytes is base64 and there only when the name is not UTF-8 and Path hence lossy.
	PathBytes string `json:"pathBytes,omitempty"`
}

func newEntry(user asUser, folder int, name, path string, stat *syscall.Stat_t) Entry {
	entry := Entry{
		Path:    path,
		Type:    kindOf(stat.Mode),
		Size:    stat.Size,
		Mode:    stat.Mode & 0o7777,
		MtimeMs: float64(stat.Mtim.Sec)*1000 + float64(stat.Mtim.Nsec)/1e6,
	}
	if !utf8.ValidString(path) {
		entry.Path = strings.ToValidUTF8(path, "\uFFFD")
		entry.PathBytes = base64.StdEncoding.EncodeToString([]byte(path))
	}
	if entry.Type == linkKind {
		if target, err := readLinkAt(user, folder, name); err == nil {
			target = strings.ToValidUTF8(target, "\uFFFD")
			entry.Target = &target
		}
	}
	return entry
}
