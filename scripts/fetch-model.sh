#!/bin/sh
# Fetch the embedded model into the cache before the first start, where it can show how far it is.
# Later starts skip this: the server checks its model itself and fetches it again if it must.
set -eu
cd "$(dirname "$0")/.."

if [ -n "${WIRESCRIBE_ENGINE__MODEL:-}" ]; then
    exit 0 # another model was chosen
fi
stamp=.venv/.wirescribe-model
place="models in ${WIRESCRIBE_MODELS_DIR:-the default place}"
if ! [ -f "$stamp" ] || [ "$(cat "$stamp")" != "$place" ]; then
    .venv/bin/wirescribe models fetch base
    echo "$place" >"$stamp"
fi
