. tests/e2e/lib.sh
world 21901
R=$W/fed/relays/r1/hotlined.conf; D=$W/new
ns=$(sed -n 's/^ns = "\(.*\)"/\1/p' "$R"); root=$(sed -n 's/^root = "\(.*\)"/\1/p' "$R")
fed=$W/fed/$(ls "$W/fed" | grep -m 1 -E '^(federation|directory)$')
mode() { [ "$(stat -c %a "$1")" = "$2" ] || { stat -c '%a %n' "$1"; return 1; }; }
init() { "$B/hotlined" init "$@"; }

# init: keys, configuration and an empty store; nothing of it for other users; never over what is there.
claim "init makes a relay's folder" exits 0 init "$D" --ns "$ns" --root "$root" --federation "$fed" --name r9 --listen 127.0.0.1:21990 --sandbox
for word in id noise_static sign_pk log_pk; do claim "it prints $word for the registrar" grep -qE "^$word +[0-9a-f]{32,64}\$" "$W/out"; done
claim "and says that it is a sandbox" says "SANDBOX Relay r9"
claim "folder is private" mode "$D" 700
for file in state/keys/relay.hlk state/keys/relay.secret state/relay.db; do claim "$file is private" mode "$D/$file" 600; done
claim "secret has 32 octets" [ "$(stat -c %s "$D/state/keys/relay.secret")" = 32 ]
claim "store is empty and ours" [ "$(sqlite3 "$D/state/relay.db" 'SELECT count(*) FROM deposit')" = 0 ]
claim "configuration is read as it was asked for" exits 0 "$B/hotlined" -c "$D/hotlined.conf" --print-config
for line in "name = \"r9\"" "listen = {\"127.0.0.1:21990\"}" "ns = \"$ns\"" "federation = \"$fed\"" "relay_unlock = file"; do claim "it says $line" says "$line"; done
claim "its key opens, but the directory must name it first" exits 78 "$B/hotlined" -c "$D/hotlined.conf" --check
claim "and that is told" says "the directory has no relay of this name with this key"
before=$(sha256sum "$D/state/keys/relay.hlk" "$D/state/keys/relay.secret" "$D/hotlined.conf" | sha256sum)
claim "init never writes over keys" exits 73 init "$D" --ns "$ns" --root "$root" --federation "$fed"
claim "all is as it was" [ "$(sha256sum "$D/state/keys/relay.hlk" "$D/state/keys/relay.secret" "$D/hotlined.conf" | sha256sum)" = "$before" ]
claim "init without --ns" exits 64 init "$W/n1" --root "$root" --federation "$fed"
claim "init without a folder" exits 64 init --ns "$ns" --root "$root" --federation "$fed"
claim "init with a short ns" exits 64 init "$W/n2" --ns abcd --root "$root" --federation "$fed"
claim "init with a listen address that is none" exits 64 init "$W/n3" --ns "$ns" --root "$root" --federation "$fed" --listen relay.example:1
claim "init with a name that is too long" exits 64 init "$W/n4" --ns "$ns" --root "$root" --federation "$fed" --name "$(printf 'r%.0s' $(seq 33))"
claim "nothing was made of these" sh -c "! ls -d $W/n1 $W/n2 $W/n3 $W/n4 2>/dev/null | grep -q ."
(cd "$W" && init "$W/rel" --ns "$ns" --root "$root" --federation "${fed#"$W"/}" > /dev/null)
claim "a relative --federation is meant from where init was called" sh -c "$B/hotlined -c $W/rel/hotlined.conf --check 2>&1 | grep -q 'no relay of this name'"

# --check reads everything and starts nothing.
claim "--check of a good file" exits 0 "$B/hotlined" -c "$R" --check
claim "tells relay and directory" says "good. Relay r1"
claim "starts nothing" sh -c "! ls $W/fed/relays/r1/state/control.sock 2>/dev/null"
bad() { # bad TEXT LINE TOLD — that line at the end of a good file is refused with 78 and told
    { cat "$R"; printf '%s\n' "$2"; } > "$W/fed/relays/r1/bad.conf"
    claim "bad line: $1" exits 78 "$B/hotlined" -c "$W/fed/relays/r1/bad.conf" --check
    claim "bad line: $1, is told where" says "$3"
    claim "bad line: $1, and the file" says "bad.conf"
}
bad "unknown key" 'lisen = {"127.0.0.1:1"}' 'did you mean `listen`'
bad "key twice" 'name = "r1"' '`name` is given twice'
bad "flash_reserve is no size" 'flash_reserve = 5X' '`flash_reserve`'
bad "quota beyond counting" 'quota { bytes = 4096G }' '`bytes`'
bad "negative quota" 'quota { control_per_hour = -1 }' '`control_per_hour`'
bad "unknown quota" 'quota { byte = 3M }' 'did you mean `bytes`'
bad "handshake too long" 'handshake { deadline = 2m }' '`deadline`'
bad "half_open zero" 'handshake { half_open = 0 }' '`half_open`'
sed '/^metrics/d' "$R" > "$W/fed/relays/r1/bad.conf"; echo 'metrics = "relay.example:80"' >> "$W/fed/relays/r1/bad.conf"
claim "bad line: a name for an address" exits 78 "$B/hotlined" -c "$W/fed/relays/r1/bad.conf" --check
claim "no file" exits 78 "$B/hotlined" -c "$W/nothing.conf" --check
claim "wrong value on the command line" exits 64 "$B/hotlined" -c "$R" --check --listen nowhere
claim "the option is named, and what it may be" says "--listen nowhere: must be an address in digits"
for option in "log-level loud:error, warn, info or debug" "log-format xml:text, json or journal" "store mysql,x:sqlite:PATH or memory:" "metrics here:unix:PATH"; do
    # shellcheck disable=SC2086
    claim "wrong --${option%%:*}" exits 64 "$B/hotlined" -c "$R" --check --${option%%:*}
    claim "wrong --${option%% *} is told with what it may be" says "${option#*:}"
