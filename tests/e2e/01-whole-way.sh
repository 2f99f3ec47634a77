. tests/e2e/lib.sh
world 21001
claim "two relays come up" start r1 r2
meet
id=$(draft)
claim "drafter cannot release his own" exits 77 at XAA/officer1 release "$id"
claim "second officer releases into the custody of both relays" exits 0 at XAA/officer2 release "$id"
claim "custody of both is said" says "HELD BY RELAY (2/2)"
claim "acknowledgement before opening is refused" exits 77 at XBB/officer1 ack "$id" --check-word ABCD
claim "peek shows all but the check word" exits 0 at XBB/officer1 --json read "$id" --peek
claim "peek hides the check word" says '"check_word":null'
claim "reading opens it" exits 0 at XBB/officer1 --json read "$id"
w=$(json check_word < "$W/out")
claim "wrong check word acknowledges nothing" exits 65 at XBB/officer1 ack "$id" --check-word 0000
claim "missing check word acknowledges nothing" exits 65 at XBB/officer1 ack "$id"
claim "right check word acknowledges" exits 0 at XBB/officer1 ack "$id" --check-word "$(tr A-Z a-z <<< "$w")"
claim "acknowledging twice repeats the stored receipt" exits 0 at XBB/officer1 --json ack "$id" --check-word "$w"
claim "and says that it is repeated" says '"repeated":true'
claim "sender sees the acknowledgement" exits 0 at XAA/officer1 --json status "$id"
claim "with the exact status words" says 'RECEIPT ACKNOWLEDGED'
claim "by the right desk" says '"acknowledged_by":"XBB.TEC"'
claim "a prefix of the id is enough" exits 0 at XAA/officer1 status "${id:0:6}"
claim "a reply goes back" exits 0 at XBB/officer1 reply "$id" -t RSP --set response.kind=SUBSTANTIVE --set text="We look into it." --tlp AMBER -s "Answer"
claim "and arrives" sh -c "$B/hotline -c $W/fed/states/XAA/officer1/hotline.conf list --in | grep -q Answer"
claim "evidence is exported" exits 0 at XAA/officer1 evidence export "$id" -o "$W/e.hlb"
claim "and verified without configuration" exits 0 env -i "$B/hotline" evidence verify "$W/e.hlb"
claim "whose first line says SANDBOX" sh -c "head -n 1 $W/out | grep -q '^SANDBOX LIVE: VALID'"
claim "two operators bound its time" says "2 OPERATORS"
cp "$W/e.hlb" "$W/bad.hlb"; printf '\x01' | dd of="$W/bad.hlb" bs=1 seek=9000 conv=notrunc status=none
claim "a damaged one is INVALID" exits 10 "$B/hotline" evidence verify "$W/bad.hlb"
claim "and says SANDBOX all the same" sh -c "head -n 1 $W/out | grep -q '^SANDBOX INVALID at'"
claim "the recipient's own bundle verifies too" sh -c "$B/hotline -c $W/fed/states/XBB/officer1/hotline.conf evidence export $id -o $W/r.hlb && env -i $B/hotline evidence verify $W/r.hlb"
claim "an exercise notice stays an exercise" exits 0 at XAA/officer1 send XBB.TEC -t INC -p ROUTINE --exercise "NORTH STAR 26" "$W/notice.form"
eid=$(at XAA/officer1 --json list --out --plane EXERCISE --offline | json id)
claim "its id begins with E" sh -c "case '$eid' in E-*) ;; *) exit 1 ;; esac"
claim "it is shown as an exercise at the recipient" sh -c "$B/hotline -c $W/fed/states/XBB/officer1/hotline.conf list --in | grep -q '^SANDBOX EXERCISE'"
finish
