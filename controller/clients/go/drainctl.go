package drainlab

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// Exit codes of drainctl that a test may care about.
const (
	ExitUsage     = 2
	ExitCannotRun = 4
	ExitBusy      = 16
	ExitTimedOut  = 124
)

// ExitError is a drainctl that did not exit with 0.
type ExitError struct {
	Command string
	Code    int
	Said    string // its standard error
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("%s: exit %d: %s", e.Command, e.Code, strings.TrimSpace(e.Said))
}

func program() string {
	if p := os.Getenv("DRAINCTL"); p != "" {
		return p
	}
	return "drainctl"
}

// drainctl runs one command to its end and returns what it printed. Variables of a surrounding run are not inherited.
func drainctl(socket string, arguments ...string) (string, error) {
	command := exec.Command(program(), arguments...)
	command.Env = cleanEnvironment(socket)
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	err := command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return out.String(), &ExitError{"drainctl " + strings.Join(arguments, " "), exit.ExitCode(), said.String()}
	}
	return out.String(), err
}

func cleanEnvironment(socket string) []string {
	var kept []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "DRAINLAB_") || strings.HasPrefix(v, "DRAINLAB_DATA_DIR=") {
			kept = append(kept, v)
		}
	}
	if socket != "" {
		kept = append(kept, "DRAINLAB_SOCKET="+socket)
	}
	return kept
}

// SkipUnlessAble skips the test, with doctor's reasons, where drainlab cannot run.
func SkipUnlessAble(t testing.TB) {
	t.Helper()
	out, err := drainctl("", "doctor")
	if err == nil {
		return
	}
	var exit *ExitError
	if !errors.As(err, &exit) {
		t.Skipf("drainlab is not installed: %v", err)
	}
	var reasons []string
	for _, line := range strings.Split(out, "\n") {
		if strings.HasPrefix(line, "fail") {
			reasons = append(reasons, strings.TrimSpace(line))
		}
	}
	t.Skipf("drainlab cannot run here: %s", strings.Join(reasons, "; "))
}

// diesWithUs makes the kernel end a child with the thread that started it: that thread must stay, see holder.run.
func diesWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
