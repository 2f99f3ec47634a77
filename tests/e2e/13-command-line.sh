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

# answers: each fault in its own words
other=$(at XAA/officer1 --json send -p ROUTINE "$W/notice.form" | json id); at XBB/officer1 read "$other" > /dev/null 2>&1
claim "ack: a control character in -m" exits 65 at XBB/officer1 ack "$other" -m "$(printf 'a\x1b[2Jb')"
claim "names the option" says "-m takes at most 200 octets"
claim "refuse: a control character in -m" exits 65 at XBB/officer1 refuse "$other" --reason NOT_COMPETENT -m "$(printf 'a\x1b[2Jb')"
claim "names the option there" says "-m takes at most 200 octets"
claim "ack: --reply-expected in the past" exits 64 at XBB/officer1 ack "$other" --reply-expected 2021-01-01T00:00:00Z
claim "names that option" says "--reply-expected: 2021-01-01T00:00:00Z is in the past"
claim "ack: a wrong check word" exits 65 at XBB/officer1 ack "$other" --check-word AAAA
claim "is told as such" says "the check word is not that of this notice"
claim "ack" exits 0 at XBB/officer1 ack "$other"
claim "ack again: a wrong check word is wrong" exits 65 at XBB/officer1 ack "$other" --check-word AAAA
claim "ack again without one" exits 0 at XBB/officer1 ack "$other"
claim "--peek at what was opened" exits 0 at XBB/officer1 read "$other" --peek
claim "does not say NOT OPENED" sh -c "! grep -q 'NOT OPENED' $W/out && grep -q '^OPENED before' $W/out"

# the configuration
conf() { sed "$1" "$F" > "$(dirname "$F")/x.conf"; } # conf SED — the good profile with a change
check() { "$B/hotline" -c "$(dirname "$F")/x.conf" "$@" config check; }
while IFS='|' read -r what change words; do
    conf "$change"
    claim "config check: $what" exits 78 check
    claim "config check: $what is told with line and key" sh -c "grep -qE 'x.conf:[0-9]+: .$words' $W/err"
done <<C
a language that is none of the six|s/^lang.*/lang = "e"/|lang. must be en
an officer key that is not there|s#^officer_key.*#officer_key = "none.hlk"#|officer_key. names no file
an officer key that is a device's|s#^officer_key.*#officer_key = "device.hlk"#|officer_key. names no key file of an officer
a relay without a port|s#address = .127.0.0.1:$port"#address = "127.0.0.1"#|relay. needs a name
a relay with a bad port|s#127.0.0.1:$port"#127.0.0.1:70000"#|relay. needs a name
a relay that the directory does not know|s#^relay "r1"#relay "r9"#|relay. names a relay that is not in
C
conf 's/^device_unlock.*/device_unlock = prompt/'; grep -q '^device_unlock = prompt' "$(dirname "$F")/x.conf" || echo 'device_unlock = prompt' >> "$(dirname "$F")/x.conf"
claim "prompt: --no-input does not ask" exits 66 check --no-input
claim "and says so" says "--no-input forbids to ask"
claim "prompt: without a terminal" exits 66 setsid -w "$B/hotline" -c "$(dirname "$F")/x.conf" config check < /dev/null
claim "says that there is none" says "there is no terminal to type it at"
typed() { # typed PHRASE COMMAND… — at a terminal of its own; the exit code is the command's
    local phrase=$1; shift; (sleep 1; echo "$phrase") | script -qec "$*" /dev/null
}
claim "prompt: a phrase for a key that has none" exits 10 typed wrong "$B/hotline" -c "$(dirname "$F")/x.conf" config check

# help, versions, errors as objects
for command in draft show-form release return send list read ack refuse reply watch status evidence config version help; do
    claim "$command --help tells its usage" sh -c "$B/hotline $command --help | grep -q '^usage: hotline $command'"
    claim "$command: wrong usage has its object" sh -c "$B/hotline -c $F --json $command --nonsense 2> /dev/null > $W/out; [ \$? = 64 ] && [ \$(grep -c '\"type\":\"error\"' $W/out) = 1 ]"
done
for option in --tlp --lang --info --ack-by --reply-by --single-person --exercise -n -p -s; do
    for command in draft send reply; do claim "usage of $command names $option" sh -c "$B/hotline help $command | grep -q -- '\[$option'"; done
done
object() { "$B/hotline" --json "$@" > "$W/out"; [ "$(wc -l < "$W/out")" = 1 ] && grep -qE '^\{"v":1,"type":"[a-z]+",.*\}$' "$W/out"; }
for command in version help "help send" "send --help" "show-form INC"; do claim "--json $command is one object" object $command; done
claim "draft takes no --wait" exits 64 "$B/hotline" -c "$F" draft --wait custody "$W/notice.form"
for command in version --version; do claim "key tool: $command" exits 0 "$B/hotline-keys" $command; claim "tells it" says "hotline-keys 0."; done
finish
