package drainlab

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

const controlPrefix = "drainlab-go-"

// makeControlDirectory makes the directory of a daemon's socket and log. Not t.TempDir: the path of a socket must be short. Whoever
// holds the lock lives. The directory of one that is killed goes with its daemon; if that was killed too, it is removed here.
func makeControlDirectory(t testing.TB) (string, *os.File) {
	t.Helper()
	sweepControlDirectories()
	dir, err := os.MkdirTemp("", controlPrefix)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, lock
}

func sweepControlDirectories() {
	locks, _ := filepath.Glob(filepath.Join(os.TempDir(), controlPrefix+"*", "lock"))
	for _, name := range locks {
		lock, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW, 0)
		if err != nil {
			continue // somebody else's
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			sweep(filepath.Dir(name))
		}
		lock.Close()
	}
}

// sweep removes what a process left that was killed, unless its daemon is still at work.
func sweep(control string) {
	socket := filepath.Join(control, "d.sock")
	if exists(socket) {
		_, _ = drainctl(socket, "clean")
	}
	if !exists(socket) {
		removeControlDirectory(control)
	}
}

// removeControlDirectory never goes through a mount that could not be unmounted: what is in it is somebody's data.
func removeControlDirectory(control string) {
	if err := os.Remove(filepath.Join(control, "mnt")); err == nil || os.IsNotExist(err) {
		os.RemoveAll(control)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