done
claim "unknown option" exits 64 "$B/hotlined" -c "$R" --chek
chmod 644 "$W"/fed/relays/r1/state/keys/relay.secret; claim "a secret that others may read" exits 77 "$B/hotlined" -c "$R" --check; chmod 600 "$W"/fed/relays/r1/state/keys/relay.secret

# The store holds every promise: without it nothing starts, but the very first time.
S=$W/fed/relays/r1/state/relay.db
claim "a sandbox marks where a first store may be made" test -f "$S.first" -a ! -e "$S"
claim "relay comes up" start r1
claim "the mark is gone, the store is there" test ! -e "$S.first" -a -s "$S"
claim "--check beside a running relay leaves its store alone" exits 0 "$B/hotlined" -c "$R" --check
claim "the relay goes on" exits 0 "$B/hotlined" -c "$R" ctl status
stop() { kill -TERM "${relay_pid[r1]}"; for _ in $(seq 200); do kill -0 "${relay_pid[r1]}" 2>/dev/null || return 0; sleep 0.05; done; return 1; }
claim "TERM ends it" stop
unset "relay_pid[r1]"; cp -p "$S" "$W/copy.db"
lost() { # lost TEXT TOLD — neither a start nor --check accepts the store as it is now
    claim "$1: no start" exits 10 timeout 20 "$B/hotlined" -c "$R"; claim "$1: told what" says "$2"; claim "$1: told where" says "$S"
    claim "$1: told what to do" says "bring it back from a copy"
    claim "$1: --check says so too" exits 10 "$B/hotlined" -c "$R" --check; claim "$1: --check tells what" says "$2"
}
rm "$S"; lost "store gone" "there is no store, or an empty one"; claim "store gone: none was made" test ! -e "$S"
: > "$S"; lost "store of 0 octets" "there is no store, or an empty one"; claim "store of 0 octets: left as it is" test ! -s "$S"
head -c 40000 "$W/copy.db" > "$S"; lost "store cut short" "damaged"
head -c 70000 /dev/urandom > "$S"; lost "store of noise" "damaged"
rm -f "$S"*; cp -p "$W/copy.db" "$S"
claim "with the copy --check is content" exits 0 "$B/hotlined" -c "$R" --check

# ctl
claim "ctl without a relay" exits 74 "$B/hotlined" -c "$R" ctl status
claim "relay comes up" start r1
claim "ctl status" exits 0 "$B/hotlined" -c "$R" ctl status
claim "answers one JSON object" says '"type":"relay_status"'
claim "ctl with an unknown command" exits 64 "$B/hotlined" -c "$R" ctl nonsense
claim "tells which there are" says "status or drain"
claim "ctl with two commands" exits 64 "$B/hotlined" -c "$R" ctl status drain
claim "second relay on the same store" exits 75 timeout 20 "$B/hotlined" -c "$R" --listen 127.0.0.1:21991 --metrics 127.0.0.1:21992
claim "a metrics port that is taken" exits 74 timeout 20 "$B/hotlined" -c "$W/fed/relays/r2/hotlined.conf" --metrics 127.0.0.1:21911
claim "is told with why" says "metrics: 127.0.0.1:21911: cannot listen there: address already in use"
claim "it did not take the first one's socket away" exits 0 "$B/hotlined" -c "$R" ctl status
claim "drain ends it in order" exits 0 "$B/hotlined" -c "$R" ctl drain
claim "and it ends" sh -c "for i in \$(seq 200); do kill -0 ${relay_pid[r1]} 2>/dev/null || exit 0; sleep 0.1; done; exit 1"

# A relay whose starter closed its standard descriptors comes up, logs where it can, and ends in order.
unset "relay_pid[r1]"
for closed in '2>&-' '<&-' '>&-' '<&- >&- 2>&-'; do
    lives() { # comes up with these descriptors closed; TERM ends it with 0
        sh -c "exec '$B/hotlined' -c '$R' $closed" & local pid=$! code
        ready $((port + 10)) || { kill -9 $pid; echo "did not come up"; return 1; }
        kill -HUP $pid; sleep 0.3; kill -TERM $pid; wait $pid; code=$?
        [ $code = 0 ] || { echo "exit $code"; return 1; }
    }
    claim "with $closed a relay lives and ends in order" lives
done
finish
