package drainlab

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Assertions from the field: what drivers and runtimes got wrong, one each.

func eventually(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// Mounted tells from the mount table, without asking the mount, whether something is mounted on dir.
func Mounted(t testing.TB, dir string) bool {
	t.Helper()
	table, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	for lines := bufio.NewScanner(table); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 4 && unescape(fields[4]) == dir {
			return true
		}
	}
	return false
}

// unescape takes mountinfo's \040 and the like back.
func unescape(path string) string {
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] == '\\' && i+3 < len(path) {
			if n, err := strconv.ParseUint(path[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		out.WriteByte(path[i])
	}
	return out.String()
}

// AssertNotMounted fails if dir is still a mount point: "umount exited 0 and it is still mounted".
func AssertNotMounted(t testing.TB, dir string) {
	t.Helper()
	if Mounted(t, dir) {
		t.Errorf("%s is still mounted", dir)
	}
}

// AssertMounted fails if nothing is mounted on dir.
func AssertMounted(t testing.TB, dir string) {
	t.Helper()
	if !Mounted(t, dir) {
		t.Errorf("nothing is mounted on %s", dir)
	}
}

// AssertGoneButBlocking fails unless the mount has left the mount table while its unmount still waits.
func (m *MountPoint) AssertGoneButBlocking() {
	m.t.Helper()
	state, err := m.State()
	if err != nil {
		m.t.Fatal(err)
	}
	if Mounted(m.t, m.Dir) || (state != "dying" && state != "detached") {
		m.t.Errorf("%s: mounted %v, %s; wanted: gone from the table and still blocking", m.Dir, Mounted(m.t, m.Dir), state)
	}
}

func isOrphan(dir string) bool {
	var st syscall.Statfs_t
	return errors.Is(syscall.Statfs(dir, &st), syscall.ENOTCONN)
}

// AssertNoOrphan fails if dir answers ENOTCONN: a mount whose daemon is dead was left behind.
func AssertNoOrphan(t testing.TB, dir string) {
	t.Helper()
	if isOrphan(dir) {
		t.Errorf("%s: ENOTCONN left behind", dir)
	}
}

// Snapshot is the names below a directory, for AssertUnchanged.
type Snapshot struct {
	dir   string
	names []string
}

// Snap remembers what is below dir (a store, say).
func Snap(t testing.TB, dir string) Snapshot {
	t.Helper()
	s := Snapshot{dir: dir}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		s.names = append(s.names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(s.names)
	return s
}

// AssertNothingDeleted fails if a name of the snapshot is gone: nothing may be deleted behind a failed unmount.
func (s Snapshot) AssertNothingDeleted(t testing.TB) {
	t.Helper()
	for _, name := range s.names {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was deleted", name)
		}
	}
}

// AssertNoGrowth runs attempt n times and fails if threads and child processes of this process grew with the attempts.
func AssertNoGrowth(t testing.TB, n int, attempt func()) {
	t.Helper()
	attempt()
	before := tasks(t)
	for i := 0; i < n; i++ {
		attempt()
	}
	if after := tasks(t); after >= before+n {
		t.Errorf("%d attempts left %d threads and processes more", n, after-before)
	}
}

// tasks counts the threads of this process and its children.
func tasks(t testing.TB) int {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	count := len(threads)
	for _, thread := range threads {
		children, _ := os.ReadFile(filepath.Join("/proc/self/task", thread.Name(), "children"))
		count += len(strings.Fields(string(children)))
	}
	return count
}

// AssertNobodyInD fails if one of the processes, or a thread of theirs, is still in uninterruptible sleep after limit.
func AssertNobodyInD(t testing.TB, limit time.Duration, pids ...int) {
	t.Helper()
	eventually(t, limit, "nobody is in uninterruptible sleep", func() bool {
		for _, pid := range pids {
			states, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "stat"))
			for _, file := range states {
				text, _ := os.ReadFile(file)
				if at := strings.LastIndex(string(text), ") "); at >= 0 && strings.HasPrefix(string(text[at+2:]), "D") {
					return false
				}
			}
		}
		return true
	})
}
