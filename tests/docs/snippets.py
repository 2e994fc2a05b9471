#!/usr/bin/env python3
"""Every snippet of the pages for strangers is run, or is named here with the test that runs it: snippets.py SOURCE_DIR DRAINCTL

Lines of shell run one by one, Go and Python as tests of a driver of ours. A line that is not known here fails: who adds one says what runs it.
Exit 77: cannot run here.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

source, drainctl = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
clients = source + "/controller/clients"
PAGES = ["README.md", "docs/use-in-your-tests.md", "docs/testing-your-driver.md"]
# Too long, or not for a test beside others; what runs them instead. A name of a test has to be one.
ELSEWHERE = {
    "scripts/demo": ".ci/run",
    "scripts/test": ".ci/run",
    "drainctl race --policy race,rmbarrier,persb": "sim_race",
    "drainctl race --namespace-policy all": "sim_race",
    "drainctl race --mutants": "sim_race",
    "drainctl bench --save-baseline baseline.json": "system_results_baseline",
    "drainctl bench --baseline baseline.json --json now.json": "system_results_baseline",
    "drainctl report now.json --html report.html --export result.xml": "system_results_formats",
    "mount -t fuse.drainfs vol /mnt/vol -o umount_delay=30s,store=/srv/vol": "system_cli_mount8",
    "umount -l /mnt/vol && drainctl wait vol --state dead --timeout 60s": "system_cli_mount8",
    "drainctl why /mnt/vol": "system_cli_why",
    "apt-get install -y ./drainlab_*_amd64.deb golang-go python3-pytest": "tests/system/package/try",
    'curl --unix-socket "$DRAINLAB_SOCKET" http://drainfs/mounts': "system_control_openapi",
}
# Those that are to find something.
EXIT = {
    "drainctl bench --policy base --scenario container_exit --widen isw_prepared=2ms": 1,
    "drainctl race --policy base --world offline_one": 1,
}
FIRST_LINES_ELSEWHERE = {"jobs:": ".ci/run", "[Unit]": "system_cli_mount8"}  # blocks in other languages
ran = elsewhere = 0


def fail(text):
    sys.exit("FAILED: " + text)


def is_a_test(name):
    texts = subprocess.run(["grep", "-rhoE", "NAME [a-z_]+(\\$\\{[a-z]+\\})?|foreach\\(.*", source + "/tests", "--include=CMakeLists.txt"],
                           capture_output=True, text=True, check=True).stdout
    if "NAME " + name + "\n" in texts:
        return True
    stem, _, last = name.rpartition("_")
    return "NAME " + stem + "_${name}" in texts and re.search(r"foreach\(name[^)]*\b" + last + r"\b", texts) is not None


def shell(words, where, want=0):
    global ran
    ran += 1
    done = subprocess.run(words, cwd=where, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    if done.returncode != want:
        fail("exit %d of: %s\n%s" % (done.returncode, words[-1], done.stdout))
    return done.stdout


def commands(block):
    """Its lines without comments; those that go on are one."""
    out = []
    for line in block.splitlines():
        line = re.sub(r"(^|\s+)#.*$", "", line) if "'" not in line.split("#")[-1] else line
        if not line.strip():
            continue
        if out and (out[-1].count("'") % 2 or out[-1].endswith("\\")):
            out[-1] += "\n" + line
        else:
            out.append(line)
    return out


def run_shell(block, where):
    global elsewhere
    here = []
    for line in commands(block):
        if line.strip() in ELSEWHERE:
            elsewhere += 1
        elif line.strip() in EXIT:
            shell(["sh", "-c", line], where, EXIT[line.strip()])
        elif not line.startswith("export PATH"):
            here.append(line)
    if here:
        text = "\n".join(here).replace("/usr/share/drainlab/clients", clients)
        shell(["sh", "-eu", "-c", text], where)


def run_file(name, body, how, where):
    """A whole file, and the commands that the page gives behind it."""
    with open(where + "/" + name, "w") as out:
        out.write(body)
    environment.update(GOCACHE=where + "/cache", GOPROXY="off")
    how = "\n".join(commands(how)).replace("/usr/share/drainlab/clients", clients).replace("python3 -m", "/usr/bin/python3 -B -m")
    said = shell(["sh", "-eu", "-c", how], where)
    if said.lower().count("skip") or said.count("PASS") < 3:
        fail("not three tests passed:\n" + said)


def run_go(blocks, where):
    body = "\n".join(b for b in blocks).replace("// go.mod:", "//")
    with open(where + "/go.mod", "w") as out:
        out.write("module stranger\n\ngo 1.19\n\nrequire drainlab v0.0.0\n\nreplace drainlab => %s/go\n" % clients)
    with open(where + "/teardown_test.go", "w") as out:
        out.write('package stranger\n\nimport (\n\t"os/exec"\n\t"testing"\n\t"time"\n\n\t"drainlab"\n)\n\n'
                  'func unpublish(dir string) error { return exec.Command("umount", dir).Run() }\n\n' + body)
    environment.update(GOCACHE=where + "/cache", GOFLAGS="-mod=mod", GOPROXY="off")
    shell(["go", "test", "-count=1", "./..."], where)


def run_python(blocks, where):
    with open(where + "/test_teardown.py", "w") as out:
        out.write("import subprocess\n\nimport drainlab\nimport pytest\n\n\ndef unpublish(directory):\n"
                  "    subprocess.run(['umount', directory], check=True)\n\n\n" + "\n\n\n".join(blocks))
    environment["PYTHONPATH"] = clients + "/python"
    said = shell(["/usr/bin/python3", "-m", "pytest", "-p", "drainlab.pytest_plugin", "-p", "no:cacheprovider", "-q", "-rs", where], where)
    if "skipped" in said:
        fail("pytest skipped:\n" + said)


environment = {k: v for k, v in os.environ.items() if not k.startswith("DRAINLAB_")}
environment["PATH"] = os.path.dirname(drainctl) + ":" + environment["PATH"]
if subprocess.run([drainctl, "doctor", "--quiet"], check=False).returncode:
    print("cannot run here: drainctl doctor says why")
    sys.exit(77)
for test in set(ELSEWHERE.values()) | set(FIRST_LINES_ELSEWHERE.values()):
    if not (os.path.exists(source + "/" + test) or is_a_test(test)):
        fail("no such test: " + test)
with tempfile.TemporaryDirectory() as scratch:
    environment.update(XDG_RUNTIME_DIR=scratch + "/run", XDG_STATE_HOME=scratch + "/state", dir=scratch + "/dir")
    for name in ("run", "dir", "go", "python", "shell"):
        os.mkdir(scratch + "/" + name, 0o700)
    for name, text in (("my-teardown-test.sh", 'umount "$DRAINLAB_DIR"'), ("teardown", 'umount "$1"')):
        with open(scratch + "/shell/" + name, "w") as out:
            out.write("#!/bin/sh\nexec " + text + "\n")
        os.chmod(scratch + "/shell/" + name, 0o755)
    go, python = {}, {}
    for page in PAGES:
        with open(source + "/" + page, encoding="utf-8") as file:
            blocks = re.findall(r"^```(\w+)\n(.*?)^```$", file.read(), re.M | re.S)
        whole = None
        for kind, body in blocks:
            if whole:
                where = scratch + "/" + whole[0] + ".d"
                os.mkdir(where)
                if kind != "sh":
                    fail("nobody says how to run %s in %s" % (whole[0], page))
                if shutil.which("go") or not whole[0].endswith(".go"):
                    run_file(whole[0], whole[1], body, where)
                whole = None
            elif body.startswith(("package ", "import ")):
                whole = ("teardown_test.go" if kind == "go" else "test_teardown.py", body)
            elif body.split("\n")[0] in FIRST_LINES_ELSEWHERE:
                elsewhere += 1
            elif kind == "sh":
                if "unshare -m " in body and os.getuid() != 0:
                    continue
                run_shell(body, scratch + "/shell")
            elif kind == "go":
                go.setdefault(page, []).append(body)
            elif kind == "python":
                python.setdefault(page, []).append(body)
            else:
                fail("nobody runs a block of %s in %s:\n%s" % (kind, page, body))
    for number, blocks in enumerate(go.values()):
        if shutil.which("go"):
            os.makedirs(scratch + "/go/%d" % number)
            run_go(blocks, scratch + "/go/%d" % number)
    for number, blocks in enumerate(python.values()):
        os.makedirs(scratch + "/python/%d" % number)
        run_python(blocks, scratch + "/python/%d" % number)
    subprocess.run([drainctl, "stop"], env=environment, capture_output=True, check=False)
print("%d snippets run here, %d by other tests" % (ran, elsewhere))
if ran < 6:
    fail("the pages have lost their snippets")
