package files

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const renameExchange = 2

// While user code swaps a folder for a link to the folder outside as fast as it can, every operation
// may fail or work inside, but never reach what the link leads to.
func TestNoOperationLosesARaceAgainstALink(t *testing.T) {
	const rounds = 200
	eachBox(t, func(t *testing.T, b *box) {
		b.put("d/secret", "inside")
		b.asUser(func() error { return os.Symlink(b.outside, b.path("link")) })
		stop := make(chan struct{})
		var hostile sync.WaitGroup
		hostile.Add(1)
		go func() {
			defer hostile.Done()
			b.identity.run(func(user asUser) error {
				for {
					select {
					case <-stop:
						return nil
					default:
						renameAt(user, b.workspaceFolder(), "d", b.workspaceFolder(), "link", renameExchange)
					}
				}
			})
		}()
		refused := 0
		for range rounds {
			target := b.path("d", "secret")
			for _, request := range []WriteRequest{{}, {Append: true}, {Parents: true}, {Exclusive: true}} {
				request.Path = target
				if _, err := b.Write(background, request, strings.NewReader("changed")); err != nil {
					refused++
				}
			}
			out := &bytes.Buffer{}
			b.Read(background, ReadRequest{Path: target}, out)
			b.Pack(background, PackRequest{Path: b.path("d")}, out)
			b.Pack(background, PackRequest{Path: b.path()}, out)
			if strings.Contains(out.String(), secretContent) {
				t.Fatal("the file outside was read")
			}
			b.Mkdir(background, MkdirRequest{Path: b.path("d", "new"), Parents: true})
			b.Rename(background, RenameRequest{From: b.path("d", "new"), To: b.path("d", "other")})
			b.Unpack(background, UnpackRequest{Path: b.path()}, tarOf(member{name: "d/secret", content: "changed"}, member{name: "d/new2"}))
			b.Unpack(background, UnpackRequest{Path: b.path("d")}, tarOf(member{name: "secret", content: "changed"}))
			b.Remove(background, RemoveRequest{Path: target, MissingOk: true})
			b.Remove(background, RemoveRequest{Path: b.path("d", "other"), Recursive: true})
		}
		close(stop)
		hostile.Wait()
		b.untouched()
		t.Logf("%d of %d writes met the link", refused, 4*rounds)
	})
}

// A recursive removal meets the link in its depths, not in its path.
func TestRemoveLosesNoRaceAgainstALink(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		for range 100 {
			b.put("tree/d/secret", "inside")
			b.asUser(func() error { return os.Symlink(b.outside, b.path("tree", "link")) })
			var hostile sync.WaitGroup
			hostile.Add(1)
			started, stop := make(chan struct{}), make(chan struct{})
			go func() {
				defer hostile.Done()
				b.identity.run(func(user asUser) error {
					folder, err := openAt(user, b.workspaceFolder(), "tree", openFolder, 0)
					close(started)
					defer syscall.Close(folder)
					for err == nil {
						select {
						case <-stop:
							return nil
						default:
							err = renameAt(user, folder, "d", folder, "link", renameExchange)
						}
					}
					return nil
				})
			}()
			<-started
			_, err := b.Remove(background, RemoveRequest{Path: b.path("tree"), Recursive: true})
			close(stop)
			hostile.Wait()
			if err != nil { // it gives up on a name that is swapped again and again
				_, err = b.Remove(background, RemoveRequest{Path: b.path("tree"), Recursive: true})
			}
			must(t, err)
			b.untouched()
		}
	})
}

// workspaceFolder is the descriptor opened at the start.
func (b *box) workspaceFolder() int {
	for _, root := range b.roots {
		if root.path == b.workspace {
			return root.descriptor
		}
	}
	return -1
}
