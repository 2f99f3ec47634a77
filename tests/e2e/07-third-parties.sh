. tests/e2e/lib.sh
world 21601
claim "relays come up" start r1 r2
meet
id=$(send_one)
claim "a State that is not addressed has nothing" exits 1 at XCC/officer1 list
claim "and cannot read it" exits 1 at XCC/officer1 read "$id"
cp -r "$W/fed/states/XBB/officer1" "$W/stolen"; at XBB/officer1 list > /dev/null 2>&1
claim "XCC's keys open nothing of XBB's database" sh -c "sed 's#^database.*#database = \"$W/fed/states/XBB/officer1/desk.db\"#' $W/fed/states/XCC/officer1/hotline.conf > $W/x.conf; ! $B/hotline -c $W/x.conf list --offline"
kill9 r1
two=$(draft); claim "released with one relay" exits 0 at XAA/officer2 release "$two"
claim "arrives by the other" sh -c "$B/hotline -c $W/fed/states/XBB/officer1/hotline.conf list --in | grep -q $two"
claim "relay status is told on its socket" exits 0 "$B/hotlined" -c "$W/fed/relays/r2/hotlined.conf" ctl status
claim "readyz answers 200" sh -c "bash -c '. tests/e2e/lib.sh; http $((port + 11)) /readyz' | head -n 1 | grep -q 200"
finish
