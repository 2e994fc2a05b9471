package drainlab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

const interruption = syscall.SIGTERM

// Call asks the daemon's control API (docs/api.md) and decodes its answer into `into` (may be nil).
func (m *MountPoint) Call(method, path string, body, into any) error {
	var text io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		text = bytes.NewReader(b)
	}
	request, err := http.NewRequest(method, "http://drainfs"+path, text)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", m.Socket)
		},
	}}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 400 {
		return apiError(method+" "+path, answer.StatusCode, said)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(said, into)
}

// APIError is an answer of the daemon that says no. 408 and 409 name who holds the mount.
type APIError struct {
	Request string
	Status  int
	Code    string // busy, timed_out, not_found, ...
	Message string
	Holders []Holder
}

func (e *APIError) Error() string {
	text := fmt.Sprintf("%s: %d: %s", e.Request, e.Status, e.Message)
	for _, h := range e.Holders {
		text += "; held by " + h.String()
	}
	return text
}

func apiError(request string, status int, said []byte) error {
	var body struct {
		Error   struct{ Code, Message string }
		Holders []Holder
	}
	if json.Unmarshal(said, &body) != nil || body.Error.Message == "" {
		body.Error.Message = string(bytes.TrimSpace(said))
	}
	return &APIError{request, status, body.Error.Code, body.Error.Message, body.Holders}
}

// Holder is what keeps a mount: a process that has it open, a copy of it elsewhere, ...
type Holder struct {
	Pid          int // 0: no process
	Comm         string
	Kind         string // fd, cwd, mmap, bind, namespace, ...
	Path         string
	BlocksUmount bool `json:"blocks_umount"` // false: it keeps the superblock alive only
}

func (h Holder) String() string {
	return fmt.Sprintf("pid %d (%s): %s %s", h.Pid, h.Comm, h.Kind, h.Path)
}

// Holders tells who holds the mount now, also after its name has gone.
func (m *MountPoint) Holders() []Holder {
	m.t.Helper()
	var why struct{ Holders []Holder }
	if err := m.Call(http.MethodGet, "/mounts/"+strconv.Itoa(m.ID)+"/why", nil, &why); err != nil {
		m.t.Fatal(err)
	}
	return why.Holders
}

// Rule makes operations slow, fail, hang, write their beginning only or drop their fsync. The zero value, and one that says nothing of what is
// to happen, fails any operation with EIO.
type Rule struct {
	Name        string        // default made up; for ReleaseFaults
	Op          string        // open, write, fsync, getattr, ...; default any that has a caller
	Path        string        // glob from the mount's root; default *
	Errno       string        // after Delay or Hang, if given
	Delay       time.Duration // at most a minute
	Hang        bool          // until ReleaseFaults, a signal, or Limit
	Limit       time.Duration // default 30 s, at most a minute
	Torn        bool          // only TornBytes of a write reach the file
	TornBytes   int64
	DropFsync   bool    // says done, and does nothing
	Probability float64 // 0 is taken for 1
	Seed        uint64  // the same seed strikes the same operations
	Times       uint64  // 0: no bound
	After       uint64  // so many pass first
	Pid         int     // only of this process
}

func (r Rule) body() map[string]any {
	body := map[string]any{}
	put := func(key string, value any, given bool) {
		if given {
			body[key] = value
		}
	}
	nothing := r.Delay == 0 && !r.Hang && !r.Torn && !r.DropFsync && r.Errno == ""
	put("errno", "EIO", nothing)
	put("name", r.Name, r.Name != "")
	put("op", r.Op, r.Op != "")
	put("path", r.Path, r.Path != "")
	put("errno", r.Errno, r.Errno != "")
	put("delay_us", r.Delay.Microseconds(), r.Delay > 0)
	put("hang", true, r.Hang)
	put("limit_ms", r.Limit.Milliseconds(), r.Limit > 0)
	put("torn_write", r.TornBytes, r.Torn)
	put("drop_fsync", true, r.DropFsync)
	put("probability", r.Probability, r.Probability != 0)
	put("seed", r.Seed, r.Seed != 0)
	put("times", r.Times, r.Times != 0)
	put("after", r.After, r.After != 0)
	put("pid", r.Pid, r.Pid != 0)
	return body
}

// Fault replaces the rules in force; without a rule everything works again, and what hangs goes on.
func (m *MountPoint) Fault(rules ...Rule) {
	m.t.Helper()
	target := "/mounts/" + strconv.Itoa(m.ID) + "/faults"
	if err := m.Call(http.MethodDelete, target, nil, nil); err != nil {
		m.t.Fatal(err)
	}
	for _, r := range rules {
		if err := m.Call(http.MethodPost, target, r.body(), nil); err != nil {
			m.t.Fatal(err)
		}
	}
}

// ReleaseFaults lets go of what hangs under the rule of that name, or under any. It returns how many operations that were.
func (m *MountPoint) ReleaseFaults(name string) int {
	m.t.Helper()
	var answer struct{ Released int }
	body := map[string]any{}
	if name != "" {
		body["name"] = name
	}
	if err := m.Call(http.MethodPost, "/mounts/"+strconv.Itoa(m.ID)+"/faults/release", body, &answer); err != nil {
		m.t.Fatal(err)
	}
	return answer.Released
}

// PowerCut drops what was written and not synced, of a mount made with LoseUnsynced. It returns how many bytes. Data only: names stay.
func (m *MountPoint) PowerCut() int64 {
	m.t.Helper()
	var cut struct {
		Dropped int64 `json:"dropped_bytes"`
	}
	if err := m.Call(http.MethodPost, "/mounts/"+strconv.Itoa(m.ID)+"/power_cut", nil, &cut); err != nil {
		m.t.Fatal(err)
	}
	return cut.Dropped
}

// State is what the daemon says of the mount: live, detached, dying, dead or gone.
func (m *MountPoint) State() (string, error) {
	var mount struct{ State string }
	err := m.Call(http.MethodGet, "/mounts/"+strconv.Itoa(m.ID), nil, &mount)
	return mount.State, err
}
