#!/bin/sh
# Resolve requirements/*.in into requirements/*.txt: versions and hashes, no addresses.
# Every file takes its versions from dev.txt where both name a package.
set -eu
uv=$1

lock() {
    name=$1
    shift
    echo "requirements/$name.txt"
    "$uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
        --custom-compile-command "make requirements" "$@" \
        "requirements/$name.in" --output-file "requirements/$name.txt"
}

lock tools
lock dev --override requirements/overrides.txt
for name in demo client bench; do
    lock "$name" --constraint requirements/dev.txt
done
