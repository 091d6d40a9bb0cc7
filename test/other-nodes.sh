#!/usr/bin/env bash
# Runs the tests on Node 22 and 24, whose binaries come from the npm packages node-<platform>-<arch>.
set -euo pipefail
package=$(node -p '`node-${process.platform}-${process.arch}`')
for version in 22 24; do
  folder=$(mktemp -d)
  npm install --prefix "$folder" --no-save --no-audit --no-fund --silent "$package@$version"
  echo "-- $("$folder/node_modules/$package/bin/node" --version)"
  FUZZ_RUNS=2000 PATH="$folder/node_modules/$package/bin:$PATH" npm test
  rm -rf "$folder"
done
