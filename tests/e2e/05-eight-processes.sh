. tests/e2e/lib.sh
world 21401
claim "relays come up" start r1 r2
meet
# Eight at once on XAA's desk: two watch, three send, one lists, one drafts, one reads status.
for n in 1 2; do at XAA/officer1 --json watch -W 12 > "$W/watch.$n" 2>&1 & done
for n in 1 2 3; do (for k in 1 2 3 4; do at XAA/officer$((n % 2 + 1)) send XBB.TEC -t INC -p ROUTINE -s "p$n-$k" "$W/notice.form" > "$W/send.$n.$k" 2>&1; echo $? >> "$W/codes"; done) & done
(for k in 1 2 3 4 5 6; do at XAA/officer1 list --offline > /dev/null 2>&1; done) &
(for k in 1 2 3 4; do at XAA/officer2 draft "$W/notice.form" > /dev/null 2>&1; echo $? >> "$W/codes"; done) &
(for k in 1 2 3; do at XAA/officer1 status > /dev/null 2>&1; done) &
wait
claim "every send and draft ended well" sh -c "! grep -vx 0 $W/codes"
at XBB/officer1 list > /dev/null 2>&1
at XBB/officer1 --json list --in --offline > "$W/in"
claim "all twelve arrived, once each" sh -c "[ \$(grep -o '\"subject\":\"p[0-9]-[0-9]\"' $W/in | sort | uniq -c | grep -c ' 1 ') = 12 ]"
# Over two relays a notice may come before the one it follows; then it is marked GAP for good (a mark never clears) and the gap
# must have healed. What may not be: a number twice, a number absent, a fork, a gap still open.
grep -o 'TEC/L/[0-9]*' "$W/in" | sort > "$W/serials"; seq -f 'TEC/L/%04g' 12 > "$W/expected"
claim "serials 1 to 12, each once" cmp "$W/serials" "$W/expected"
claim "no fork, nothing out of order" sh -c "! grep -qE 'FORK|OUT_OF_ORDER|CHAIN_BROKEN' $W/in"
claim "no gap is left open" sh -c "[ \"\$(sqlite3 -readonly $W/fed/states/XBB/officer1/desk.db 'SELECT count(*) FROM gap')\" = 0 ]"
# Eight at once at XBB: all acknowledge the same notice.
id=$(json id < "$W/in"); w=$(word "$id")
for n in 1 2 3 4 5 6 7 8; do at XBB/officer1 --json ack "$id" --check-word "$w" > "$W/ack.$n" 2>&1 & done; wait
claim "one acknowledgement is new, seven repeat it" sh -c "[ \$(cat $W/ack.* | grep -c '\"repeated\":false') = 1 ] && [ \$(cat $W/ack.* | grep -c '\"repeated\":true') = 7 ]"
claim "all eight have the same receipt" sh -c "[ \$(cat $W/ack.* | grep -o '\"hash\":\"[0-9a-f]*\"' | sort -u | wc -l) = 1 ]"
# A process that holds the database for longer than 5 s: exit 75, and not before.
sqlite3 "$W/fed/states/XAA/officer1/desk.db" 'BEGIN EXCLUSIVE; SELECT 1;' '.shell sleep 9' 'COMMIT;' > /dev/null 2>&1 &
sleep 0.5; begin=$(date +%s%3N)
claim "exit 75 under contention" exits 75 at XAA/officer1 draft "$W/notice.form"
took=$(( $(date +%s%3N) - begin ))
claim "only after five seconds ($took ms)" [ "$took" -ge 4900 ]
finish
