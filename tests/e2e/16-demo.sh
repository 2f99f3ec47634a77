# The demo: whole, on ports of one's own; a port that is taken is named before anything is removed; nothing of it lies in /tmp.
. tests/e2e/lib.sh
world 22501 --relays 1
case $B in "$PWD"/*) own=${B#"$PWD"/} ;; *) own=build ;; esac
kept=$own/demo/kept.$$; mkdir -p "$own/demo"; : > "$kept"; before=$(ls /tmp | grep -c '^demo')
claim "a relay has the port" start r1
claim "a taken port ends the demo" exits 1 env B="$own" DEMO_PORT=22501 tools/demo
claim "it is named" says "port 22501 is in use"
claim "with what to do" says "DEMO_PORT="
claim "nothing was removed" test -e "$kept"
claim "on free ports the demo goes its whole way" exits 0 env B="$own" DEMO_PORT=22601 tools/demo
claim "what an earlier one left is gone" test ! -e "$kept"
claim "nothing was left in /tmp" [ "$(ls /tmp | grep -c '^demo')" = "$before" ]
finish
