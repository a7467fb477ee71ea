#!/usr/bin/env bash
# The part of stranger_test.sh in the chroot: what a user does after apt-get, with
# the examples of the packages. /packages has the packages.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
work=/tmp/stranger
mkdir "$work"
cd "$work"
head -c 8000000 /dev/zero >upload

say() { printf -- '  %s (%ss)\n' "$1" "$SECONDS"; }

fail() {
  echo "FAILED: $1"
  exit 1
}

apt() {
  apt-get --quiet=2 --yes --no-install-recommends "$@" >"$work/apt.log" 2>&1 ||
    fail "apt-get $*: $(cat "$work/apt.log")"
}

# All files but those that apt and dpkg write for any package.
files() {
  find / -xdev \( -path /packages -o -path /proc -o -path "$work" -o -path /var/cache \
    -o -path /var/log -o -path /var/lib/apt -o -path '/var/lib/dpkg/*-old' \) -prune \
    -o -print | sort
}

# starts COMMAND…: a server, which prints its port.
starts() {
  : >server.out
  "$@" >>server.out 2>server.err &
  server=$!
  until port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' server.out) && [ -n "$port" ]; do
    kill -0 "$server" 2>/dev/null || fail "$1 does not start: $(cat server.err)"
    sleep 0.1
  done
}

fetch() { curl --silent --show-error --insecure "$@"; }

# serves SCHEME CURL_OPTION: curl and nghttp, an upload, and a drain while a
# response is under way.
serves() {
  local url=$1://127.0.0.1:$port http=$2 got client
  got=$(fetch "$http" --output /dev/null --write-out '%{http_version} %{size_download}' \
    "$url/300000")
  [ "$got" = '2 300000' ] || fail "curl got $got"
  got=$(nghttp --no-verify-peer --null-out --stat -p 256 -p 1 "$url/200000" "$url/100000" |
    grep -c ' 200 ')
  [ "$got" = 2 ] || fail "nghttp got $got responses of 2"
  got=$(fetch "$http" --max-time 60 --data-binary @upload --header 'Expect:' \
    --output /dev/null --write-out '%{http_code} %{size_upload}' "$url/1000")
  [ "$got" = '200 8000000' ] || fail "the upload: $got"
  fetch "$http" --limit-rate 2M --output drained "$url/4000000" &
  client=$!
  sleep 0.5
  kill -TERM "$server"
  sleep 0.3
  if fetch "$http" --output /dev/null "$url/1" 2>/dev/null; then
    fail 'a server that drains accepts a connection'
  fi
  wait "$client" || fail 'the drain cut a response short'
  [ "$(stat --format=%s drained)" = 4000000 ] || fail 'the drain cut a response'
  wait "$server" || fail "the server ended with status $?: $(cat server.err)"
}

files >before

say 'C, by pkg-config, without the development files of Abseil'
apt install /packages/libsluice-c1_*.deb /packages/libsluice-c-dev_*.deb
[ ! -e /usr/include/absl ] || fail 'the C library brings Abseil'
cp /usr/share/doc/libsluice-c-dev/examples/share.c .
# shellcheck disable=SC2046 # pkg-config's words
cc share.c $(pkg-config --cflags --libs sluice-c) -o share
./share | tail -n 1 | grep -qx '66000 bytes in 17 frames' || fail 'share'

say 'a C++ server, by CMake'
apt install /packages/*.deb
cp -r /usr/share/doc/libsluice-dev/examples cpp
cmake -S cpp -B cpp/build >/dev/null
cmake --build cpp/build >/dev/null
starts cpp/build/small_server 0
serves http --http2-prior-knowledge

say 'a server on libnghttp2'
cp /usr/share/doc/libsluice-nghttp2-dev/examples/nghttp2_server.cc .
# shellcheck disable=SC2046
c++ -std=c++20 -DWITH_SLUICE nghttp2_server.cc \
  $(pkg-config --cflags --libs sluice-nghttp2 openssl) -o nghttp2_server
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem \
  -subj /CN=localhost 2>/dev/null
starts ./nghttp2_server 0 key.pem cert.pem
serves https --http2

say 'Hypercorn'
apt install python3-hypercorn
if dpkg-query --show --showformat='${db:Status-Status}' python3-priority 2>/dev/null |
  grep -q '^installed'; then
  fail 'apt installed python3-priority beside ours'
fi
cp /usr/share/doc/python3-sluice-priority/examples/hypercorn_server.py .
starts python3 hypercorn_server.py key.pem cert.pem 16384 16384
module=$(fetch --http2 "https://127.0.0.1:$port/priority")
dpkg-query --search "$module" | grep -q '^python3-sluice-priority:' ||
  fail "Hypercorn runs on $module"
serves https --http2

say 'the tools'
sluice compare --pages=synthetic_meenan_bytes --policies=rr,rfc9218 --signals=safari9218 |
  grep -q ' rfc9218 ' || fail 'sluice compare'
sluice --version

say 'purged, nothing is left'
apt purge 'libsluice*' python3-sluice-priority sluice-tools python3-hypercorn
apt autoremove --purge
files >after
diff before after || fail 'the files above are left, or gone'
