# One State's damaged documents stop nobody else; every program tells of them, and that State's own says so and ends.
. tests/e2e/lib.sh
world 22301 --relays 1
D=$W/fed/directory
flip() { # flip FILE OFFSET — one bit of it
    local byte; byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
cp "$D/roster-XCC.bin" "$W/good.bin"; flip "$D/roster-XCC.bin" 200
claim "hotlined --check is content, and tells" exits 0 "$B/hotlined" -c "$W/fed/relays/r1/hotlined.conf" --check
claim "it names the file" says "ALARM: roster-XCC.bin is left out"
claim "a relay comes up" start r1
claim "its log tells" grep -q "ALARM: roster-XCC.bin is left out" "$W/r1.log"
at XBB/officer1 status > /dev/null 2>&1
claim "XAA lists, and has nothing yet" exits 1 at XAA/officer1 list --offline
claim "and is told" says "ALARM: roster-XCC.bin is left out"
id=$(send_one 2> /dev/null)
claim "a notice of XAA comes to XBB" sh -c "$(declare -f at); W=$W B=$B; at XBB/officer1 list --in | grep -q $id"
claim "and is acknowledged" exits 0 at XBB/officer1 ack "$id" --check-word "$(word "$id")"
claim "which XAA sees" sh -c "$(declare -f at); W=$W B=$B; at XAA/officer1 status $id | grep -q 'RECEIPT ACKNOWLEDGED'"
claim "XCC's own terminal ends" exits 10 at XCC/officer1 list --offline
claim "says why" says "no roster of XCC, this desk's own State, is admitted (roster-XCC.bin is left out"
claim "says it with -q too" exits 10 at XCC/officer1 -q list --offline
form IMMEDIATE XCC.TEC > "$W/xcc.form"
claim "XCC cannot be addressed" exits 1 at XAA/officer1 draft "$W/xcc.form"
claim "says so" says "is not in the directory"
cp "$W/good.bin" "$D/roster-XCC.bin"; kill -HUP "${relay_pid[r1]}"
claim "with the good file XCC is back, and has nothing" exits 1 at XCC/officer1 list
flip "$D/roster-XCC.bin" 200; kill -HUP "${relay_pid[r1]}"
logs() { for _ in $(seq 100); do grep -qF -- "$1" "$W/r1.log" && return 0; sleep 0.1; done; return 1; }
claim "a reload does not put out the roster in force" logs "ALARM: reload refused, the old stays: the roster of XCC is refused"
flip "$D/national-XCC-1.bin" 60; cp "$W/good.bin" "$D/roster-XCC.bin"
claim "a national root is left out the same way" exits 0 at XAA/officer1 list --offline
claim "told by name" says "ALARM: national-XCC-1.bin is left out"
claim "fingerprint of another State" exits 0 "$B/hotline-keys" fingerprint --federation "$D" XBB
claim "fingerprint of that State" exits 1 "$B/hotline-keys" fingerprint --federation "$D" XCC
claim "says why" says "ALARM: national-XCC-1.bin is left out"
flip "$D/directory.bin" 300
claim "the directory itself is everybody's" exits 10 at XAA/officer1 list --offline
finish
