#!/usr/bin/env bash
# Makes what tests/tryton.rs needs in a folder: a Tryton of its own from the Python Package Index, and an empty database
# with the modules for supplier invoices and payments. Done once; the tests copy the database.
set -euo pipefail
dir=$(mkdir -p "$1" && cd "$1" && pwd)
versions="trytond==8.2.* trytond-account-invoice==8.2.* trytond-account-payment==8.2.* proteus==8.2.*"
done_file="$dir/ready"
if [ -f "$done_file" ] && [ "$(cat "$done_file")" = "$versions" ]; then exit 0; fi
rm -rf "$dir/venv" "$dir/base" "$done_file"

python3 -m venv "$dir/venv"
# shellcheck disable=SC2086
"$dir/venv/bin/python" -m pip install --quiet --disable-pip-version-check $versions

mkdir "$dir/base"
: >"$dir/base/books.sqlite"
printf '[database]\nuri = sqlite://\npath = %s/base\n' "$dir" >"$dir/base/trytond.conf"
printf 'a password of a test\n' >"$dir/base/password"
export TRYTONPASSFILE="$dir/base/password"
admin() { "$dir/venv/bin/python" "$dir/venv/bin/trytond-admin" -c "$dir/base/trytond.conf" -d books "$@"; }
admin --all --email books@example.invalid
admin -u account_invoice account_payment --activate-dependencies
printf '%s' "$versions" >"$done_file"
