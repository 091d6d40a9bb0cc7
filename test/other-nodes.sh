#!/usr/bin/env bash
# Runs the tests on Node 22 and 24, whose binaries come from the npm packages node-<platform>-<arch>. Without those of
# pages, browsers, installations and other servers, which hardly depend on the version of Node and take half of the time.
set -euo pipefail
package=$(node -p '`node-${process.platform}-${process.arch}`')
excluded=()
for name in alerts api deploy docs doctor examples graphiql image mini-program modules-page package pages portable-sql proxies readme sdk types verify-tokens; do
  excluded+=(--exclude "test/$name.test.ts")
done
for version in 22 24; do
  folder=$(mktemp -d)
  npm install --prefix "$folder" --no-save --no-audit --no-fund --silent "$package@$version"
  echo "-- $("$folder/node_modules/$package/bin/node" --version)"
  FUZZ_RUNS=2000 PATH="$folder/node_modules/$package/bin:$PATH" npm test -- "${excluded[@]}"
  rm -rf "$folder"
done
