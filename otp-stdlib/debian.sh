# Shared by the fetch scripts: finds packages in Debian's archive, checks them, keeps them.
#
# An archive is asked in the order apt itself would: the signed InRelease names the SHA-256 of
# the index, the index names the SHA-256 of each file, and nothing is unpacked before its sum is
# right. Indexes and files stay in ${XDG_CACHE_HOME:-~/.cache}/oxbeam/debian, so a second call
# (or a fresh clone) needs no network.
#
# Environment: OXBEAM_DEBIAN_MIRROR, OXBEAM_DEBIAN_SECURITY_MIRROR override the machine's apt
# sources; http_proxy and friends are curl's; OXBEAM_ARCH overrides the architecture.
# shellcheck shell=sh

TAB=$(printf '\t')
NL='
'

say() { printf '%s\n' "$*" >&2; }
die() { say "$prog: $*"; exit 1; }

need() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null 2>&1 || die "the program '$tool' is needed and not installed"
    done
}

# The first URI in apt's sources whose path ends in $1 ("debian" or "debian-security").
apt_mirror() {
    { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
        sed -n 's/^[[:space:]]*deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\).*/\2/p'
      cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
        sed -n 's/^URIs:[[:space:]]*//p' | tr ' ' '\n'
    } | sed 's,/*$,,' | grep -E "^https?://.*/$1\$" | head -n 1
}

apt_proxy() {
    command -v apt-config >/dev/null 2>&1 || return 0
    apt-config dump 2>/dev/null | sed -n "s/^Acquire::$1::Proxy \"\\(.*\\)\";\$/\\1/p" | head -n 1
}

deb_setup() {
    need curl awk sed tar sha256sum
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/oxbeam/debian
    mkdir -p "$cache/index" "$cache/pool" || die "cannot write to $cache"
    arch=${OXBEAM_ARCH:-}
    if [ -z "$arch" ]; then
        if command -v dpkg >/dev/null 2>&1; then arch=$(dpkg --print-architecture)
        else
            case $(uname -m) in
                x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; armv7l) arch=armhf ;;
                i?86) arch=i386 ;; ppc64le) arch=ppc64el ;; *) arch=$(uname -m) ;;
            esac
        fi
    fi
    mirrors=${OXBEAM_DEBIAN_MIRROR:-$(apt_mirror debian)}
    mirrors="$mirrors https://deb.debian.org/debian"
    security=${OXBEAM_DEBIAN_SECURITY_MIRROR:-$(apt_mirror debian-security)}
    security="$security https://deb.debian.org/debian-security"
    for scheme in http https; do
        eval "have=\${${scheme}_proxy:-}"
        proxy=$(apt_proxy $scheme)
        if [ -z "$have" ] && [ -n "$proxy" ] && [ "$proxy" != DIRECT ]; then
            export "${scheme}_proxy=$proxy"
        fi
    done
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/oxbeam-fetch.XXXXXX") || die "cannot make a temporary directory"
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 130' INT TERM
}

# download URL FILE: 0 when done, 44 when the server says there is no such file, else 1.
download() {
    code=$(curl -sSL --retry 3 --connect-timeout 20 --speed-time 60 --speed-limit 200 \
        -o "$2.part.$$" -w '%{http_code}' "$1" 2>"$scratch/curl.err")
    status=$?
    if [ $status -eq 0 ] && [ "$code" = 200 ]; then mv "$2.part.$$" "$2"; return 0; fi
    rm -f "$2.part.$$"
    [ $status -eq 0 ] && [ "$code" = 404 ] && return 44
    download_error="$1: $(if [ $status -eq 0 ]; then echo "HTTP status $code"; else cat "$scratch/curl.err"; fi)"
    return 1
}

sum_is() { [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$2" ]; }

# check_signature FILE: a bad signature ends the fetch; without gpgv or a known key, https and
# the mirror are what is trusted.
check_signature() {
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    command -v gpgv >/dev/null 2>&1 && [ -r "$keyring" ] || return 0
    gpgv --status-fd 3 --keyring "$keyring" "$1" 3>"$scratch/gpg" >/dev/null 2>&1
    if grep -q '^\[GNUPG:\] BADSIG' "$scratch/gpg"; then die "the signature of $1 is wrong"; fi
}

# index SUITE PART REFRESH: prints the path of the table for PART (binary-ARCH or source) of
# SUITE's main section, downloading it when it is older than a day or REFRESH is "yes".
# Empty output: the suite does not exist or is empty.
index() {
    dist=$1 part=$2
    table=$cache/index/$dist-$part.tsv
    if [ "$3" != yes ] && [ -n "$(find "$table" -mtime -1 2>/dev/null)" ]; then echo "$table"; return; fi
    case $dist in *-security) bases=$security ;; *) bases=$mirrors ;; esac
    case $part in source) name=Sources ;; *) name=Packages ;; esac
    if command -v xz >/dev/null 2>&1; then ext=xz unpack='xz -dc'; else ext=gz unpack='gzip -dc'; fi
    download_error=
    for base in $bases; do
        download "$base/dists/$dist/InRelease" "$scratch/InRelease" || continue
        check_signature "$scratch/InRelease"
        sum=$(awk -v f="main/$part/$name.$ext" '/^[A-Za-z0-9]+:/{on=($1=="SHA256:")} on&&$3==f{print $1; exit}' \
            "$scratch/InRelease")
        [ -n "$sum" ] || continue
        download "$base/dists/$dist/main/$part/by-hash/SHA256/$sum" "$scratch/index" ||
            download "$base/dists/$dist/main/$part/$name.$ext" "$scratch/index" || continue
        if ! sum_is "$scratch/index" "$sum"; then
            download_error="$base/dists/$dist: the index is not the one that InRelease names (mirror being updated?)"
            continue
        fi
        $unpack "$scratch/index" | "tabulate_$name" "$base" >"$table.part.$$" || die "cannot read $dist's index"
        mv "$table.part.$$" "$table"
        echo "$table"
        return
    done
    if [ -f "$table" ]; then
        [ -z "$download_error" ] || say "$prog: no answer ($download_error); using the index fetched earlier"
        echo "$table"
    elif [ -n "$download_error" ]; then
        die "cannot read the index of Debian's $dist: $download_error"
    fi
}

