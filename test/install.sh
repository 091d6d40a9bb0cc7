#!/usr/bin/env bash
# Installs what the tests need beside Node: the MariaDB server binary, Redis, Prometheus, Chromium, nginx, HAProxy, and Python, PHP and Go.
# On Debian and Ubuntu by apt-get; elsewhere it says what to do.
set -euo pipefail

missing=()
[ -x /usr/sbin/mariadbd ] && [ -x /usr/bin/mariadb-install-db ] && [ -x /usr/bin/my_print_defaults ] ||
  missing+=(mariadb-server-core mariadb-client-core)
# docs/verify-tokens.md has code in these languages.
[ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import jwt, cryptography' 2>/dev/null || missing+=(python3-jwt python3-cryptography)
[ -x /usr/bin/redis-server ] || missing+=(redis-server)
[ -x /usr/bin/prometheus ] && [ -x /usr/bin/promtool ] || missing+=(prometheus)
[ -x /usr/bin/php ] || missing+=(php-cli)
[ -x /usr/bin/go ] || missing+=(golang-go)
[ -x "${CHROMIUM_PATH:-/usr/bin/chromium}" ] || missing+=(chromium fonts-noto-cjk)
# The files of deploy/.
[ -x /usr/sbin/nginx ] || missing+=(nginx)
[ -x /usr/sbin/haproxy ] || missing+=(haproxy)
[ -x /usr/bin/openssl ] || missing+=(openssl)
# docs/deployment.md has its commands for a backup.
[ -x /usr/bin/mariadb-dump ] || missing+=(mariadb-client)
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

if ! command -v apt-get >/dev/null; then
  echo "Please install a MariaDB server (mariadbd, mariadb-install-db), Redis, Prometheus, Chromium (CHROMIUM_PATH names it), nginx, HAProxy, PyJWT, PHP and Go." >&2
  echo "macOS: brew install mariadb && brew install --cask chromium. Without them their tests are skipped." >&2
  echo "Instead of a local MariaDB, TEST_MYSQL_URL=mysql://user:password@host:3306 can name a server." >&2
  exit 0
fi
exec bash "$(dirname "$0")/apt-install.sh" "${missing[@]}"
