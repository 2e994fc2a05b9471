# Sourced: apt as an ordinary user, in a folder of its own. Nothing of the machine's is read but its mirrors, keys and
# proxies, and nothing of it is changed.
#
#   cache                    where everything goes: DRAINLAB_LAB_CACHE, else the user's cache folder
#   apt_private_setup        writes the sources of the Debian suites that the lab draws from, and fetches their lists
#   room_for DIR MIB WHAT    whether the disk has room
#   apt_private COMMAND...   apt-get or apt-cache with that root
cache=${DRAINLAB_LAB_CACHE:-${XDG_CACHE_HOME:-${HOME:?neither XDG_CACHE_HOME nor HOME is set}/.cache}/drainlab/lab}
mkdir -p "$cache" || { echo "$cache cannot be made" >&2; exit 4; }
cache=$(cd "$cache" && pwd)
apt_root=$cache/apt

# The mirror that this machine already uses: of suites like "bookworm" or, with "security", "bookworm-security".
mirror_of() {
    local want=$1
    apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sort -u |
        awk -v want="$want" '$2 ~ /\/debian(-security)?\/$/ { kind = $2 ~ /-security\/$/ ? "security" : "main"
                              if (kind == want) { print $2; exit } }'
}

# room_for DIR MIB WHAT: or one line that says so, and 4. Asked before apt begins: on a full disk it waits for minutes.
room_for() {
    local free
    free=$(($(df --output=avail -k "$1" | tail -1) / 1024))
    [ "$free" -ge "$2" ] && return
    echo "the disk of $1 is full: $free MiB are free, $3 take $2" >&2
    return 4
}

apt_private_setup() {
    local main=${DRAINLAB_DEBIAN_MIRROR:-$(mirror_of main)} security=${DRAINLAB_DEBIAN_SECURITY_MIRROR:-$(mirror_of security)}
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    if [ -z "$main" ] || [ -z "$security" ]; then
        echo "apt knows no Debian mirror here: set DRAINLAB_DEBIAN_MIRROR and DRAINLAB_DEBIAN_SECURITY_MIRROR" >&2
        return 4
    fi
    [ -r "$keyring" ] || { echo "$keyring is missing: install debian-archive-keyring" >&2; return 4; }
    mkdir -p "$apt_root"/{etc/preferences.d,state/lists/partial,cache/archives/partial,log} || return 4
    {
        local suite
        for suite in bookworm bookworm-updates bookworm-backports trixie-backports; do
            echo "deb [arch=amd64 signed-by=$keyring] $main $suite main"
        done
        echo "deb [arch=amd64 signed-by=$keyring] $security bookworm-security main"
        echo "deb-src [signed-by=$keyring] $main bookworm-backports main"
    } >"$apt_root/etc/sources.list"
    : >"$apt_root/state/status"
    cat >"$apt_root/etc/apt.conf" <<CONF
#clear APT::Update;
#clear DPkg;
#clear APT::Sandbox;
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "";
Dir::Etc "$apt_root/etc";
Dir::Etc::sourcelist "$apt_root/etc/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$apt_root/state";
Dir::State::status "$apt_root/state/status";
Dir::Cache "$apt_root/cache";
Dir::Cache::pkgcache "";
Dir::Log "$apt_root/log";
CONF
    # Lists of the last hour will do: a second call is then quick, and works without a network.
    [ -n "$(find "$apt_root/state/lists" -name '*Packages*' -mmin -60 2>/dev/null)" ] && return 0
    room_for "$apt_root" 48 "the package lists" || return
    apt_private apt-get update -qq || {
        echo "apt could not fetch the package lists into $apt_root$([ "$(df --output=avail -k "$apt_root" | tail -1)" -ge 1024 ] || echo ": its disk is full")" >&2
        return 4
    }
}

apt_private() { "$1" -c "$apt_root/etc/apt.conf" "${@:2}"; }
