package drainlab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Options of a mount; zero values leave drainctl's defaults.
type Options struct {
	Name        string
	Policy      string        // drain policy: base, persb, ...
	Profile     string        // what modelled waits come from; default here: zero, so that only UmountDelay is waited for
	Store       string        // keep the files in this directory
	UmountDelay time.Duration // every shutdown takes this much longer
	UmountWait  string        // gate, api or auto
	// What is written stays in the cache until it is synced; PowerCut drops what was not.
	LoseUnsynced bool
	Extra        []string // further words for `drainctl mount`
}

// MountPoint is one mount with a daemon of its own.
type MountPoint struct {
	Dir    string
	Name   string
	ID     int
	Device string // MAJ:MIN
	Socket string
	Daemon int // pid of drainfs

	t testing.TB
}

// Mount makes a mount in a fresh directory. It is gone when the test ends, however it ends.
func Mount(t testing.TB, o Options) *MountPoint {
	t.Helper()
	return mountOn(t, "", o)
}

// MountOn mounts on an existing directory.
func MountOn(t testing.TB, dir string, o Options) *MountPoint {
	t.Helper()
	return mountOn(t, dir, o)
}

func mountOn(t testing.TB, dir string, o Options) *MountPoint {
	t.Helper()
	control, lock := makeControlDirectory(t)
	if dir == "" {
		dir = filepath.Join(control, "mnt")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	m := &MountPoint{Dir: dir, Socket: filepath.Join(control, "d.sock"), t: t}
	t.Cleanup(func() {
		m.remove(control)
		lock.Close()
	})
	out, err := drainctl(m.Socket, m.words(o)...)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		ID   int
		Pid  int
		Name string
		Dev  string
		Dir  string
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatalf("drainctl mount --json said %q: %v", out, err)
	}
	m.ID, m.Daemon, m.Name, m.Device, m.Dir = answer.ID, answer.Pid, answer.Name, answer.Dev, answer.Dir
	return m
}

func (m *MountPoint) words(o Options) []string {
	profile := o.Profile
	if profile == "" {
		profile = "zero"
	}
	// The mount goes with this process, also when that is killed, and so does the control directory.
	words := []string{"mount", m.Dir, "--json", "--profile", profile, "--with-pid", strconv.Itoa(os.Getpid()),
		"--own-directory", filepath.Dir(m.Socket)}
	for option, value := range map[string]string{
		"--name": o.Name, "--policy": o.Policy, "--store": o.Store, "--umount-wait": o.UmountWait,
	} {
		if value != "" {
			words = append(words, option, value)
		}
	}
	if o.UmountDelay > 0 {
		words = append(words, "--umount-delay", milliseconds(o.UmountDelay))
	}
	if o.LoseUnsynced {
		words = append(words, "--lose-unsynced")
	}
	return append(words, o.Extra...)
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + "ms" }

// SlowUnmount is a mount whose unmount blocks for d.
func SlowUnmount(t testing.TB, d time.Duration) *MountPoint {
	t.Helper()
	return Mount(t, Options{UmountDelay: d})
}

// remove is what is left to do after the test, whatever the test did.
func (m *MountPoint) remove(control string) {
	_, err := drainctl(m.Socket, "stop", "--timeout", "90s")
	if exit, ok := err.(*ExitError); err != nil && (!ok || exit.Code != ExitBusy) {
		m.t.Logf("stop: %v", err)
	}
	if _, err := drainctl(m.Socket, "clean"); err != nil {
		m.t.Logf("clean: %v", err)
	}
	removeControlDirectory(control)
}

// Detach unmounts lazily: the name goes at once, whoever uses it.
func (m *MountPoint) Detach() {
	m.t.Helper()
	if _, err := drainctl(m.Socket, "detach", m.Dir); err != nil {
		m.t.Fatal(err)
	}
}

// Unmount is a plain unmount(2); EBUSY and the like are returned.
func (m *MountPoint) Unmount() error { return syscall.Unmount(m.Dir, 0) }

// WaitDetached waits until the name is gone from the mount table.
func (m *MountPoint) WaitDetached(limit time.Duration) { m.t.Helper(); m.wait("detached", limit) }

// WaitDead waits until the superblock is dead: every byte is in the store, nobody is blocked any more.
func (m *MountPoint) WaitDead(limit time.Duration) { m.t.Helper(); m.wait("dead", limit) }

func (m *MountPoint) wait(state string, limit time.Duration) {
	m.t.Helper()
	_, err := drainctl(m.Socket, "wait", "id:"+strconv.Itoa(m.ID), "--state", state, "--timeout", milliseconds(limit))
	if err != nil {
		m.t.Fatalf("%s is not %s: %v", m.Dir, state, err)
	}
}

// Kill kills the daemon: the mount stays, and every access answers ENOTCONN.
func (m *MountPoint) Kill() {
	m.t.Helper()
	if err := syscall.Kill(m.Daemon, syscall.SIGKILL); err != nil {
		m.t.Fatalf("kill drainfs: %v", err)
	}
	eventually(m.t, 10*time.Second, "drainfs is gone, the mount answers ENOTCONN", func() bool {
		return ended(m.Daemon) && isOrphan(m.Dir)
	})
}

// ended tells whether a process is gone, or dead and only not collected yet.
func ended(pid int) bool {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	at := strings.LastIndex(string(text), ") ")
	return err != nil || strings.HasPrefix(string(text)[at+1:], " Z") || strings.HasPrefix(string(text)[at+1:], " X")
}
