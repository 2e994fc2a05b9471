package drainlab

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestSlowUnmountBlocksAndIsGoneFromTheTable(t *testing.T) {
	SkipUnlessAble(t)
	m := SlowUnmount(t, 2*time.Second)
	AssertMounted(t, m.Dir)
	returned := make(chan time.Duration, 1)
	began := time.Now()
	go func() {
		if err := m.Unmount(); err != nil {
			t.Error(err)
		}
		returned <- time.Since(began)
	}()
	m.WaitDetached(10 * time.Second)
	m.AssertGoneButBlocking()
	if took := <-returned; took < 2*time.Second {
		t.Errorf("unmount returned after %v", took)
	}
	m.WaitDead(10 * time.Second)
	AssertNotMounted(t, m.Dir)
}

func TestEveryHolderMakesItBusyUntilReleased(t *testing.T) {
	SkipUnlessAble(t)
	for _, kind := range []string{"fd", "cwd", "mmap", "child"} {
		m := Mount(t, Options{})
		release := m.HoldBusy(kind)
		if err := m.Unmount(); !errors.Is(err, syscall.EBUSY) {
			t.Errorf("%s: unmount says %v", kind, err)
		}
		AssertMounted(t, m.Dir)
		release()
		eventually(t, 10*time.Second, "unmount works after "+kind, func() bool { return m.Unmount() == nil })
	}
}

func TestDetachedMountDiesWithItsHolder(t *testing.T) {
	SkipUnlessAble(t)
	m := Mount(t, Options{})
	release := m.HoldBusy("fd")
	m.Detach()
	AssertNotMounted(t, m.Dir)
	if state, err := m.State(); err != nil || state != "detached" {
		t.Errorf("state %q, %v", state, err)
	}
	holders := m.Holders()
	if len(holders) == 0 || holders[0].Kind != "fd" || holders[0].Comm != "drainctl" {
		t.Errorf("held by %v", holders)
	}
	var late *APIError
	err := m.Call(http.MethodGet, "/mounts/"+m.Name+"/wait?state=dying&timeout_ms=1", nil, nil)
	if !errors.As(err, &late) || late.Code != "timed_out" || len(late.Holders) == 0 {
		t.Errorf("a wait says %v", err)
	}
	release()
	m.WaitDead(10 * time.Second)
}

func TestKilledDaemonLeavesAnOrphanThatCleanupRemoves(t *testing.T) {
	SkipUnlessAble(t)
	var dir string
	t.Run("inner", func(t *testing.T) {
		m := Mount(t, Options{})
		dir = m.Dir
		m.Kill()
		if !isOrphan(dir) {
			t.Error("no ENOTCONN")
		}
	})
	AssertNotMounted(t, dir)
}

func TestFaultsFailAndStop(t *testing.T) {
	SkipUnlessAble(t)
	m := Mount(t, Options{})
	m.Fault(Rule{Op: "create", Errno: "ENOSPC"})
	file := filepath.Join(m.Dir, "f")
	if err := os.WriteFile(file, nil, 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("create says %v", err)
	}
	m.Fault()
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Error(err)
	}
}

func TestAPowerCutTakesWhatNobodySynced(t *testing.T) {
	SkipUnlessAble(t)
	m := Mount(t, Options{LoseUnsynced: true})
	path := filepath.Join(m.Dir, "f")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, words := range []string{"synced", " and not"} {
		if _, err = f.WriteString(words); err == nil && words == "synced" {
			err = f.Sync()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if dropped := m.PowerCut(); dropped != int64(len(" and not")) {
		t.Errorf("%d bytes are gone", dropped)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "synced" {
		t.Errorf("%q is left, %v", text, err)
	}
}

func TestAHangIsReleasedAndADelayIsOne(t *testing.T) {
	SkipUnlessAble(t)
	m := Mount(t, Options{})
	file := filepath.Join(m.Dir, "f")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.Fault(Rule{Op: "open", Hang: true, Name: "stuck"})
	read := make(chan error)
	go func() {
		_, err := os.ReadFile(file)
		read <- err
	}()
	for m.ReleaseFaults("stuck") == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	if err := <-read; err != nil {
		t.Error(err)
	}
	m.Fault(Rule{Op: "open", Delay: 200 * time.Millisecond})
	began := time.Now()
	if _, err := os.ReadFile(file); err != nil || time.Since(began) < 200*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestAPanicLeavesNothing(t *testing.T) {
	SkipUnlessAble(t)
	if dir := os.Getenv("DRAINLAB_TEST_PANIC"); dir != "" {
		MountOn(t, dir, Options{})
		panic("on purpose")
	}
	leavesNothing(t, "DRAINLAB_TEST_PANIC")
}

func TestAKilledRunnerLeavesNothing(t *testing.T) {
	SkipUnlessAble(t)
	if dir := os.Getenv("DRAINLAB_TEST_KILLED"); dir != "" {
		MountOn(t, dir, Options{}).HoldBusy("cwd")
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	leavesNothing(t, "DRAINLAB_TEST_KILLED")
}

// leavesNothing runs the calling test in a process of its own that comes to a bad end.
func leavesNothing(t *testing.T, variable string) {
	t.Helper()
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	child.Env = append(os.Environ(), variable+"="+dir)
	out, err := child.CombinedOutput()
	if err == nil {
		t.Fatalf("the inner test passed:\n%s", out)
	}
	if bytes.Contains(out, []byte("--- SKIP")) || strings.Contains(string(out), "no tests to run") {
		t.Fatalf("the inner test did not run:\n%s", out)
	}
	eventually(t, 20*time.Second, dir+" is unmounted", func() bool { return !Mounted(t, dir) })
	eventually(t, 20*time.Second, "nothing is left in "+os.TempDir(), func() bool {
		left, _ := filepath.Glob(filepath.Join(os.TempDir(), controlPrefix+"*"))
		return len(left) == 0
	})
}

func TestAssertionsFromTheFieldCanFail(t *testing.T) {
	store := t.TempDir()
	file := filepath.Join(store, "precious")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	before := Snap(t, store)
	before.AssertNothingDeleted(t)
	os.Remove(file)
	failed := &recorder{TB: t}
	before.AssertNothingDeleted(failed)
	AssertMounted(failed, store)
	AssertNoGrowth(failed, 5, func() {
		c := exec.Command("sleep", "60")
		if c.Start() == nil {
			t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
		}
	})
	if failed.errors != 3 {
		t.Errorf("%d of 3 assertions failed as they should", failed.errors)
	}
	AssertNotMounted(t, store)
	AssertNoOrphan(t, store)
	AssertNobodyInD(t, 10*time.Second, os.Getpid())
}

type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Errorf(string, ...any) { r.errors++ }
