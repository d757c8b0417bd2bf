# Shared by the fetch scripts and `reference`: where trees lie and how the reference starts there.
# shellcheck shell=sh

# suite_of NN: the Debian release that brings OTP NN.
suite_of() {
    case $1 in
        25) echo bookworm ;; 27) echo trixie ;; 29) echo forky ;; *) return 1 ;;
    esac
}

# The build directory: cargo's, so that one variable moves everything.
target_dir() { echo "${CARGO_TARGET_DIR:-$(dirname "$here")/target}"; }

# write_start_script FILE ERTS: an `erl` that finds the root from its own place.
write_start_script() {
    cat >"$1" <<END
#!/bin/sh
# Starts the reference emulator of the tree this file lies in.
self=\$(readlink -f "\$0")
dir=\${self%/*}
case \$dir in */erts-*/bin) ROOTDIR=\${dir%/*/*} ;; *) ROOTDIR=\${dir%/*} ;; esac
BINDIR=\$ROOTDIR/$2/bin
EMU=beam
PROGNAME=\${0##*/}
export ROOTDIR BINDIR EMU PROGNAME
exec "\$BINDIR/erlexec" \${1+"\$@"}
END
    chmod 755 "$1"
}

# library_closure PACKAGE...: of an index table on stdin, "url sha256" of the libraries that the
# packages depend on, directly or not.
library_closure() {
    awk -F"$TAB" -v roots="$*" '
        !($1 in url) { url[$1] = $3 " " $4; dep[$1] = $6 }
        END {
            n = split(roots, queue, " ")
            for (i = 1; i <= n; i++) {
                m = split(dep[queue[i]], d, /, */)
                for (j = 1; j <= m; j++) {
                    name = d[j]; sub(/[ (:|].*/, "", name)
                    if (name ~ /^lib/ && (name in url) && !(name in seen)) {
                        seen[name] = 1; queue[++n] = name; print url[name]
                    }
                }
            }
        }'
}

# write_hosted_programs TREE ERTS: TREE/host holds a script for each native program of the tree,
# which starts it with the libraries in TREE/sys.
write_hosted_programs() {
    mkdir -p "$1/host"
    for program in "$1/lib/erlang/$2/bin"/*; do
        name=${program##*/}
        case $(head -c 4 "$program" | od -An -c) in
            *E*L*F*) ;;
            *) continue ;;
        esac
        cat >"$1/host/$name" <<END
#!/bin/sh
top=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
path=
for d in "\$top"/sys/usr/lib/*-linux-* "\$top"/sys/lib/*-linux-* "\$top"/sys/usr/lib64 "\$top"/sys/lib64; do
    [ -d "\$d" ] || continue
    path=\$path\${path:+:}\$d
    for l in "\$d"/ld-linux*.so.*; do [ -e "\$l" ] && loader=\$l; done
done
exec "\$loader" --library-path "\$path" --argv0 "\$0" "\$top/lib/erlang/$2/bin/$name" \${1+"\$@"}
END
        chmod 755 "$1/host/$name"
    done
    cat >"$1/host/erl" <<END
#!/bin/sh
BINDIR=\$(dirname "\$(readlink -f "\$0")")
ROOTDIR=\${BINDIR%/*}/lib/erlang
EMU=beam
PROGNAME=\${0##*/}
export ROOTDIR BINDIR EMU PROGNAME
exec "\$BINDIR/erlexec" \${1+"\$@"}
END
    chmod 755 "$1/host/erl"
}
