. tests/e2e/lib.sh
world 21501
claim "relays come up" start r1 r2
meet
one_line() { # one_line CODE COMMAND… — that exit code, and at least one line on stderr of at most 500 characters, no crash words
    exits "$@" || return 1
    [ -s "$W/err" ] || { echo "says nothing"; return 1; }
    awk 'length > 500 { exit 1 }' "$W/err" && ! grep -qE 'Segmentation|Assertion|Sanitizer' "$W/err"
}
F=$W/fed/states/XAA/officer1
claim "unknown command" one_line 64 at XAA/officer1 sned
claim "unknown option" one_line 64 at XAA/officer1 list --nonsense
claim "no configuration" one_line 78 "$B/hotline" -c "$W/none.conf" list
sed 's/^database/databse/' "$F/hotline.conf" > "$W/a.conf"
claim "unknown key of the configuration" one_line 78 "$B/hotline" -c "$W/a.conf" list
claim "names the nearest key, file and line" says "did you mean \`database\`"
{ cat "$F/hotline.conf"; grep '^ns' "$F/hotline.conf"; } > "$W/b.conf"
claim "a key given twice" one_line 78 "$B/hotline" -c "$W/b.conf" list
sed -e 's/^root = "0/root = "1/; t' -e 's/^root = "./root = "0/' "$F/hotline.conf" > "$W/c.conf"
claim "another pinned root" one_line 10 "$B/hotline" -c "$W/c.conf" list
for bad in "no such key|sektor: ENERGY|65" "bad word|tlp: PURPLE|65" "no such desk|to: XQQ.TEC|65" "bad time|reply_by: yesterday|65" "set by the program|author: me|65" "a second body|response.kind: PARTIAL|65"; do
    IFS='|' read -r what line code <<< "$bad"
    { form ROUTINE | sed "/^${line%%:*}:/d" | head -n 17; echo "$line"; echo; echo text; } > "$W/bad.form"
    claim "form: $what" one_line "$code" at XAA/officer1 draft "$W/bad.form"
    told="bad.form:18: ${line%%:*}"; [ "$what" != "a second body" ] || told="has a body that this type does not take"
    claim "form: $what is told where it is" says "$told"
done
head -c 300000 /dev/zero | tr '\0' 'a' > "$W/big.form"
claim "form larger than its limit" one_line 66 at XAA/officer1 draft "$W/big.form"
printf 'type: INC\nsubject: \xff\xfe\n' > "$W/utf.form"
claim "form that is not UTF-8" one_line 65 at XAA/officer1 draft "$W/utf.form"
claim "missing form file" one_line 66 at XAA/officer1 draft "$W/nothing.form"
claim "empty form from standard input names the mandatory fields" sh -c "$B/hotline -c $F/hotline.conf show-form INC | HOTLINE_PASSPHRASE_FILE=$HOTLINE_PASSPHRASE_FILE $B/hotline -c $F/hotline.conf draft - 2> $W/err; [ \$? = 65 ] && grep -q incident.category $W/err && ! grep -q 'unknown key' $W/err"
id=$(send_one)
claim "no such id" one_line 1 at XAA/officer1 read L-ZZZZZZZZZZ
claim "not an id" one_line 64 at XAA/officer1 read "../etc"
claim "wrong pass-phrase" sh -c "umask 077; echo wrong > $W/pw; HOTLINE_PASSPHRASE_FILE=$W/pw $B/hotline -c $F/hotline.conf draft $W/notice.form; [ \$? = 10 ]"
cp "$F/hotline.conf" "$F/open.conf"
for mode in 620 602; do
    chmod $mode "$F/open.conf"; claim "configuration of mode $mode" one_line 77 "$B/hotline" -c "$F/open.conf" list --offline
    claim "configuration of mode $mode: told why" says "others may write it (mode 0$mode)"
