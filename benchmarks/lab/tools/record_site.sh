#!/usr/bin/env bash
# How tests/lab/har/recorded.*.har came to be: a self-made site, served by
# //:server over TLS and HTTP/2, loaded by headless Chromium.
#
#   ./bazelw build //:server
#   npm ci --prefix benchmarks/lab/tools
#   benchmarks/lab/tools/record_site.sh PREFIX
#
# writes PREFIX.chrome-har.har and PREFIX.playwright.har. Needs Chromium, Node.js
# and openssl; run it in the root of the workspace. Two recordings are never the
# same to the byte: times are real.
set -eu
prefix=$1
port=8443
server=${SERVER:-bazel-bin/examples/server/server}
tools=$(dirname "$0")
scratch=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null; rm -rf "$scratch"' EXIT
pid=

node "$tools/make_site.mjs" "$scratch/site"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=recorded.example \
  -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null
"$server" --root "$scratch/site" --port "$port" --policy auto \
  --tls_cert "$scratch/cert.pem" --tls_key "$scratch/key.pem" 2>/dev/null &
pid=$!
for _ in $(seq 50); do
  (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  sleep 0.1
done
node "$tools/record_har.mjs" --3g "https://recorded.example:$port/index.html" \
  "$prefix"
