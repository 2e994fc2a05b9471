#!/usr/bin/env python3
"""Follows docs/write-your-own-policy.md literally, in a copy of the source tree: writes its cpp blocks to the files they name,
runs its sh blocks, and wants each plain block after one to be in its output. Arguments: source tree, build tree, scratch
directory, cmake options. The copy's build tree lies to it as the build tree does to the source tree: then ccache, which sees
relative paths, finds everything but the new policy compiled already."""
import os
import re
import shutil
import subprocess
import sys


def blocks(text):
    for kind, body in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        yield kind, body


def main():
    source, built, scratch, options = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    root = os.path.commonpath([source, built])
    tree, build = (os.path.normpath(os.path.join(scratch, os.path.relpath(path, root))) for path in (source, built))
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(tree)
    for name in ("CMakeLists.txt", "cmake", "fusefs", "controller", "workloads", "docs", "tests", "README.md", "CHANGELOG.md", "LICENSE"):
        path = os.path.join(source, name)
        (shutil.copytree if os.path.isdir(path) else shutil.copy2)(path, os.path.join(tree, name))
    environment = dict(os.environ, BUILD=build, PATH=os.path.join(build, "bin") + ":" + os.environ["PATH"])
    subprocess.run(["cmake", "-S", tree, "-B", build, "-DDRAINLAB_TESTS=OFF", *options], check=True, stdout=subprocess.DEVNULL)
    output = shown = ""
    steps = 0
    with open(os.path.join(source, "docs", "write-your-own-policy.md")) as page:
        for kind, body in blocks(page.read()):
            steps += 1
            if kind == "cpp":
                file = os.path.join(tree, re.match(r"// file: (\S+)\n", body).group(1))
                os.makedirs(os.path.dirname(file), exist_ok=True)
                with open(file, "w") as out:
                    out.write(body.split("\n", 1)[1])
            elif kind == "sh":
                done = subprocess.run(["sh", "-eux", "-c", body], cwd=tree, env=environment, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                output = done.stdout
                shown += output
                print(output)
                if done.returncode != 0:
                    sys.exit(f"a block of the page ended with {done.returncode}:\n{body}")
            elif body.strip() not in output:
                sys.exit(f"the page promises this, and it did not come:\n{body}")
    shutil.rmtree(scratch)
    if steps < 5:
        sys.exit("the page has lost its blocks")
    if "wait_all~no_smp_mb" not in shown or "calm_lazy~lazy_without_gp" not in shown or shown.count("0 survived") != 2:
        sys.exit("the page did not show the mutants' end")


if __name__ == "__main__":
    main()
