# The key tool: one line an error, exit codes, marks of a sandbox, nothing written over.
. tests/e2e/lib.sh
world 21601 --states XAA,XBB --officers 1 --devices 2
K=$B/hotline-keys; D=$W/fed/directory
ns=$(sed -n 's/^ns = "\(.*\)"/\1/p' "$W/fed/relays/r1/hotlined.conf")
one_line() { # one_line CODE COMMAND… — that exit code, and exactly one line on stderr
    exits "$@" && [ "$(wc -l < "$W/err")" = 1 ] || { echo "not one line"; return 1; }
}
first() { head -n 1 "$W/out" | grep -q -- "^$1" || { echo "first line is not $1"; return 1; }; }
mode() { [ "$(stat -c %a "$1")" = "$2" ]; }

for f in passphrase relays/r1/state/keys/relay.hlk relays/r1/state/keys/relay.secret states/XAA/officer1/device.hlk \
    states/XAA/officer1/device.secret states/XAA/officer1/prekeys.hlk states/XAA/officer1/officer.hlk states/XAA/officer1/hotline.conf \
    states/XAA/officer2/device.hlk states/XAA/officer2/hotline.conf directory/root-1.bin directory/directory.bin \
    directory/timestamp.bin directory/national-XBB-1.bin directory/roster-XBB.bin ports; do
    claim "sandbox has $f, for its owner only" mode "$W/fed/$f" 600
done
claim "a second device without an officer is a headless terminal" sh -c "! grep -q officer_key '$W/fed/states/XAA/officer2/hotline.conf'"
claim "ports are listed by name" grep -qx "r2 127.0.0.1:21602" "$W/fed/ports"
claim "sandbox takes an empty folder" sh -c "mkdir '$W/empty' && '$K' sandbox '$W/empty' --states XQQ > '$W/out'"
claim "its first line says SANDBOX" first SANDBOX
claim "sandbox below a missing folder" one_line 73 "$K" sandbox "$W/no/such"
for bad in "--states FRA" "--states XAA,XAA" "--relays 0" "--relays 5" "--officers 5" "--devices x" "--port-base 0" "--port-base 65530"; do
    # shellcheck disable=SC2086
    claim "sandbox $bad is refused" exits 64 "$K" sandbox "$W/bad" $bad
    claim "sandbox $bad writes nothing" test ! -e "$W/bad"
done
claim "a path that cannot stand in a configuration" one_line 73 sh -c "mkdir '$W/a\"b' && '$K' sandbox '$W/a\"b'"

