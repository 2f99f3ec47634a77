# lib — shared by tests/e2e/NN-*.sh: a sandbox federation of their own on loopback, checks that print TAP.
# A script sources it, calls world PORT, then claims; it ends with finish.
set -u
B=${B:-build}; case $B in /*) ;; *) B=$PWD/$B ;; esac
claims=0; broken=0; declare -A relay_pid=()

claim() { # claim TEXT COMMAND… — the command must succeed
    local text=$1; shift; claims=$((claims + 1))
    if "$@" > "$W/claim.out" 2>&1; then echo "ok $claims - $text"
    else echo "not ok $claims - $text"; broken=1; echo "# \$ $*"; sed 's/^/#   /' "$W/claim.out" | head -n 25; fi
}
exits() { # exits CODE COMMAND… — the exit code is exactly that, and an error is one or more clear lines, never a crash
    local want=$1 code; shift; "$@" > "$W/out" 2> "$W/err"; code=$?; cat "$W/out" "$W/err"
    [ "$code" = "$want" ] || { echo "exit $code, expected $want"; return 1; }
}
says() { grep -qF -- "$1" "$W/out" "$W/err" || { echo "does not say: $1"; cat "$W/out" "$W/err"; return 1; }; }
world() { # world PORT [sandbox options…]
    W=$(mktemp -d); port=$1; shift
    "$B/hotline-keys" sandbox "$W/fed" --port-base "$port" "$@" > /dev/null || { echo "not ok 1 - sandbox"; exit 1; }
    export HOTLINE_PASSPHRASE_FILE="$W/fed/passphrase"
    trap 'stop_all; rm -rf "$W"' EXIT
    form IMMEDIATE > "$W/notice.form"
}
form() { # form PRECEDENCE [TO]
    cat <<F
type: INC
to: ${2:-XBB.TEC}
precedence: $1
subject: Zebra-subject of the notice
tlp: AMBER
requested_action: ACK_ONLY
incident.category: ICS_OT
incident.sector: ENERGY
incident.status: ONGOING
incident.detected: 2026-11-24T10:02:00Z
incident.severity: HIGH
incident.confidence: MEDIUM
incident.suspected_malicious: UNKNOWN
incident.cross_border: YES
incident.critical_infrastructure: YES
incident.why_you: SOURCE_IN_YOUR_TERRITORY
incident.next_update_by: +2h
lang: en

Zebra-text of the notice.
F
}
at() { local who=$1; shift; timeout 60 "$B/hotline" -c "$W/fed/states/$who/hotline.conf" "$@"; }
start() { # start r1 …
    for relay; do
        "$B/hotlined" -c "$W/fed/relays/$relay/hotlined.conf" >> "$W/$relay.log" 2>&1 & relay_pid[$relay]=$!; disown
        ready $((port + ${relay#r} + 9)) || { echo "# $relay did not come up"; tail -n 5 "$W/$relay.log"; return 1; }
    done
}
http() { # http PORT PATH — the status line and the body
    exec 9<>"/dev/tcp/127.0.0.1/$1" || return 1; printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&9; cat <&9; exec 9>&-
}
ready() { for _ in $(seq 200); do if http "$1" /readyz 2>/dev/null | head -n 1 | grep -q ' 200 '; then return 0; fi; sleep 0.05; done; return 1; }
kill9() { kill -9 "${relay_pid[$1]}" 2>/dev/null; while kill -0 "${relay_pid[$1]}" 2>/dev/null; do sleep 0.01; done; unset "relay_pid[$1]"; }
stop_all() { for pid in "${relay_pid[@]}"; do kill -CONT "$pid" 2>/dev/null; kill -9 "$pid" 2>/dev/null; done; }
json() { # json KEY — the first value of a text or number member on standard input
    sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1
}
meet() { for state in XAA XBB XCC; do at "$state/officer1" status > /dev/null 2>&1; done; at XAA/officer1 status > /dev/null 2>&1; }
draft() { at XAA/officer1 --json draft "${1:-$W/notice.form}" | json id; }
send_one() { local id; id=$(draft "$@") && at XAA/officer2 release "$id" > /dev/null 2>&1; echo "$id"; }
word() { at XBB/officer1 --json read "$1" 2>/dev/null | json check_word; }
finish() { echo "1..$claims"; exit $broken; }
