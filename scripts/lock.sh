#!/bin/sh
# Resolve requirements/*.in into requirements/*.txt: versions and hashes, no addresses.
# Every file takes its versions from dev.txt where both name a package, those of others' programs excepted.
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
for name in demo test bench; do
    lock "$name" --constraint requirements/dev.txt
done

lock synapse
lock spec/python

# The programs of others stay at their versions: what they need is taken anew.
lock clients/python --override requirements/clients/overrides.txt
lock clients/no-deps --no-deps
for folder in clients vendors spec; do
    rm -f "requirements/$folder/package-lock.json"
    # The second run adds what optional packages need, which `npm ci` looks for even where it omits them.
    for _ in 1 2; do
        npm install --prefix "requirements/$folder" --package-lock-only \
            --omit-lockfile-registry-resolved --ignore-scripts --loglevel error --no-audit --no-fund
    done
done
