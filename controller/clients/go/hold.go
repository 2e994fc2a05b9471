package drainlab

import (
	"bufio"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"
)

// HoldBusy holds the mount in one of the ways of `drainctl hold --by` (fd, cwd, root, mmap, child, namespace, bind, nested, unix-socket,
// ...), verified, until release is called or the test ends.
func (m *MountPoint) HoldBusy(kind string) (release func()) {
	m.t.Helper()
	command := exec.Command(program(), "hold", m.Dir, "--by", kind, "--for", "1h")
	command.Env = cleanEnvironment(m.Socket)
	command.SysProcAttr = diesWithUs()
	out, err := command.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	var said strings.Builder
	command.Stderr = &said
	started, ended := make(chan error, 1), make(chan struct{})
	held := make(chan bool, 1)
	go func() {
		runtime.LockOSThread() // the child dies with this thread, so the thread stays as long as the child
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			lines := bufio.NewScanner(out)
			for first := true; lines.Scan(); first = false {
				if first {
					held <- strings.HasPrefix(lines.Text(), "held")
				}
			}
			_ = command.Wait()
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		m.t.Fatal(err)
	}
	var once sync.Once
	release = func() {
		once.Do(func() {
			_ = command.Process.Signal(interruption)
			<-ended
		})
	}
	select {
	case ok := <-held:
		if ok {
			m.t.Cleanup(release)
			return release
		}
		release()
	case <-ended:
	case <-time.After(30 * time.Second):
		release()
	}
	m.t.Fatalf("drainctl hold --by %s did not hold: %s", kind, said.String())
	return nil
}
