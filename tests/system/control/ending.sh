#!/usr/bin/env bash
# SIGTERM, SIGINT, SIGHUP, the lifeline and POST /stop, in several orders, with a drain under way and a store that is not in memory: the daemon
# ends, nothing is left, and what did not reach the store is named, in the log and by the exit code.
# shellcheck source=tests/system/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
drainfs=$(dirname "$drainctl")/drainfs
dir=$(new_dir d) store=$(new_dir s) socket=$here/d.sock log=$here/log
on_disk=$(stat -f -c %T "$store")

start() { # a daemon of our own with a lifeline on descriptor 7; its pid is $pid
    rm -f "$log" "$store"/*
    mkfifo "$here/line"
    "$drainfs" --socket "$socket" --linger 0 --log "$log" --lifeline 6 6<"$here/line" 7>&- &
    pid=$!
    exec 7>"$here/line"
    rm "$here/line"
    soon '[ -S "$socket" ] && api GET /health >/dev/null'
}
api() { curl -sS --max-time 30 --unix-socket "$socket" -X "$1" "http://d$2" ${3:+-d "$3"}; }

# ended CODE LIMIT_MS: the daemon ends with this code within the time; nothing is left.
ended() {
    local began code
    began=$(now_ms)
    wait $pid
    code=$?
    [ $(($(now_ms) - began)) -lt "$2" ] || fail "it took $(($(now_ms) - began)) ms to end: $(cat "$log")"
    [ "$code" = "$1" ] || fail "exit code $code, not $1: $(tail -n 20 "$log")"
    exec 7>&-
    [ "$(ours "$dir")" = 0 ] || fail "a mount is left"
    [ ! -e "$socket" ] && [ ! -e "$here/d.state" ] || fail "the socket or the record is left"
}

# What is under way: a drain of 40 s on a store with 8 MB just written and not synced.
busy_drain() {
    api POST /mounts "{\"dir\":\"$dir\",\"store\":\"$store\",\"umount_delay_ms\":40000,\"device\":{\"bandwidth_bytes_per_s\":${1:-0}}}" >/dev/null
    head -c 8M /dev/urandom >"$dir/file" || fail "write"
    sum=$(cksum <"$dir/file")
    umount -l "$dir" &
    soon 'api GET /mounts/1 | grep -q "\"drain_begins\":[0-9]\|\"state\":\"dying\""'
}

send() {
    case $1 in
        lifeline) exec 7>&- ;;
        stop) api POST /stop '{"timeout_ms":60000}' >"$here/stop" & stop=$! ;;
        *) kill "-$1" $pid ;;
    esac
    # Signals of one kind that come at once are one: an answer says that the loop has heard it, unless the daemon has ended.
    [ "$1" != stop ] || soon 'grep -q "unmounting" "$log"'
    api GET /waiting >/dev/null 2>&1 || true
}

for order in "TERM TERM" "INT TERM" "HUP TERM INT" "lifeline INT INT" "stop TERM TERM" "HUP HUP lifeline TERM TERM" "TERM stop INT"; do
    start
    busy_drain
    for what in $order; do send "$what"; done
    ended 1 6000  # a drain was cut short: not 0
    [ "$(cksum <"$store/file")" = "$sum" ] || fail "$order: the store does not have what was written"
    grep -q "no drain is waited for" "$log" || fail "$order: nothing in the log"
    grep -q "lost:" "$log" && fail "$order: said to be lost: $(grep lost: "$log")"
    grep -q "assertion" "$log" && fail "$order: $(grep assertion "$log")"
    wait "${stop:-$$}" 2>/dev/null
done

# A store that is too slow for the limit: what is lost is named, and the answer to the stop says so as well.
if [ "$on_disk" != tmpfs ]; then
    start
    busy_drain 500000
    send stop
    send TERM
    send TERM
    ended 1 8000
    grep -q "lost: .* bytes of $dir" "$log" || fail "what was lost is not in the log: $(cat "$log")"
    wait $stop
    grep -q '"lost":\[{' "$here/stop" || fail "what was lost is not in the answer: $(cat "$here/stop")"
    [ "$(cksum <"$store/file")" = "$sum" ] && fail "nothing was lost, and it was said to be"
fi

# One signal lets the drains finish; SIGHUP beside it does not hurry.
start
api POST /mounts "{\"dir\":\"$dir\",\"store\":\"$store\",\"umount_delay_ms\":1500}" >/dev/null
head -c 1M /dev/urandom >"$dir/file"
began=$(now_ms)
kill -TERM $pid
kill -HUP $pid
ended 0 8000
[ $(($(now_ms) - began)) -ge 1400 ] || fail "the drain was cut short"

# A file that is held by somebody: detached, written, its holder hears of it.
start
api POST /mounts "{\"dir\":\"$dir\",\"store\":\"$store\"}" >/dev/null
exec 9<>"$dir/held"
head -c 3M /dev/urandom >&9
kill -TERM $pid
ended 1 7000
[ "$(stat -c %s "$store/held")" = 3145728 ] || fail "a held file is cut"
exec 9>&-
exit 0
