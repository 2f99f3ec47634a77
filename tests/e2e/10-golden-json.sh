# Every command's --json, line for line as in golden.jsonl: a member that is renamed, lost or new is seen. What differs from run to
# run (times, hashes, ids, durations) is replaced by its kind. GOLDEN=write tests/e2e/10-golden-json.sh makes the file anew.
. tests/e2e/lib.sh
world 22601 --states XAA,XBB
golden=tests/e2e/golden.jsonl
claim "relays come up" start r1 r2
at XBB/officer1 status > /dev/null 2>&1; at XAA/officer1 status > /dev/null 2>&1

plain() { # what differs from run to run becomes its kind
    sed -E "s#$W#DIR#g"';
        s/"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"/"TIME"/g; s/[0-9]{2}:[0-9]{2}:[0-9]{2}Z/CLOCK/g;
        s/"[0-9a-f]{64}"/"HASH"/g; s/"[0-9a-f]{32}"/"ID16"/g; s/[0-9a-f]{64}/HASH/g;
        s/\b([LED])-[0-9A-Z]{10}\b/\1-ID/g; s/"check_word":"[0-9A-Z]{4}"/"check_word":"WORD"/g; s/--check-word [0-9A-Z]{4}/--check-word WORD/g;
        s/"(skew_ms|rtt_ms|late_ms|octets|journal_rows)":-?[0-9]+/"\1":N/g;
        s/"(libsodium|protobuf_c)":"[0-9][^"]*"/"\1":"V"/g; s/"(relay|name|operator)":"(r|op)[12]"/"\1":"\2N"/g'
}
told() { # told WHO ARGUMENTS… — the command and its normalised standard output
    local who=$1 code; shift
    printf '$ %s --json %s\n' "$who" "$*" | plain
    at "$who" --json "$@" 2> /dev/null > "$W/told"; code=$?
    plain < "$W/told"; echo "exit $code"
}
story() {
    told XAA/officer1 draft "$W/notice.form"; id=$(json id < "$W/told")
    told XAA/officer1 list --drafts --offline
    told XAA/officer1 release "$id"
    told XAA/officer2 release "$id"
    told XBB/officer1 list --in
    told XBB/officer1 list --needs-action --offline
    told XBB/officer1 ack "$id" --check-word AAAA
    told XBB/officer1 read "$id" --peek
    told XBB/officer1 read "$id"; word=$(json check_word < "$W/told")
    told XBB/officer1 ack "$id" --check-word "$word" --disposition understood -m "duty desk"
    told XBB/officer1 ack "$id" --check-word "$word"
    told XAA/officer1 status "$id"
    told XBB/officer1 reply "$id" -s Answer --tlp AMBER --set response.kind=SUBSTANTIVE --set text="We look into it."
    told XAA/officer1 list --in
    told XAA/officer1 send XBB.TEC -t INC -p ROUTINE --exercise "NORTH STAR 26" "$W/notice.form"; exercise=$(json id < "$W/told")
    told XBB/officer1 list --plane EXERCISE
    told XBB/officer1 refuse "$exercise" --reason NOT_COMPETENT
    told XAA/officer1 status "$exercise"
    told XAA/officer1 draft "$W/notice.form"; id2=$(json id < "$W/told")
    told XAA/officer2 return "$id2" -m "say when"
    told XAA/officer1 status
    told XAA/officer1 evidence export "$id" -o "$W/e.hlb"
    told XAA/officer1 evidence verify "$W/e.hlb"
    printf '\x01' | dd of="$W/e.hlb" bs=1 seek=900 conv=notrunc status=none
    told XAA/officer1 evidence verify "$W/e.hlb"
    told XAA/officer1 config check
    told XAA/officer1 version
    told XAA/officer1 read L-ZZZZZZZZZZ
    told XAA/officer1 draft "$W/none.form"
    told XAA/officer1 sned
    printf '$ XBB/officer1 --json watch\n'; at XBB/officer1 --json watch --event received -C 1 -W 20 > "$W/watched" 2> /dev/null &
    local watch=$!; sleep 1; send_one > /dev/null; wait $watch; echo "exit $?"; plain < "$W/watched"
}
story > "$W/now.jsonl" 2>&1
[ "${GOLDEN:-}" = write ] && cp "$W/now.jsonl" "$golden"
claim "what --json prints is what golden.jsonl says" diff "$golden" "$W/now.jsonl"
claim "each line that a command prints is one JSON object" sh -c "grep -vE '^(\\$|exit )' $W/now.jsonl | grep -cvE '^\\{\"v\":1,.*\\}\$' | grep -qx 0"
finish
