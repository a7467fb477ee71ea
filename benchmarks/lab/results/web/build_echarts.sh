#!/usr/bin/env bash
# Makes echarts.bundle.js and licences.txt, which are committed so that building
# and running the lab needs no npm:
#
#   npm ci --ignore-scripts
#   benchmarks/lab/results/web/build_echarts.sh node_modules benchmarks/lab/results/web
#
# //tests/lab/web:bundle_test holds both to what this makes of the lock file.
set -euo pipefail
modules=$(cd "$1" && pwd)
out=$2
entry=$(dirname "$0")/echarts_entry.js

NODE_PATH=$modules node "$modules/esbuild/bin/esbuild" "$entry" \
  --bundle --minify --format=iife --global-name=echarts --target=es2020 \
  --preserve-symlinks --legal-comments=none --log-level=warning \
  --outfile="$out/echarts.bundle.js"

# part HEADING FILE…: the texts of one component.
part() {
  printf '%s\n\n' "$1"
  shift
  sed -e 's/[[:space:]]*$//' "$@"
  printf '\n'
}
{
  part 'Apache ECharts (https://echarts.apache.org)' \
    "$modules"/echarts/{NOTICE,LICENSE,licenses/LICENSE-d3}
  part 'ZRender (https://github.com/ecomfe/zrender)' "$modules/zrender/LICENSE"
  part 'tslib (https://github.com/microsoft/tslib)' \
    "$modules"/tslib/{CopyrightNotice.txt,LICENSE.txt}
} >"$out/licences.txt"
