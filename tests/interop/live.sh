#!/bin/bash
# live — a sandbox with two relays on loopback, a notice on its whole way in C, evidence of it; then live.mjs judges and takes part.
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
world "${1:-23101}"
start r1 r2 || exit 1
meet
id=$(send_one)
at XBB/officer1 --json read "$id" > /dev/null && at XBB/officer1 ack "$id" --check-word "$(word "$id")" > /dev/null || exit 1
at XAA/officer1 status "$id" > /dev/null
at XAA/officer1 evidence export "$id" -o "$W/a.hlb" > /dev/null && at XBB/officer1 evidence export "$id" -o "$W/b.hlb" > /dev/null || exit 1
{ form PRIORITY XCC.TEC; yes "$(printf 'x%.0s' $(seq 60))" | head -n 900; } > "$W/to-xcc.form" # in fragments
timeout 120 node tests/interop/live.mjs check "$B" "$W"
