. tests/e2e/lib.sh
world 21201
claim "relays come up" start r1 r2
meet
id=$(send_one)
claim "a custody receipt was seen" sh -c "$B/hotline -c $W/fed/states/XAA/officer1/hotline.conf status --offline $id | grep -q 'HELD BY RELAY (2/2)'"
kill9 r1; kill9 r2
claim "killed right after it, the relays come up again" start r1 r2
claim "the notice is there" sh -c "$B/hotline -c $W/fed/states/XBB/officer1/hotline.conf list --in | grep -q $id"
claim "delivered once" sh -c "[ \$($B/hotline -c $W/fed/states/XBB/officer1/hotline.conf --json list --in | grep -c '\"type\":\"notice\"') = 1 ]"
kill9 r1; kill9 r2
second=$(draft)
claim "with no relay, the release is kept and said so" exits 69 at XAA/officer2 release "$second" -W 2
claim "its words say that it is kept" says "kept in the outbox"
claim "relays come up once more" start r1 r2
claim "the outbox sends it by itself" sh -c "$B/hotline -c $W/fed/states/XAA/officer1/hotline.conf list > /dev/null; $B/hotline -c $W/fed/states/XAA/officer1/hotline.conf status $second | grep -q 'HELD BY RELAY'"
claim "and it arrives once" sh -c "[ \$($B/hotline -c $W/fed/states/XBB/officer1/hotline.conf --json list --in | grep -c '\"type\":\"notice\"') = 2 ]"
# Killed at many moments of a session: whatever was acknowledged as held is there afterwards, once.
lost=0; held=0
for n in $(seq 12); do
    one=$(draft)
    at XAA/officer2 release "$one" -W 2 > "$W/release.out" 2>&1 &
    sleep "0.0$((n % 10))5"; kill9 r1; kill9 r2; wait $!
    before=$(at XAA/officer1 status --offline "$one" 2>/dev/null | grep -c "held by relay")
    start r1 r2
    [ "$before" = 0 ] || held=$((held + 1))
    at XAA/officer1 list > /dev/null 2>&1; at XBB/officer1 list > /dev/null 2>&1
    [ "$(at XBB/officer1 --json list --in --offline | grep -c "\"id\":\"$one\"")" = 1 ] || lost=$((lost + 1))
done
echo "# killed 12 times in mid-session, custody seen before the kill $held times"
claim "killed in mid-session, nothing is lost or repeated" [ "$lost" = 0 ]
finish
