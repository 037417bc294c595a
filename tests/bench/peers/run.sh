#!/usr/bin/env bash
# Homeroom beside its peers. PEERS names the kit's folder; PEERS_WORK takes installs, data and results.
#   PEERS=/path/to/kit tests/bench/peers/run.sh [options of the kit's bench.py]
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)"
: "${PEERS:?give the folder of the peer benchmark kit}"
export PEERS_WORK="${PEERS_WORK:-$ROOT/.cache/peers}" PEERS_STUDENTS="${PEERS_STUDENTS:-2000}" PEERS_PGPORT="${PEERS_PGPORT:-55433}" PYTHONDONTWRITEBYTECODE=1

# A session's token has one length, and the kit's {viewer} has the id's: in a copy of the kit it gets eight digits.
KIT="$PEERS_WORK/kit"
rm -rf "$KIT" && mkdir -p "$KIT"
(cd "$PEERS" && tar -cf - --exclude=.work .) | tar -xf - -C "$KIT" && chmod -R u+w "$KIT"
sed -i 's/gsub("{viewer}", id)/gsub("{viewer}", string.format("%08d", tonumber(id)))/' "$KIT/load.lua"
sed -i 's/\.replace("{viewer}", str(parent))/.replace("{viewer}", f"{parent:08d}")/' "$KIT/bench.py"
# PEERS_PARENTS=60 asks the answers of so few parents again and again; blocks of 20 carry the same volume of data.
[ -z "${PEERS_PARENTS:-}" ] || sed -i "s/^    parents = sample_parents(db)/&[:$PEERS_PARENTS]/" "$KIT/bench.py"
grep -q '%08d' "$KIT/load.lua" && grep -q 'parent:08d' "$KIT/bench.py" || { echo "The kit fills {viewer} in another way now." >&2; exit 1; }

"$KIT/setup.sh"
sed "s#{root}#$ROOT#g; s#{pgport}#$PEERS_PGPORT#g" "$ROOT/tests/bench/peers/peers.json" >"$PEERS_WORK/homeroom.json"

# On PostgreSQL the adapter differs in a few files, and we read as somebody who can only read.
rm -rf "$PEERS_WORK/homeroom-postgresql"
cp -r "$ROOT/tests/bench/peers/adapter" "$PEERS_WORK/homeroom-postgresql"
cp "$ROOT"/tests/bench/peers/postgresql/* "$PEERS_WORK/homeroom-postgresql"
psql -Xq -h "$PEERS_WORK/pgsock" -p "$PEERS_PGPORT" -U postgres district <<'SQL'
do $$ begin create role homeroom_reader login; exception when duplicate_object then null; end $$;
grant usage on schema public to homeroom_reader;
grant select on all tables in schema public to homeroom_reader;
SQL

(cd "$ROOT" && .venv/bin/python -m tests.bench.peers.prepare "$PEERS_WORK/district-$PEERS_STUDENTS.db" "$PEERS_WORK/homeroom-portal.db")
[ $# -gt 0 ] || set -- --seconds 3 --warm 2 --rounds 3 --conc 1,16 \
  --servers homeroom,homeroom-shared,homeroom-answers,homeroom-pg,homeroom-pg-shared,mercurius-jit-dl,mercurius-best,mercurius-jit-pg,yoga-best,postgraphile,strawberry,floor-python-sql,plan-python
python3 "$KIT/bench.py" --add "$PEERS_WORK/homeroom.json" --baseline mercurius-best "$@"
