package files

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
)

// ListRequest is the operation `list`; without MaxEntries the limit is 1,048,576.
type ListRequest struct {
	Path       string `json:"path"`
	Recursive  bool   `json:"recursive"`
	MaxEntries *int64 `json:"maxEntries"`
}

// ListResult counts the lines sent.
type ListResult struct {
	Entries int64 `json:"entries"`
}

// List sends one JSON entry a line, a folder's names in byte order and each folder before its content.
func (f *Files) List(ctx context.Context, request ListRequest, out io.Writer) (ListResult, error) {
	return perform(ctx, request.Path, func() (result ListResult, err error) {
		most, err := limitOf(request.MaxEntries, mostEntries, "maxEntries", request.Path)
		if err != nil {
			return result, err
		}
		at, err := f.locate(request.Path, reading)
		if err != nil {
			return result, err
		}
		entries, err := f.openTree(at, most)
		if err != nil {
			return result, err
		}
		defer entries.close()
		lines := &bytes.Buffer{}
		encoder := json.NewEncoder(lines)
		encoder.SetEscapeHTML(false)
		for more := true; more; {
			if err := ctx.Err(); err != nil {
				return result, err
			}
			err := f.identity.run(func(user asUser) error {
				for lines.Len() < chunkBytes {
					found, any, err := entries.next(user)
					if err != nil || !any {
						more = false
						return err
					}
					if found.leaving {
						continue
					}
					path, err := entries.relative(found.name)
					if err != nil {
						return err
					}
					if err := encoder.Encode(newEntry(user, found.folder, found.name, path, found.stat)); err != nil {
						return err
					}
					result.Entries++
					if request.Recursive && kindOf(found.stat.Mode) == folderKind {
						if _, err := entries.descend(user, found.name); err != nil {
							return err
						}
					}
				}
				return nil
			})
			if err != nil {
				return result, err
			}
			if _, err := lines.WriteTo(out); err != nil {
				return result, err
			}
		}
		return result, nil
	})
}

func (f *Files) openTree(at location, most int64) (entries *tree, err error) {
	err = f.identity.run(func(user asUser) error {
		descriptor, err := f.open(user, at, openForNames)
		if err != nil {
			return err
		}
		entries, err = f.newTree(descriptor, at, most, true)
		return err
	})
	return entries, err
}
