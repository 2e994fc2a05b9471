#!/usr/bin/env bash
# umount -f of a busy mount cuts its connection, and drainfs takes the dead name away a moment later: that name, not the next mount
# on the same directory, which has got the same device number.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/../cli/lib.sh"
[ "$(id -u)" = 0 ] || { echo "umount -f needs root"; exit 77; }
d=$(new_dir a)

# The states of a mount that is not gone.
state_of() { "$drainctl" status --json | python3 -c "import json, sys; print(*[m['state'] for m in json.load(sys.stdin)['mounts'] if m['name'] == '$1' and m['state'] != 'gone'])"; }
cut_while_held() {
    exec 8< "$d"
    umount -f "$d" 2> /dev/null && fail "umount -f of a busy mount went through"
    exec 8<&-
}

# Nobody else takes it: drainfs does.
expect 0 mount "$d" --name alone --linger 60s
cut_while_held
soon '[ "$(ours "$d")" = 0 ]'
soon '[ -z "$(state_of alone)" ]'

# We take it ourselves, and mount again within a few milliseconds, so that the daemon does not see the directory bare in between.
unmount_and_mount() { # DIR NAME
    python3 - "$1" "$2" "$(find "$XDG_RUNTIME_DIR/drainlab" -name '*.sock')" <<'END'
import ctypes, json, socket, sys
directory, name, path = sys.argv[1:]
body = json.dumps({"dir": directory, "name": name})
s = socket.socket(socket.AF_UNIX)
s.connect(path)
ctypes.CDLL(None).umount2(directory.encode(), 0)
s.sendall(f"POST /mounts HTTP/1.1\r\nHost: drainfs\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
answer = b"".join(iter(lambda: s.recv(65536), b"")).decode()
sys.exit(0 if " 201 " in answer.splitlines()[0] else answer)
END
}
same_device=0
for i in $(seq 25); do  # elsewhere on the machine others may take the number first: until it came back to us twice
    [ $same_device -lt 2 ] || break
    expect 0 mount "$d" --name first$i
    device=$(stat -c %d "$d")
    cut_while_held
    unmount_and_mount "$d" second$i || fail "the second mount cannot be made"
    [ "$(stat -c %d "$d")" != "$device" ] || same_device=$((same_device + 1))
    echo still > "$d/file"
    soon '[ -z "$(state_of first$i)" ]'
    same "$(state_of second$i)" live
    same "$(ours "$d")" 1
    same "$(cat "$d/file")" still
    umount "$d" || fail "the second mount does not go"
done
