#!/bin/sh
# Run `make demo test` as a stranger does: from the sdist, outside git, in a folder whose path
# holds a space and more than ASCII, with nothing in the environment and nothing cached.
set -eu
python=$(command -v "$1")
cd "$(dirname "$0")/.."
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM

.venv/bin/python -m build --sdist --no-isolation --outdir "$place" . >/dev/null
folder="$place/a ü b"
mkdir "$place/home" "$folder"
tar -xzf "$place"/hipkit-*.tar.gz --strip-components 1 -C "$folder"

echo "in $folder:"
env -i HOME="$place/home" PATH="$(dirname "$python"):/usr/bin:/bin" \
    make --no-print-directory -C "$folder" demo test
echo "it takes $(du -sm "$folder" | cut -f 1) MB there"
