. tests/e2e/lib.sh
world 22101
claim "relays come up" start r1 r2
meet
xbb="$W/fed/states/XBB/officer1/hotline.conf"
hook() { timeout 60 "$B/hotline" -c "$xbb" watch --event received --exec "cat >> $W/told" -C "$1" -W 20 > "$W/out" 2> "$W/err"; }
claim "the first --exec begins with what is new" sh -c "timeout 20 $B/hotline -c $xbb watch --event received --exec 'cat >> $W/told' -W 1 > /dev/null; [ \$? = 12 ] && [ ! -s $W/told ]"
id=$(send_one); at XBB/officer1 list > /dev/null # it comes while no watch runs
claim "what came while no watch ran is told to the next --exec" hook 1
claim "as one JSON line with its id" grep -q "\"event\":\"received\",\"id\":\"$id\"" "$W/told"
claim "and not told again" sh -c "timeout 20 $B/hotline -c $xbb watch --event received --exec 'cat >> $W/told' -W 1 > /dev/null; [ \$(wc -l < $W/told) = 1 ]"
( trap '' XFSZ; ulimit -f 1; timeout 20 "$B/hotline" -c "$xbb" watch -W 4 > "$W/out" 2> "$W/err" ) &
sleep 1; send_one > /dev/null; wait $!
claim "a desk that cannot store what comes says so, in watch too" says "was not taken, and waits there"
claim "and has it when it can" sh -c "[ \$($B/hotline -c $xbb --json list | wc -l) = 2 ]"
finish
