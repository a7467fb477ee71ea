#!/usr/bin/env bash
# How tests/lab/har/recorded.*.har came to be: a self-made site, served by
# //:server over TLS and HTTP/2, loaded by headless browsers.
#
#   ./bazelw build //:server //benchmarks/servers:over_slow_link
#   npm ci --prefix benchmarks/lab/tools
#   benchmarks/lab/tools/record_site.sh PREFIX
#
# writes, with Chromium, PREFIX.chrome-har.har, PREFIX.playwright.har and
# PREFIX.devtools.har, and with Firefox, where it is installed (Debian:
# firefox-esr), PREFIX.firefox.har; the server's log goes to standard error.
# Needs root, Chromium, Node.js and openssl; run it in the root of the
# workspace. Two recordings are never the same to the byte: times are real.
set -eu
prefix=$(realpath -m "$1")
server=${SERVER:-$PWD/bazel-bin/server}
link=${LINK:-$PWD/bazel-bin/benchmarks/servers/over_slow_link}
firefox=${FIREFOX:-firefox-esr}
tools=$PWD/$(dirname "$0")
node=$(command -v node)
url=https://192.0.2.1:8443/index.html
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

node "$tools/make_site.mjs" "$scratch/site"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=recorded.example \
  -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null
# over_link LINK_FLAG… -- SCRIPT WORD…
over_link() {
  local flags=()
  while [ "$1" != -- ]; do
    flags+=("$1")
    shift
  done
  "$link" "${flags[@]}" -- "$server" --root="$scratch/site" --bind=192.0.2.1 --port=8443 \
    --policy=auto --tls_cert="$scratch/cert.pem" --tls_key="$scratch/key.pem" \
    -- "$node" "$tools/$2" "${@:3}"
}
# The first two slow themselves down.
over_link --down=1gbit --rtt=0ms --queue=1000000 -- record_har.mjs --3g "$url" "$prefix"
over_link -- record_devtools.mjs "$url" "$prefix"
if command -v "$firefox" >/dev/null; then
  FIREFOX=$firefox over_link -- record_firefox.mjs "$url" "$prefix"
else
  echo "record_site.sh: no $firefox: no recording of Firefox" >&2
fi
