#!/usr/bin/env bash
# What a container engine does with a volume on a drainfs whose unmount is slow, that is busy, or whose daemon is dead:
#   engines.sh DRAINCTL podman|runc|crun|bwrap|systemd-nspawn
# Prints what removing the container took and left, case by case. Exit 77: that engine, or what it needs, is not here.
set -u
drainctl=$(readlink -f "$1") engine=$2
skip() { echo "cannot run here: $*"; [ -z "${short:-}" ] || rm -rf --one-file-system "$work" "$short"; exit 77; }
fail() { echo "FAILED: $engine, $case: $*" >&2; cat "$work/said" 2>/dev/null >&2; exit 1; }
[ "$(id -u)" = 0 ] || skip "root is needed"
command -v "$engine" >/dev/null || skip "no $engine (scripts/setup engines)"
[ -n "${ENGINES_INSIDE:-}" ] || exec env ENGINES_INSIDE=1 unshare -m --propagation private bash "$0" "$@"
for name in ${!DRAINLAB_@}; do unset "$name"; done
case=begin
work=$(mktemp -d)
export XDG_RUNTIME_DIR=$work/run
mkdir -m 0700 "$work/run"
short=$(mktemp -d /tmp/dl-XXXXXX)  # podman: a runroot has at most 50 characters
vol=$work/vol root=$work/root
mkdir -p "$vol" "$root"/{bin,proc,dev,sys,tmp,etc,data,usr}
"$drainctl" doctor --quiet || skip "$("$drainctl" doctor | grep '^fail')"

# A root file system of this machine's own shell, sleep and cat.
for program in /bin/sh /bin/sleep /bin/cat; do
    cp -L "$program" "$root/bin/"
    ldd "$program" | grep -oE '/[^ )]+' | while read -r library; do
        mkdir -p "$root$(dirname "$library")" && cp -Ln "$library" "$root$library"
    done
done

podman_() { podman --root "$work/podman" --runroot "$short/run" --tmpdir "$short/tmp" --cgroup-manager cgroupfs --events-backend none "$@"; }
spec() { # a bundle of the OCI runtime
    mkdir -p "$work/bundle"
    (cd "$work/bundle" && rm -f config.json && "$engine" spec) || skip "$engine spec"
    python3 - "$work/bundle/config.json" "$root" "$vol" <<'P'
import json, sys
path, root, vol = sys.argv[1:]
c = json.load(open(path))
c["process"].update(terminal=False, args=["/bin/sh", "-c", "exec 3</data/file; exec sleep 600"])
c["root"] = {"path": root, "readonly": False}
c["mounts"] = [m for m in c["mounts"] if m["destination"] in ("/proc", "/dev")] + [
    {"destination": "/data", "type": "bind", "source": vol, "options": ["rbind", "rw", "rprivate"]}]
c["linux"].pop("resources", None)
c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] in ("mount", "pid", "ipc", "uts")]
json.dump(c, open(path, "w"))
P
}

# start: the container runs and has /data/file open. remove: the engine's own way; its exit code counts. there: it still knows it.
name=drainlab-$$ manager=()
[ "$engine" != crun ] || manager=(--cgroup-manager=disabled)
# crun, which podman uses, knows no hybrid hierarchy: hidden, in this namespace alone.
case $engine in crun | podman) [ ! -d /sys/fs/cgroup/unified ] || mount -t tmpfs none /sys/fs/cgroup/unified ;; esac
case $engine in
    podman)
        start() {
            podman_ run -d --name "$name" --cgroups=disabled --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network none --security-opt seccomp=unconfined -v "$vol:/data" \
                --rootfs "$root" /bin/sh -c 'exec 3</data/file; exec sleep 600' >"$work/said" 2>&1
        }
        remove() { podman_ rm -f -t 1 "$name"; }
        there() { podman_ container exists "$name"; }
        tidy() { podman_ rm -f -a -t 0; umount -l "$work/podman/overlay"; } ;;
    runc | crun)
        start() { spec; "$engine" --root "$work/state" "${manager[@]}" run -d --bundle "$work/bundle" "$name" </dev/null >"$work/said" 2>&1; }
        remove() { "$engine" --root "$work/state" delete -f "$name"; }
        there() { "$engine" --root "$work/state" state "$name"; }
        tidy() { "$engine" --root "$work/state" delete -f "$name"; } ;;
    bwrap)
        start() {
            bwrap --die-with-parent --unshare-pid --bind "$root" / --proc /proc --dev /dev --bind "$vol" /data \
                /bin/sh -c 'exec 3</data/file; exec sleep 600' >"$work/said" 2>&1 &
            container=$!
        }
        remove() { kill -KILL "$container" && { wait "$container"; true; } 2>/dev/null; }
        there() { kill -0 "$container"; }
        tidy() { kill -KILL "${container:-0}"; } ;;
    systemd-nspawn)
        # Without a running systemd it neither registers nor makes a unit. What it leaves in /run and in its cgroup goes with ours.
        [ ! -d /run/systemd ] || mount -t tmpfs none /run/systemd || skip "no tmpfs over /run/systemd"
        echo "ID=drainlab" >"$root/etc/os-release"
        houses=()
        for h in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
            [ ! -e "$h/cgroup.procs" ] || { mkdir "$h/$name" && houses+=("$h/$name"); }
        done
        start() {
            (for h in "${houses[@]}"; do echo "$BASHPID" >"$h/cgroup.procs"; done
             exec systemd-nspawn -q --register=no --keep-unit --as-pid2 -D "$root" --bind="$vol:/data" \
                 /bin/sh -c 'exec 3</data/file; exec sleep 600' </dev/null >"$work/said" 2>&1) &
            container=$!
        }
        remove() { kill "$container" && while kill -0 "$container" 2>/dev/null; do sleep 0.01; done; }
        there() { kill -0 "$container"; }
        tidy() {
            kill -KILL "${container:-0}"
            [ "${#houses[@]}" -gt 0 ] || return
            for _ in 1 2 3 4 5; do find "${houses[@]}" -depth -type d -exec rmdir {} + && break; sleep 0.2; done
        } ;;
    *) skip "no way with $engine is known" ;;
