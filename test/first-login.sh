#!/usr/bin/env bash
# Does what README says to a newcomer, in a fresh clone with an empty npm cache: start, log in, read me.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill -- -$pid 2>/dev/null || true; rm -rf "$folder"' EXIT
git clone --quiet . "$folder/clone"
cd "$folder/clone"
port=$(node -e "const s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})")
set -m
PORT=$port npm_config_cache="$folder/cache" bash -c 'npm ci && date +%s%N >../installed && npm start' >../printed 2>&1 &
pid=$!
set +m
api() { curl -sf "http://127.0.0.1:$port/graphql" -H 'Content-Type: application/json' "$@"; }
login='{"query": "mutation { login(code: \"dev:alice\", userInfo: {nickName: \"Alice\"}) { token isNewUser } }"}'
for _ in $(seq 1800); do
  if answer=$(api -d "$login"); then break; fi
  kill -0 "$pid" 2>/dev/null || { cat ../printed; exit 1; }
  sleep 0.1
done
answered=$(date +%s%N)
token=$(node -pe 'JSON.parse(process.argv[1]).data.login.token' "$answer")
me=$(api -H "Authorization: Bearer $token" -d '{"query": "{ me { nickName } }"}')
[ "$me" = '{"data":{"me":{"nickName":"Alice"}}}' ] || { echo "me answered $me"; exit 1; }
echo "first login $(((answered - $(cat ../installed)) / 1000000)) ms after the installation"
# npm's own complaints about the user's npm configuration are not ours.
if grep -iE 'warn|deprecat|error' ../printed | grep -v 'Unknown .* config'; then
  echo 'A newcomer sees a warning.'
  exit 1
fi
