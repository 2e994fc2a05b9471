// Package drainlab gives tests real mounts whose unmounts are slow, busy, lazy or orphaned on demand.
//
// It drives the programs drainctl and drainfs (DRAINCTL names the first; else it is looked for in PATH) and needs nothing but
// the standard library. Every Mount has a daemon of its own, which goes when the test ends, panics, or its process is killed.
//
//	func TestTeardownSurvivesASlowUnmount(t *testing.T) {
//		drainlab.SkipUnlessAble(t)
//		m := drainlab.SlowUnmount(t, 2*time.Second)
//		if err := unpublish(m.Dir); err != nil { // your code
//			t.Fatal(err)
//		}
//		m.WaitDead(10 * time.Second)
//	}
//
// Until a release is published, name the installed copy in go.mod:
//
//	require drainlab v0.0.0
//	replace drainlab => /usr/share/drainlab/clients/go
package drainlab
