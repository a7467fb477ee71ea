#!/usr/bin/env bash
# How tests/lab/har/recorded.*.har came to be: a self-made site, served by
# //:server over TLS and HTTP/2, loaded by headless browsers.
#
#   ./bazelw build //:server
#   npm ci --prefix benchmarks/lab/tools
#   benchmarks/lab/tools/record_site.sh PREFIX
#
# writes, with Chromium, PREFIX.chrome-har.har, PREFIX.playwright.har and
# PREFIX.devtools.har, and with Firefox, where it is installed (Debian:
# firefox-esr), PREFIX.firefox.har; the server's log goes to standard error.
# Needs Chromium, Node.js, Python and openssl; run it in the root of the
# workspace. Two recordings are never the same to the byte: times are real.
set -eu
prefix=$1
port=8443
slow_port=8444
server=${SERVER:-bazel-bin/server}
firefox=${FIREFOX:-firefox-esr}
tools=$(dirname "$0")
scratch=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$scratch"' EXIT

node "$tools/make_site.mjs" "$scratch/site"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=recorded.example \
  -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null
"$server" --root "$scratch/site" --port "$port" --policy auto \
  --tls_cert "$scratch/cert.pem" --tls_key "$scratch/key.pem" &
pids+=($!)
python3 "$tools/slow_link.py" "$slow_port" "$port" &
pids+=($!)
for _ in $(seq 50); do
  (: <"/dev/tcp/127.0.0.1/$slow_port") 2>/dev/null &&
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  sleep 0.1
done
# The first two slow themselves down.
node "$tools/record_har.mjs" --3g "https://recorded.example:$port/index.html" \
  "$prefix"
url=https://recorded.example:$slow_port/index.html
node "$tools/record_devtools.mjs" "$url" "$prefix"
if command -v "$firefox" >/dev/null; then
  FIREFOX=$firefox node "$tools/record_firefox.mjs" "$url" "$prefix"
else
  echo "record_site.sh: no $firefox: no recording of Firefox" >&2
fi