claim "a new path that cannot stand in one" one_line 73 "$K" sandbox "$W/a\$HOME"
claim "leaves no folder" test ! -e "$W/a\$HOME"
claim "an empty folder of that name stays" test -d "$W/a\"b"
claim "a path with an escape sequence" one_line 66 "$K" show "$W/$(printf 'x\033[31mred')"
claim "is shown without it" sh -c "! grep -q \"\$(printf '\\033')\" '$W/err'"
claim "nor is one that is written to" sh -c "'$K' generate witness -o \"\$1\" --ns '$ns' --passphrase-fd 3 3< '$W/fed/passphrase' > '$W/out' && ! grep -q \"\$(printf '\\033')\" '$W/out'" - "$W/$(printf 'y\033[31mred')"
claim "nor can it be a sandbox's" one_line 73 "$K" sandbox "$W/$(printf 'z\033[31mred')"
claim "a raw key that cannot be written" one_line 73 "$K" generate relay -o "$W/no/r.hlk" --ns "$ns" --raw "$W/left.secret"
claim "leaves no secret file" test ! -e "$W/left.secret"
printf 'correct horse battery\n' > "$W/pw"
claim "pass-phrase file that others may read" one_line 77 "$K" generate witness -o "$W/x.hlk" --ns "$ns" --passphrase-file "$W/pw"
claim "is told" says "others may read the pass-phrase file"
chmod 600 "$W/pw"
claim "officer's key for a State of a federation" exits 0 "$K" generate officer -o "$W/o.hlk" --ns "$ns" --state XAA --federation "$D" --passphrase-file "$W/pw"
claim "says SANDBOX there" first SANDBOX
claim "key file is for its owner only" mode "$W/o.hlk" 600
claim "show tells kind and namespace without unlocking" exits 0 "$K" show "$W/o.hlk"
claim "show says SANDBOX and kind" first "SANDBOX officer key"
claim "show names the namespace" says "$ns"
claim "an existing file is left alone" one_line 73 "$K" generate officer -o "$W/o.hlk" --ns "$ns" --state XAA --federation "$D" --passphrase-file "$W/pw"
claim "device's key with a secret file" exits 0 "$K" generate device -o "$W/d.hlk" --ns "$ns" --entity 00112233445566778899aabbccddeeff --raw "$W/d.secret"
claim "the secret file is new, for its owner only" mode "$W/d.secret" 600
claim "relay's key with the same secret file" exits 0 "$K" generate relay -o "$W/r.hlk" --ns "$ns" --raw "$W/d.secret"
chmod 644 "$W/d.secret"; claim "a secret that others may read" one_line 77 "$K" generate relay -o "$W/r2.hlk" --ns "$ns" --raw "$W/d.secret"
claim "officer's key cannot be raw" one_line 64 "$K" generate officer -o "$W/x.hlk" --ns "$ns" --entity 00112233445566778899aabbccddeeff --raw "$W/x.secret"
claim "State that is not in the directory" one_line 1 "$K" generate officer -o "$W/x.hlk" --ns "$ns" --state XZZ --federation "$D" --passphrase-file "$W/pw"
claim "State without a federation" one_line 64 "$K" generate officer -o "$W/x.hlk" --ns "$ns" --state XAA --passphrase-file "$W/pw"
claim "federation of another namespace" one_line 10 "$K" generate officer -o "$W/x.hlk" --ns "00${ns#??}" --state XAA --federation "$D" --passphrase-file "$W/pw"
claim "no pass-phrase file" one_line 66 "$K" generate witness -o "$W/x.hlk" --ns "$ns" --passphrase-file "$W/none"
claim "descriptor that is no number" exits 64 "$K" generate witness -o "$W/x.hlk" --ns "$ns" --passphrase-fd one
claim "pass-phrase from a descriptor" sh -c "'$K' generate witness -o '$W/w.hlk' --ns '$ns' --passphrase-fd 3 3< '$W/pw'"
claim "folder that is not there" one_line 73 "$K" generate witness -o "$W/no/x.hlk" --ns "$ns" --passphrase-file "$W/pw"
claim "nothing was written by refused commands" test ! -e "$W/x.hlk"

claim "fingerprint of a State" exits 0 "$K" fingerprint --federation "$D" XBB
claim "says SANDBOX and the State" first "SANDBOX XBB"
sed -n 2,5p "$W/out" > "$W/digits"
claim "fingerprint of the document is the same" sh -c "'$K' fingerprint '$D/national-XBB-1.bin' | sed -n 2,5p | cmp - '$W/digits'"
claim "fingerprint as JSON" sh -c "'$K' fingerprint --json --federation '$D' XBB | python3 -c 'import json,sys; o=json.loads(sys.stdin.read()); assert o[\"v\"]==1 and len(o[\"groups\"])==12 and o[\"sandbox\"]'"
claim "fingerprint of an unknown State" one_line 1 "$K" fingerprint --federation "$D" XZZ
claim "fingerprint of another kind of document" one_line 65 "$K" fingerprint "$D/timestamp.bin"
claim "fingerprint of a missing file" one_line 66 "$K" fingerprint "$W/none.bin"
claim "show of a document that is no key file" one_line 65 "$K" show "$D/root-1.bin"
cp -r "$D" "$W/broken"; printf 'x' | dd of="$W/broken/directory.bin" bs=1 seek=300 conv=notrunc status=none
claim "fingerprint from a changed directory" one_line 10 "$K" fingerprint --federation "$W/broken" XBB
claim "names the document" says "directory:"
claim "unknown command names the nearest" one_line 64 "$K" sandbux
claim "which is sandbox" says 'did you mean `sandbox`'
claim "help is no error" exits 0 "$K" help
claim "the program holds no network code" sh -c "! nm -D --undefined-only '$K' | grep -qE ' (socket|connect|getaddrinfo|bind)(@|$)'"
finish