done
chmod 644 "$F/open.conf"; claim "configuration that others may read only" exits 0 "$B/hotline" -c "$F/open.conf" config check; rm "$F/open.conf"
at XAA/officer1 list --offline > /dev/null 2>&1
claim "desk database is private" [ "$(stat -c %a "$F/desk.db")" = 600 ]
chmod 620 "$F/desk.db"; claim "desk database that others may write" one_line 77 at XAA/officer1 list --offline; claim "told what to do" says "set mode 0600"; chmod 600 "$F/desk.db"
cp "$W/fed/passphrase" "$W/open.pass"; chmod 640 "$W/open.pass"; idp=$(draft)
claim "pass-phrase file that others may read" one_line 77 env HOTLINE_PASSPHRASE_FILE="$W/open.pass" "$B/hotline" -c "$W/fed/states/XAA/officer2/hotline.conf" release "$idp"
claim "told so" says "others may read the pass-phrase in it"
chmod 644 "$F/device.hlk"; claim "key file that others may read" one_line 77 at XAA/officer1 list --offline; chmod 600 "$F/device.hlk"
for at_octet in 12 60 100 140 200; do # one flipped bit anywhere in a key file
    cp "$F/device.hlk" "$W/keep"; v=$(od -An -tu1 -j $at_octet -N 1 "$W/keep")
    printf "\\x$(printf %x $((v ^ 4)))" | dd of="$F/device.hlk" bs=1 seek=$at_octet conv=notrunc status=none
    claim "flipped bit in the device's key file, octet $at_octet" one_line 10 at XAA/officer1 list --offline; cp "$W/keep" "$F/device.hlk"
done
claim "bundle that is no bundle" one_line 10 "$B/hotline" evidence verify "$W/notice.form"
mkfifo "$W/pipe"; ln -s nowhere "$W/link"
for what in pipe link big.form; do claim "a bundle does not take the place of what is there: $what" one_line 73 at XAA/officer1 evidence export -o "$W/$what" "$id"; done
claim "bundle that is not there" one_line 66 "$B/hotline" evidence verify "$W/none.hlb"
printf 'subject' > "$W/esc.form"; form ROUTINE | sed "s/^subject:.*/subject: a\x1b[2Jb/" > "$W/esc.form"
claim "escape sequences in a form do not reach a signature" one_line 65 at XAA/officer1 draft "$W/esc.form"
name=localhost; getent hosts localhost > /dev/null || name=127.0.0.1 # an empty root has no /etc/hosts
sed "s#^database.*#database = \"$W/names.db\"#; s#address = \"127.0.0.1:$port\"#address = \"$name:$port\"#; s#address = \"127.0.0.1:$((port + 1))\"#address = \"no-relay.invalid:$port\"#" "$W/fed/states/XCC/officer1/hotline.conf" > "$F/names.conf"
claim "a relay whose name is not known holds up no other" sh -c "timeout 20 $B/hotline -c $F/names.conf watch -W 2 --event relay_up; timeout 10 $B/hotline -c $F/names.conf status > $W/out; grep -q 'r1 .*UP ' $W/out && grep -q 'r2 .*DOWN' $W/out"
sed "s#127.0.0.1:$port#127.0.0.1:1#; s#127.0.0.1:$((port + 1))#127.0.0.1:2#" "$F/hotline.conf" > "$F/none.conf"
claim "no relay: what is at hand is shown, exit 0" exits 0 "$B/hotline" -c "$F/none.conf" list
claim "no relay: the first is named, with why" says "relay r1: no connection"
claim "no relay: the second is named, with why" says "relay r2: no connection"
R=$W/fed/relays/r1/hotlined.conf
sed 's/^listen/lissen/' "$R" > "$W/r.conf"; claim "relay: unknown key" one_line 78 "$B/hotlined" -c "$W/r.conf" --check
sed '/^federation/d' "$R" > "$W/r2.conf"; claim "relay: missing key" one_line 78 "$B/hotlined" -c "$W/r2.conf" --check
cp "$R" "$W/open.conf"; chmod 660 "$W/open.conf"; claim "relay: configuration that others may write" one_line 77 "$B/hotlined" -c "$W/open.conf" --check
claim "relay: told why" says "others may write it (mode 0660)"
claim "relay: good configuration" exits 0 "$B/hotlined" -c "$R" --check
claim "sandbox into a folder that is not empty" one_line 73 "$B/hotline-keys" sandbox "$W/fed"
for command in fingerprint show generate sandbox; do claim "key tool: $command: unknown option" one_line 64 timeout 5 "$B/hotline-keys" $command --nonsense --more XAA; done
for command in draft show-form release return send list read ack refuse reply status watch evidence config; do claim "$command: unknown option" one_line 64 at XAA/officer1 $command --nonsense --more XAA; done
claim "key tool: unknown command" one_line 64 "$B/hotline-keys" frobnicate
claim "key tool: namespace that is no hex" one_line 64 "$B/hotline-keys" generate device -o "$W/x.hlk" --ns zz --entity 00000000000000000000000000000000
claim "health is served" sh -c "bash -c '. tests/e2e/lib.sh; http '$((port + 10))' /healthz' | head -n 1 | grep -q 200"
finish
