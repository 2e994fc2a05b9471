package drainlab

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

const controlPrefix = "drainlab-go-"

// makeControlDirectory makes the directory of a daemon's socket and log. Not t.TempDir: the path of a socket must be short. Whoever
// holds the lock lives; the directories of those that were killed are removed here.
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
		os.RemoveAll(control)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
