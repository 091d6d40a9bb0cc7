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
exec bash "$(dirname "$0")/../apt-install.sh" "${missing[@]}"