# One line a package that any script here may want:
#   package version url sha256 source depends
tabulate_Packages() {
    awk -v base="$1" '
        function flush() {
            if (pkg != "" && (pkg ~ /^lib/ || src == "erlang" || src == "elixir-lang" || src == "erlang-proper"))
                printf "%s\t%s\t%s/%s\t%s\t%s\t%s\n", pkg, ver, base, file, sum, src, dep
            pkg = ver = file = sum = src = dep = ""
        }
        /^Package: /  { flush(); pkg = src = $2 }
        /^Source: /   { src = $2 }
        /^Version: /  { ver = $2 }
        /^Filename: / { file = $2 }
        /^SHA256: /   { sum = $2 }
        /^(Pre-)?Depends: / { sub(/^[^:]*: /, ""); dep = (dep == "" ? "" : dep ", ") $0 }
        END { flush() }'
}

# One line a file of a source package:  package version url sha256
tabulate_Sources() {
    awk -v base="$1" '
        function flush(  i) {
            if (pkg == "erlang") for (i = 1; i <= n; i++)
                printf "%s\t%s\t%s/%s/%s\t%s\n", pkg, ver, base, dir, name[i], sum[i]
            pkg = ver = dir = ""; n = 0; on = 0
        }
        /^$/ { flush() }
        /^[A-Za-z0-9-]+:/ { on = ($1 == "Checksums-Sha256:") }
        /^Package: /   { pkg = $2 }
        /^Version: /   { ver = $2 }
        /^Directory: / { dir = $2 }
        on && /^ /     { n++; sum[n] = $1; name[n] = $3 }
        END { flush() }'
}

# tables RELEASE PART REFRESH: the index tables of RELEASE, its updates and security fixes.
tables() {
    for s in "$1" "$1-updates" "$1-security"; do
        index "$s" "$2" "$3"
    done
}

# newest: of version numbers on stdin, the newest as Debian orders them.
newest() {
    best=
    while read -r v; do
        if [ -z "$best" ]; then best=$v
        elif command -v dpkg >/dev/null 2>&1; then
            if dpkg --compare-versions "$v" gt "$best"; then best=$v; fi
        else best=$(printf '%s\n%s\n' "$best" "$v" | sort -V | tail -n 1)
        fi
    done
    printf '%s\n' "$best"
}

# keep URL SHA256: prints the path of the checked file; status 44 when the archive has it no more.
keep() {
    file=$cache/pool/$(basename "$1")
    if [ -f "$file" ] && sum_is "$file" "$2"; then echo "$file"; return 0; fi
    say "  $(basename "$1")"
    download "$1" "$file" || { status=$?; [ $status -eq 44 ] && return 44; die "cannot download $download_error"; }
    sum_is "$file" "$2" || { rm -f "$file"; return 44; }
    echo "$file"
}

# unpack_deb FILE DIR: unpacks the package's files below DIR, as whoever runs this.
unpack_deb() {
    if command -v dpkg-deb >/dev/null 2>&1; then
        dpkg-deb --fsys-tarfile "$1" | tar -C "$2" --no-same-owner -xf - || die "cannot unpack $1"
        return
    fi
    need ar
    member=$(ar t "$1" | grep '^data\.tar') || die "$1 is not a Debian package"
    case $member in
        *.xz) filter='xz -dc' ;; *.gz) filter='gzip -dc' ;; *.zst) filter='zstd -dc' ;; *) filter=cat ;;
    esac
    need "${filter%% *}"
    ar p "$1" "$member" | $filter | tar -C "$2" --no-same-owner -xf - || die "cannot unpack $1"
}

# fetch_all LIST DIR: unpacks every package of LIST (lines of "url sha256") below DIR.
# Status 44: a file has gone from the archive, so the index was too old.
fetch_all() {
    while read -r url sum; do
        path=$(keep "$url" "$sum") || { status=$?; [ $status -eq 44 ] && return 44; exit 1; }
        printf '%s\n' "$path" >>"$scratch/paths"
    done <"$1"
    while read -r path; do unpack_deb "$path" "$2"; done <"$scratch/paths"
    rm -f "$scratch/paths"
}
