. tests/e2e/lib.sh
world 21301
claim "relays come up" start r1 r2
meet
id=$(send_one); w=$(word "$id"); at XBB/officer1 ack "$id" --check-word "$w" -m "Zebra-note" > /dev/null 2>&1
sleep 0.3
claim "the whole way was gone" sh -c "$B/hotline -c $W/fed/states/XAA/officer1/hotline.conf status $id | grep -q 'RECEIPT ACKNOWLEDGED'"
kill -TERM "${relay_pid[r1]}" "${relay_pid[r2]}"
claim "TERM ends a relay in order" sh -c "for i in \$(seq 200); do kill -0 ${relay_pid[r1]} 2>/dev/null || exit 0; sleep 0.1; done; exit 1"
for secret in Zebra-subject Zebra-text Zebra-note "$w" ; do
    claim "no relay file holds: ${secret%-*}" sh -c "! grep -rla -- '$secret' $W/fed/relays $W/r1.log $W/r2.log"
done
claim "no desk database holds the text in clear" sh -c "! grep -rlaE 'Zebra-(subject|text)' $W/fed/states/*/*/desk.db"
claim "relay keys and database are private" sh -c "! find $W/fed/relays -name '*.hlk' -perm /077 -o -name '*.secret' -perm /077 -o -name 'control.sock' -perm /077 | grep -q ."
finish
