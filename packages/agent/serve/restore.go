package serve

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"llm-sandbox/agent/files"
)

// restore fills the workspace from the image's archive, if there is one.
func (session *session) restore(request *hello) error {
	if request.Restore == "" {
		return nil
	}
	archive, err := os.Open(request.Restore)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer archive.Close()
	_, err = session.files.Unpack(context.Background(), files.UnpackRequest{Path: request.Workspace, Links: "any"}, bufio.NewReaderSize(archive, 64<<10))
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}
