#!/usr/bin/env bash
# Homeroom's subscriptions beside its peers'. PEERS names the kit's folder; PEERS_WORK takes installs, data and results.
#   PEERS=/path/to/kit tests/bench/peers/fanout.sh [options of the kit's ws_bench.py]
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)"
: "${PEERS:?give the folder of the peer benchmark kit}"
export PEERS_WORK="${PEERS_WORK:-$ROOT/.cache/peers}" PEERS_STUDENTS="${PEERS_STUDENTS:-2000}" PYTHONDONTWRITEBYTECODE=1
KIT="$PEERS_WORK/kit-fanout"
rm -rf "$KIT" && mkdir -p "$KIT"
(cd "$PEERS" && tar -cf - --exclude=.work .) | tar -xf - -C "$KIT" && chmod -R u+w "$KIT"
[ -d "$PEERS_WORK/venv" ] && [ -d "$PEERS_WORK/node_modules" ] || "$KIT/setup.sh"
sed "s#{root}#$ROOT#g" "$ROOT/tests/bench/peers/ws-peers.json" >"$PEERS_WORK/homeroom-fanout.json"

# A copy of the district, for its grades will change; and a copy of the kit, in which {viewer} is a number for each socket.
sed -i 's/`${k}: ${v}/`${k}: ${v.replace("{viewer}", String(conns.length % 5000 + 1).padStart(8, "0"))}/' "$KIT/ws-client.mjs"
grep -q 'padStart(8' "$KIT/ws-client.mjs" || { echo "The kit's client sends its headers in another way now." >&2; exit 1; }
cd "$ROOT"
.venv/bin/python -m tests.bench.peers.live_district "$PEERS_WORK/district-$PEERS_STUDENTS.db" "$PEERS_WORK/homeroom-live.db"
.venv/bin/python -m tests.bench.peers.prepare "$PEERS_WORK/homeroom-live.db" "$PEERS_WORK/homeroom-live-portal.db"
[ $# -gt 0 ] || set -- --rounds 2 --servers homeroom,homeroom-families,mercurius,yoga,strawberry,floor-node,floor-python,floor-python-sansio
python3 "$KIT/ws_bench.py" --add "$PEERS_WORK/homeroom-fanout.json" "$@"
