#!/bin/sh
# Chromium, which gets a session of its own, before all others.
exec "$(dirname "$0")/before_others.sh" "${CHROMIUM:-/usr/bin/chromium}" "$@"
