package files

import "syscall"

// raceAttempts bounds how often an operation starts again because user code changed the folder under it.
const raceAttempts = 16

// makeFolder makes a folder with exactly the mode, whatever the umask.
func makeFolder(user asUser, folder int, name string, mode uint32) error {
	if err := makeFolderAt(user, folder, name, 0o700); err != nil {
		return err
	}
	made, err := openAt(user, folder, name, openForNames, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(made)
	return setMode(user, made, mode)
}

// enterFolder opens a folder, made with mode 0755 if nothing has its name.
func enterFolder(user asUser, folder int, name string) (descriptor int, made bool, err error) {
	for range raceAttempts {
		descriptor, err = openAt(user, folder, name, openFolder, 0)
		if err != syscall.ENOENT {
			return descriptor, made, err
		}
		if err = makeFolder(user, folder, name, 0o755); err == nil {
			made = true
		} else if err != syscall.EEXIST && err != syscall.ENOENT {
			return -1, made, err
		}
		if err == syscall.ENOENT && !made {
			return -1, false, err
		}
	}
	return -1, made, err
}

// openFolders opens the folder of a location, and makes what is missing on the way when `parents` is true.
func (f *Files) openFolders(user asUser, at location, parents bool) (int, error) {
	folder, err := f.openNames(user, at.root.descriptor, at.names, openFolder)
	if err == nil {
		return folder, nil
	}
	if err != syscall.ENOENT || !parents {
		return -1, f.explain(user, at, err)
	}
	folder, err = openAt(user, at.root.descriptor, ".", openFolder, 0)
	for _, name := range at.names {
		if err != nil {
			break
		}
		next, _, enterErr := enterFolder(user, folder, name)
		syscall.Close(folder)
		folder, err = next, enterErr
	}
	if err != nil {
		return -1, f.explain(user, at, err)
	}
	return folder, nil
}
