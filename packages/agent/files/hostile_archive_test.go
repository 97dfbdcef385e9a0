package files

import (
	"archive/tar"
	"os"
	"strings"
	"testing"
)

func TestHostileArchivesAreRefused(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		outside := b.outside
		for name, members := range map[string][]member{
			"absolute name":             {{name: outside + "/new"}},
			"name with dots":            {{name: "../outside/new"}},
			"name with dots inside":     {{name: "a/../../outside/new"}},
			"folder with dots":          {{kind: tar.TypeDir, name: "a/.."}},
			"too long a name":           {{name: strings.Repeat("n", 256)}},
			"absolute link":             {{kind: tar.TypeSymlink, name: "l", target: outside}},
			"link with dots":            {{kind: tar.TypeSymlink, name: "a/l", target: "../../outside"}},
			"link with dots at its end": {{kind: tar.TypeSymlink, name: "l", target: "a/.."}},
			"link that leads out through another": {
				{kind: tar.TypeSymlink, name: "a/b/root", target: "../.."},
				{kind: tar.TypeSymlink, name: "l", target: "a/b/root/.."},
			},
			"absolute link with dots":     {{kind: tar.TypeSymlink, name: "l", target: b.path() + "/../outside"}},
			"link without a target":       {{kind: tar.TypeSymlink, name: "l"}},
			"entry through a link":        {{kind: tar.TypeSymlink, name: "l", target: "a"}, {kind: tar.TypeDir, name: "a"}, {name: "l/new"}},
			"folder through a link":       {{kind: tar.TypeSymlink, name: "l", target: "a"}, {kind: tar.TypeDir, name: "a"}, {kind: tar.TypeDir, name: "l/a"}},
			"link through a link":         {{kind: tar.TypeSymlink, name: "l", target: "."}, {kind: tar.TypeSymlink, name: "l/m", target: "x"}},
			"folder turned into a link":   {{kind: tar.TypeDir, name: "d"}, {kind: tar.TypeSymlink, name: "d", target: "a"}, {name: "d/new"}},
			"hard link to outside":        {{kind: tar.TypeLink, name: "h", target: outside + "/secret"}},
			"hard link with dots":         {{kind: tar.TypeLink, name: "h", target: "../outside/secret"}},
			"hard link to what was there": {{kind: tar.TypeLink, name: "h", target: "there"}},
			"hard link to a link":         {{kind: tar.TypeSymlink, name: "l", target: "there"}, {kind: tar.TypeLink, name: "h", target: "l"}},
			"hard link to a replaced file": {
				{name: "f"}, {kind: tar.TypeSymlink, name: "f", target: "there"}, {kind: tar.TypeLink, name: "h", target: "f"},
			},
			"hard link to a folder":         {{kind: tar.TypeDir, name: "d"}, {kind: tar.TypeLink, name: "h", target: "d"}},
			"hard link to a later file":     {{kind: tar.TypeLink, name: "h", target: "f"}, {name: "f"}},
			"FIFO":                          {{kind: tar.TypeFifo, name: "x"}},
			"device":                        {{kind: tar.TypeChar, name: "x"}},
			"block device":                  {{kind: tar.TypeBlock, name: "x"}},
			"unknown type":                  {{kind: 'Z', name: "x"}},
			"no name":                       {{name: "."}},
			"through a link that was there": {{name: "out/new"}},
		} {
			t.Run(name, func(t *testing.T) {
				b.put("there", "")
				b.asUser(func() error { os.Symlink(outside, b.path("out")); return nil })
				_, err := b.unpack(tarOf(members...))
				if known := wantCode(t, err, "EARCHIVE"); strings.Contains(known.Message, "cut off") {
					t.Fatal(known.Message)
				}
				b.untouched()
				b.noLeftovers()
				_, err = b.Remove(background, RemoveRequest{Path: b.path("out")})
				must(t, err)
				for _, entry := range b.list(ListRequest{Path: b.path()}) {
					_, err := b.Remove(background, RemoveRequest{Path: b.path(entry.Path), Recursive: true})
					must(t, err)
				}
			})
		}
	})
}
