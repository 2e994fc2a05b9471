"""Shared by the tests of results: runs drainctl, fails loudly, knows what cannot run here."""
import json
import os
import subprocess
import sys
import tempfile

DRAINCTL = os.path.abspath(sys.argv[1])
SOURCE = os.path.abspath(sys.argv[2])
HERE = tempfile.mkdtemp(prefix="drainlab-results-")
for name in [n for n in os.environ if n.startswith("DRAINLAB_")]:
    del os.environ[name]
os.environ["XDG_STATE_HOME"] = os.path.join(HERE, "state")


def skip(why):
    print("cannot run here, because " + why)
    sys.exit(77)


def need(condition, what):
    if not condition:
        print("FAILED: " + what, file=sys.stderr)
        sys.exit(1)


def path(name):
    return os.path.join(HERE, name)


def run(*words, code=0):
    """Standard output of drainctl, which must end with `code` (or one of several)."""
    done = subprocess.run([DRAINCTL, *words], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=False)
    wanted = code if isinstance(code, tuple) else (code,)
    need(done.returncode in wanted, f"drainctl {' '.join(words)}: exit {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}")
    run.err = done.stderr
    return done.stdout


def load(name):
    with open(path(name), encoding="utf-8") as file:
        return json.load(file)


def can_mount():
    return subprocess.run([DRAINCTL, "doctor", "--quiet"], capture_output=True, check=False).returncode == 0
