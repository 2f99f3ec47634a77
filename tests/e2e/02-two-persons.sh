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
claim "the second officer reads what he is to sign" exits 0 at XAA/officer2 read "$id"
claim "with its text" says "Zebra-text of the notice."
claim "and its addressee" says "XBB.TEC   FLASH"
claim "as one JSON object too" sh -c "$B/hotline -c $W/fed/states/XAA/officer2/hotline.conf --json read $id | grep -q 'Zebra-text'"
claim "another confirmation than the notice's own releases nothing" exits 13 at XAA/officer2 release "$id" --confirm "XBB ROUTINE"
ask() { printf '%s\n' "$1" | script -qec "$B/hotline -c $W/fed/states/XAA/officer2/hotline.conf release $id" /dev/null > "$W/out" 2>&1; } # on a terminal
typed() { ask "$2"; code=$?; cat "$W/out"; [ "$code" = "$1" ]; }
claim "on a terminal Enter alone releases nothing" typed 13 ""
claim "it shows the text before it asks" says "Zebra-text of the notice."
claim "nor do other words" typed 13 "yes"
claim "a changed draft is another draft" exits 0 at XAA/officer1 --json draft -e "$id" --set subject=Changed
new=$(json id < "$W/out")
claim "the old id cannot be released any more" sh -c "! $B/hotline -c $W/fed/states/XAA/officer2/hotline.conf release $id"
claim "an author cannot release the changed one" exits 77 at XAA/officer1 release "$new"
claim "the second officer gives it back" exits 0 at XAA/officer2 return "$new" -m "wrong addressee"
claim "a returned draft cannot be released" sh -c "! $B/hotline -c $W/fed/states/XAA/officer2/hotline.conf release $new"
id=$(draft "$W/flash.form")
claim "the words of the notice release it" typed 0 "XBB FLASH"
claim "a ROUTINE notice goes with one person" exits 0 at XAA/officer1 send XBB.TEC -t INC -p ROUTINE "$W/notice.form"
claim "one person with a reason may send IMMEDIATE" exits 0 at XAA/officer1 send XBB.TEC -t INC --single-person "night watch, no second officer" "$W/notice.form"
drill=$(at XAA/officer1 --json send XBB.TEC -t INC -p ROUTINE --exercise "NORTH STAR 26" "$W/notice.form" | json id); at XBB/officer1 list > /dev/null
claim "a drill is not answered in earnest" exits 65 at XBB/officer1 send XAA.TEC -t RSP -p ROUTINE -s Answer --tlp AMBER --reply-to "$drill" --set response.kind=SUBSTANTIVE --set text=hi
claim "and it says so" says "EXERCISE"
claim "the receiver is told" sh -c "$B/hotline -c $W/fed/states/XBB/officer1/hotline.conf list --in | grep -q NOT_RELEASED_BY_SECOND_PERSON"
exercise=$(at XAA/officer1 --json draft --exercise "NORTH STAR 26" "$W/notice.form" | json id)
claim "an exercise draft that is edited stays an exercise" exits 0 at XAA/officer1 --json draft -e "$exercise" --set subject=changed
claim "and its new id says so" says '"id":"E-'
claim "the old one is gone" sh -c "! $B/hotline -c $W/fed/states/XAA/officer2/hotline.conf release $exercise"
answer=$(at XBB/officer1 --json draft XAA.TEC -t RSP -p PRIORITY -s Answer --tlp AMBER --reply-to "$(at XBB/officer1 --json list --in --plane LIVE --offline | json id)" --set response.kind=SUBSTANTIVE --set text=hi | json id)
claim "a reply that is edited still answers its notice" exits 0 at XBB/officer1 draft -e "$answer" --set subject=changed
sed -i '/^officer_key/d' "$W/fed/states/XBB/officer2/hotline.conf"
for command in "draft $W/notice.form" "release L-AAAA" "ack L-AAAA" "refuse L-AAAA --reason POLICY" "return L-AAAA -m x"; do
    claim "headless profile may not: ${command%% *}" exits 77 at XBB/officer2 $command
done
claim "headless profile may list" exits 0 at XBB/officer2 list --in
finish
