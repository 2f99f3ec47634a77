# What scripts stand on at the command line: output that cannot be written, usage, help, versions, errors as objects.
. tests/e2e/lib.sh
world 22301 --states XAA,XBB
claim "relays come up" start r1 r2
at XBB/officer1 status > /dev/null 2>&1; at XAA/officer1 status > /dev/null 2>&1
F=$W/fed/states/XAA/officer1/hotline.conf; R=$W/fed/relays/r1/hotlined.conf
form ROUTINE > "$W/notice.form"
id=$(at XAA/officer1 --json send "$W/notice.form" | json id)
full() { # full COMMAND… — output that cannot be written: 74, one line
    local code; "$@" > /dev/full 2> "$W/err"; code=$?; cat "$W/err"
    [ "$code" = 74 ] && [ "$(wc -l < "$W/err")" = 1 ] && grep -q 'output cannot be written' "$W/err"
}
shut() { local code; "$@" 2> "$W/err" >&-; code=$?; cat "$W/err"; [ "$code" = 74 ] && [ "$(wc -l < "$W/err")" = 1 ]; }
for command in "status" "list --offline" "config check" "version" "help" "help send" "show-form INC" "draft $W/notice.form" "evidence export $id -o $W/e.hlb" "--version" "--help"; do
    claim "$command: output on a full disk" full at XAA/officer1 $command
    rm -f "$W/e.hlb" # a bundle takes a new file
    claim "$command: output that is closed" shut at XAA/officer1 $command
    [ ! -f "$W/e.hlb" ] || mv "$W/e.hlb" "$W/shut.hlb"
done
at XBB/officer1 read "$id" > /dev/null 2>&1
claim "ack: output on a full disk" full at XBB/officer1 ack "$id"
claim "the bundle is not mixed with what was printed" exits 0 "$B/hotline" evidence verify "$W/shut.hlb"
for command in "show $W/fed/states/XAA/officer1/device.hlk" "fingerprint --federation $W/fed/directory XAA" "help" "generate --help"; do
    claim "key tool: $command: output on a full disk" full "$B/hotline-keys" $command
    claim "key tool: $command: output that is closed" shut "$B/hotline-keys" $command
done
for option in --check --print-config --version --help; do
    claim "relay: $option: output on a full disk" full "$B/hotlined" -c "$R" $option
    claim "relay: $option: output that is closed" shut "$B/hotlined" -c "$R" $option
done
finish
