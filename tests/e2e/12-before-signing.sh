# What is judged and shown before anybody signs: -n, reasons, deadlines, forms; and what is said when a step fails after it.
. tests/e2e/lib.sh
world 22201 # XCC stays dark: it has no prekey
claim "relays come up" start r1 r2
at XBB/officer1 status > /dev/null 2>&1; at XAA/officer1 status > /dev/null 2>&1
hl() { at XAA/officer1 "$@"; }
changed() { sed "$1" "$W/notice.form" > "$W/x.form"; } # changed SED — the good form with a change
drafts() { hl list --drafts --offline 2> /dev/null | grep -c ' [LED]-\|^[LED]-\|SANDBOX [LED]-'; }
form ROUTINE > "$W/notice.form"

changed 's/^Zebra-text.*/Zebra \xe2\x80\xae-text/'
claim "-n shows what would be sent" exits 0 hl send -n "$W/x.form"
claim "in which nothing reorders the line" sh -c "grep -qF '<U+202E>' $W/out && ! grep -q \$(printf '\\342\\200\\256') $W/out"
claim "and under a sandbox says so" sh -c "head -n 1 $W/out | grep -q '^SANDBOX would be sent'"
claim "-n --json is one object" sh -c "$B/hotline -c $W/fed/states/XAA/officer1/hotline.conf --json send -n $W/x.form | grep -cE '^\{\"v\":1,\"type\":\"preview\",\"plane\":\"LIVE\".*\}\$' | grep -qx 1"
before=$(drafts)
claim "draft -n shows" exits 0 hl draft -n "$W/notice.form"
claim "and stores nothing" test "$(drafts)" = "$before"
id=$(draft)
claim "draft -n -e shows" exits 0 hl draft -n -e "$id" --set subject=Other
claim "and the draft is as before" exits 0 hl draft -n -e "$id"
for bad in "own desk|s/^to:.*/to: XAA.TEC/|is this desk" "a deadline in the past|s/^tlp/ack_by: 2021-01-01T00:00:00Z\ntlp/|ack_by: is in the past" "an escape sequence|s/^subject:.*/subject: a\x1b[2Jb/|control"; do
    IFS='|' read -r what change words <<< "$bad"; changed "$change"
    for verb in "send -n" "draft -n" "draft"; do
        claim "$verb: $what is refused" exits 65 hl $verb "$W/x.form"
        claim "$verb: $what: says so" says "$words"
    done
done
claim "send -n of what needs two persons" exits 77 hl send -n -p IMMEDIATE "$W/notice.form"
claim "send -e is refused" exits 64 hl send -e "$id"
before=$(drafts)
for reason in "" "short" "$(printf 'a reason\x1b[2J of mine')" "$(head -c 201 /dev/zero | tr '\0' a)"; do
    claim "send: a reason that will not do" exits 64 hl send --single-person "$reason" "$W/notice.form"
    claim "draft: a reason that will not do" exits 64 hl draft --single-person "$reason" "$W/notice.form"
done
claim "nothing of it is kept" test "$(drafts)" = "$before"
form ROUTINE XCC.TEC > "$W/x.form"
claim "a send that fails when the draft is stored" exits 69 hl send "$W/x.form"
claim "names the draft and what to do" says "signed and kept as a draft, not sent; \`hotline release L-"
claim "which is there" test "$(drafts)" = $((before + 1))

# forms: what is wrong is told with its line, its key and what may stand there
mkdir "$W/d"; cp "$W/notice.form" "$W/d/inc.txt"
claim "a form file of seven letters is a file" sh -c "cd $W/d && $B/hotline -c $W/fed/states/XAA/officer1/hotline.conf draft -n inc.txt"
told() { # told WHAT SED WORDS — the form with that change is refused with those words
    changed "$2"; claim "form: $1" exits 65 hl draft "$W/x.form"; claim "form: $1: told where and what" says "$3"
}
told "a number over 64 bits" 's/^tlp/incident.persons_affected: 99999999999999999999\ntlp/' "x.form:5: incident.persons_affected: expected a number from"
told "a word that is missing" '/^incident.category/d' "incident.category: missing: one of "
told "a time outside all bounds" 's/^incident.detected:.*/incident.detected: 1999-01-01T00:00:00Z/' "x.form:10: incident.detected: expected a time between"
told "a subject that is too long" "s/^subject:.*/subject: $(head -c 200 /dev/zero | tr '\0' s)/" "x.form:4: subject: expected 0 to 160 octets, not 200"
told "new for a notice id" 's/^tlp/in_reply_to: new\ntlp/' "x.form:5: in_reply_to: expected the id of a notice"
told "a control character in the text" 's/^Zebra-text/Zebra\x1b[2J-text/' "x.form:20: text: a control character"
told "no UTF-8" 's/^subject:.*/subject: \xff\xfe/' "x.form:4: no UTF-8 text"
told "a NUL octet" 's/^subject:.*/subject: a\x00b/' "x.form:4: no UTF-8 text"
told "a line that is none" 's/^subject:.*/subject/' "x.form:4: expected"
changed '1s/^/\xef\xbb\xbf/'; claim "a byte order mark is no fault" exits 0 hl draft -n "$W/x.form"
sed 's/$/\r/; $a second line\r' "$W/notice.form" > "$W/x.form"; claim "lines may end with CR LF" exits 0 hl draft -n "$W/x.form"
claim "the text's as well" sh -c "! grep -q '<U+000D>' $W/out && grep -q 'second line' $W/out"
claim "an empty form offers no 'new' for a notice id" sh -c "$B/hotline show-form RSP | grep -B1 '^#*in_reply_to' | grep -v ', or new' | grep -q 'notice id'"
finish
