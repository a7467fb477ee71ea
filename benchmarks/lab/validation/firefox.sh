#!/bin/sh
# Firefox, which gets a session of its own, before all others.
exec "$(dirname "$0")/before_others.sh" "${FIREFOX:-firefox-esr}" "$@"
