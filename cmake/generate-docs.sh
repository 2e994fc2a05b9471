# generate-docs.sh REFERENCE DRAINFS DIR: man pages into DIR/man, completions and options.md into DIR.
set -eu
reference=$1 drainfs=$2 out=$3
DRAINLAB_DATA_DIR=$(dirname "$0")/../workloads "$reference" all "$out"
mv "$out"/*.1 "$out/man/"
"$drainfs" --help | "$reference" help drainfs "hosts FUSE mounts on a mimicked kernel" "$out/man/drainfs.1"
programs=$(dirname "$drainfs")
page() { "$programs/$1" --help </dev/null 2>&1 | "$reference" help "$1" "$2" "$out/man/$1.1"; }
page drainfs-gate "makes unmounts of a drainfs wait for its daemon"
page drainlab-burner "writes to a file from one fresh cgroup after the other"
page drainlab-container "dirties files from a cgroup and removes it"
page drainlab-dd-burner "writes to a file with dd, each from a fresh cgroup"
printf '%s\n' 'usage: mount -t fuse.drainfs NAME DIR [-o OPTION[,OPTION...]]' \
    'Called by mount(8), for fstab and systemd too. OPTION is a long option of drainctl-mount(1) with _ for -, like umount_delay=30s,' \
    'lose_unsynced or store="/a,b" (a value with a comma in double quotes), or one of ro, nosuid, nodev, noexec, noatime, sync, ...' \
    'NAME becomes the name of the mount. remount changes ro, rw and the like.' |
    "$reference" help mount.fuse.drainfs "mounts a drainfs" "$out/man/mount.fuse.drainfs.8"
sed -i '/^\.TH/s/ 1 / 8 /' "$out/man/mount.fuse.drainfs.8"
gzip -9nf "$out"/man/*.[18]
# Debian wants one in its own form; what changed is in CHANGELOG.md beside it.
printf 'drainlab (%s) unstable; urgency=low\n\n  * See CHANGELOG.md.\n\n -- %s  Thu, 01 Jan 2026 00:00:00 +0000\n' \
    "$("$drainfs" --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)" "drainlab maintainers <maintainers@drainlab.example>" |
    gzip -9n >"$out/changelog.gz"
