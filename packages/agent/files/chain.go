package files

import "syscall"

// openLinks bounds how many folders of a chain are held open, however deep it is.
const openLinks = 64

// chain is a way down from an opened folder, one name at a time, that can be as deep as the disk allows.
// Only its deepest folders stay open; going up, a closed one is opened again as "..", and must be the same folder.
type chain struct {
	flags int
	links []chainLink
}

type chainLink struct {
	name          string
	descriptor    int // -1 while closed
	device, inode uint64
}

func newChain(base, flags int) *chain {
	return &chain{flags: flags, links: []chainLink{{descriptor: base}}}
}

func (c *chain) close() {
	for _, link := range c.links {
		if link.descriptor >= 0 {
			syscall.Close(link.descriptor)
		}
	}
	c.links = nil
}

// folder is the descriptor of the deepest folder.
func (c *chain) folder() int {
	return c.links[len(c.links)-1].descriptor
}

func (c *chain) depth() int {
	return len(c.links) - 1
}

func (c *chain) down(user asUser, name string) error {
	descriptor, err := openAt(user, c.folder(), name, c.flags, 0)
	if err != nil {
		return err
	}
	c.links = append(c.links, chainLink{name: name, descriptor: descriptor})
	if oldest := len(c.links) - 1 - openLinks; oldest > 0 {
		return c.links[oldest].rest(user)
	}
	return nil
}

// rest closes a folder and keeps what tells it from any other.
func (l *chainLink) rest(user asUser) error {
	stat, err := statAt(user, l.descriptor, "")
	if err != nil {
		return err
	}
	l.device, l.inode = uint64(stat.Dev), stat.Ino
	syscall.Close(l.descriptor)
	l.descriptor = -1
	return nil
}

// up leaves the deepest folder and returns its name; `leaving` is called once the way up is open, and may close it.
// ESTALE says that the folder was moved meanwhile.
func (c *chain) up(user asUser, leaving func(folder int) error) (string, error) {
	last := len(c.links) - 1
	left, parent := c.links[last], &c.links[last-1]
	if parent.descriptor < 0 {
		descriptor, err := openAt(user, left.descriptor, "..", c.flags, 0)
		if err != nil {
			return "", err
		}
		stat, err := statAt(user, descriptor, "")
		if err == nil && (uint64(stat.Dev) != parent.device || stat.Ino != parent.inode) {
			err = syscall.ESTALE
		}
		if err != nil {
			syscall.Close(descriptor)
			return "", err
		}
		parent.descriptor = descriptor
	}
	err := leaving(left.descriptor)
	syscall.Close(left.descriptor)
	c.links = c.links[:last]
	return left.name, err
}
