. tests/e2e/lib.sh
world 21101
claim "relays come up" start r1 r2
meet
form FLASH > "$W/flash.form"
claim "FLASH without a second person is refused" exits 77 at XAA/officer1 send XBB.TEC -t INC "$W/flash.form"
claim "and it says what to do" says "hotline release"
claim "nothing was sent" exits 1 at XAA/officer1 list --out --offline
claim "nor drafted" exits 1 at XAA/officer1 list --drafts --offline
id=$(draft "$W/flash.form")
claim "a changed draft is another draft" exits 0 at XAA/officer1 --json draft -e "$id" --set subject=Changed
new=$(json id < "$W/out")
claim "the old id cannot be released any more" sh -c "! $B/hotline -c $W/fed/states/XAA/officer2/hotline.conf release $id"
claim "an author cannot release the changed one" exits 77 at XAA/officer1 release "$new"
claim "the second officer gives it back" exits 0 at XAA/officer2 return "$new" -m "wrong addressee"
claim "a returned draft cannot be released" sh -c "! $B/hotline -c $W/fed/states/XAA/officer2/hotline.conf release $new"
claim "a ROUTINE notice goes with one person" exits 0 at XAA/officer1 send XBB.TEC -t INC -p ROUTINE "$W/notice.form"
claim "one person with a reason may send IMMEDIATE" exits 0 at XAA/officer1 send XBB.TEC -t INC --single-person "night watch, no second officer" "$W/notice.form"
claim "the receiver is told" sh -c "$B/hotline -c $W/fed/states/XBB/officer1/hotline.conf list --in | grep -q NOT_RELEASED_BY_SECOND_PERSON"
exercise=$(at XAA/officer1 --json draft --exercise "NORTH STAR 26" "$W/notice.form" | json id)
claim "an exercise draft that is edited stays an exercise" exits 0 at XAA/officer1 --json draft -e "$exercise" --set subject=changed
claim "and its new id says so" says '"id":"E-'
claim "the old one is gone" sh -c "! $B/hotline -c $W/fed/states/XAA/officer2/hotline.conf release $exercise"
answer=$(at XBB/officer1 --json draft XAA.TEC -t RSP -p PRIORITY -s Answer --tlp AMBER --reply-to "$(at XBB/officer1 --json list --in --offline | json id)" --set response.kind=SUBSTANTIVE --set text=hi | json id)
claim "a reply that is edited still answers its notice" exits 0 at XBB/officer1 draft -e "$answer" --set subject=changed
sed -i '/^officer_key/d' "$W/fed/states/XBB/officer2/hotline.conf"
for command in "draft $W/notice.form" "release L-AAAA" "ack L-AAAA" "refuse L-AAAA --reason POLICY" "return L-AAAA -m x"; do
    claim "headless profile may not: ${command%% *}" exits 77 at XBB/officer2 $command
done
claim "headless profile may list" exits 0 at XBB/officer2 list --in
finish
