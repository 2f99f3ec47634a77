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
finish
