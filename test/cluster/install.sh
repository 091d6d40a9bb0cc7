#!/usr/bin/env bash
# Installs what `npm run test:cluster` needs: Debian's MariaDB server with Galera, rsync and gcc.
# On Debian and Ubuntu by apt-get; elsewhere it says what is missing. No server is started.
set -euo pipefail

missing=()
[ -x /usr/sbin/mariadbd ] && [ -x /usr/bin/mariadb-install-db ] && [ -x /usr/bin/wsrep_sst_rsync ] && id mysql >/dev/null 2>&1 ||
  missing+=(mariadb-server)
[ -e /usr/lib/galera/libgalera_smm.so ] || missing+=(galera-4)
[ -x /usr/bin/rsync ] || missing+=(rsync)
[ -x /usr/bin/gcc ] && [ -e /usr/include/pthread.h ] || missing+=(gcc libc6-dev)
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

if ! command -v apt-get >/dev/null; then
  echo "Missing: ${missing[*]} (names of Debian packages). The cluster tests run on Debian and Ubuntu only." >&2
  exit 1
fi
sudo=$([ "$(id -u)" -eq 0 ] || echo sudo)
# Otherwise the package would start a server of its own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
  $sudo chmod +x "$policy"
  trap '$sudo rm -f "$policy"' EXIT
fi
echo "Installing ${missing[*]} ..."
log=$(mktemp)
if ! { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  exit 1
fi
rm -f "$log"
