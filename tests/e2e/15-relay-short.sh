# A relay without room says so in its log, once; with room again it says that too, and the notice arrives by itself soon after.
. tests/e2e/lib.sh
world 22101 --relays 1 --states XAA,XBB
R=$W/fed/relays/r1/hotlined.conf; cp "$R" "$W/full.conf"
claim "relay comes up" start r1
meet
echo 'disk_min = "1024G"' >> "$R"
logs() { for _ in $(seq 300); do grep -qF -- "$1" "$W/r1.log" && return 0; sleep 0.1; done; echo "log does not say: $1"; cat "$W/r1.log"; return 1; }
once() { [ "$(grep -cF -- "$1" "$W/r1.log")" = 1 ] || { grep -F -- "$1" "$W/r1.log"; return 1; }; }
kill -HUP "${relay_pid[r1]}"; claim "more room is asked for than there is" logs "configuration and directory"
id=$(draft); claim "no custody is taken" exits 69 at XAA/officer2 release "$id"
begin=$SECONDS
claim "the log says that there is no room" logs "deposits are refused, there is no room"
claim "and what is needed" logs "1099511627776 needed"
for _ in 1 2 3; do at XAA/officer1 status > /dev/null 2>&1; done
claim "once" once "there is no room"
cp "$W/full.conf" "$R"; kill -HUP "${relay_pid[r1]}"
claim "the log says that there is room again" logs "deposits are taken again: there is room"
arrives() { for _ in $(seq 60); do at XAA/officer1 status > /dev/null 2>&1; at XBB/officer1 list --in 2>/dev/null | grep -q "$id" && return 0; sleep 0.5; done; return 1; }
claim "the notice arrives" arrives
claim "within 25 s of the refusal" [ $((SECONDS - begin)) -le 25 ]
claim "the log says so once" once "deposits are taken again"
finish