esac
trap '{ tidy; kill -CONT $(cat "$work/daemon"); "$drainctl" umount "$vol" --lazy; "$drainctl" stop; "$drainctl" clean; umount -l "$vol"; } >/dev/null 2>&1; rm -rf --one-file-system "$work" "$short"' EXIT

now_ms() { date +%s%3N; }
soon() { for _ in $(seq 300); do eval "$*" >/dev/null 2>&1 && return; sleep 0.05; done; fail "not within 15 s: $*"; }
state() { "$drainctl" status --json | python3 -c 'import json, sys; print([m["state"] for m in json.load(sys.stdin)["mounts"]][-1])'; }
mounted() { awk -v d="$vol" '$5 == d {n++} END {print n + 0}' /proc/self/mountinfo; }
open_in_container() { for fd in /proc/[0-9]*/fd/3; do [ "$(readlink "$fd" 2>/dev/null)" = /data/file ] && return; done; false; }
nobody_in_d() { ! awk '$1 == "State:" && $2 == "D" {print FILENAME; found = 1} END {exit !found}' /proc/[0-9]*/status 2>/dev/null | grep -q .; }
begin() {
    case=$1
    "$drainctl" mount "$vol" --linger 0 --umount-delay "$2" --profile zero >"$work/said" 2>&1 || fail "mount"
    "$drainctl" status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["daemon"]["pid"])' >"$work/daemon" 2>/dev/null
    echo hello >"$vol/file"
    start || skip "$engine does not start a container here: $(tail -n 3 "$work/said" | tr '\n' ' ')"
    soon open_in_container
}
removed() {
    local before code
    before=$(now_ms)
    timeout 60 bash -c "$(declare -f remove podman_); engine=$engine work=$work short=$short name=$name container=${container:-} vol=$vol; remove" >"$work/said" 2>&1
    code=$?
    echo "$engine, $case: removing the container: exit $code, $(($(now_ms) - before)) ms, volume $1"
    [ "$code" = 0 ] || fail "it exits $code"
    soon '! there'
}

# Slow: the host's name goes first; the container's copy keeps the superblock, and whoever removes it does not wait for ever.
begin slow 1s
umount "$vol" || fail "umount on the host"
same=$(state)
[ "$same" = detached ] || fail "the volume is $same while the container has it"
removed "$(mounted) in the table"
"$drainctl" wait "$vol" --state dead --timeout 20s >/dev/null || fail "not dead after the container"
"$drainctl" stop >/dev/null

# Busy: somebody on the host holds it; removing the container works all the same, the unmount fails and changes nothing.
begin busy 0s
holder=$("$drainctl" hold "$vol" --by fd --for 1m --detach) || fail "hold"
umount "$vol" 2>/dev/null && fail "a busy volume was unmounted"
removed "$(mounted) in the table"
[ "$(cat "$vol/file")" = hello ] || fail "the volume lost what it had"
kill "$holder"
soon 'umount "$vol"'
"$drainctl" stop >/dev/null

# Dead: the daemon is killed under the container; removing works, what is left is one dead name, and that goes.
begin dead 1s
kill -KILL "$(cat "$work/daemon")"
soon '! cat "$vol/file"'
removed "$(mounted) in the table"
[ "$(mounted)" = 1 ] || fail "$(mounted) names are left"
umount "$vol" || fail "umount of the dead volume"
[ "$(mounted)" = 0 ] || fail "still mounted"
"$drainctl" clean >/dev/null
soon nobody_in_d
echo "$engine: all of it holds"
