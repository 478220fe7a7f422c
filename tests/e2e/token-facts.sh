#!/usr/bin/env bash
# What tokens tell of themselves, beside the tools that make such tokens: openssl, ssh-keygen, gpg,
# PyJWT, pymacaroons, botocore, azure-storage-blob and google-cloud-storage. Each token is made here,
# so that no file of the repository holds one, and every fact that the report gives is compared.
#
#   tests/e2e/token-facts.sh [PROGRAM]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/e2e/common.sh
source "$root/tests/e2e/common.sh"
find_program "${1:-}"

for tool in openssl ssh-keygen gpg python3; do
    command -v "$tool" >/dev/null || fail "$tool is missing; install it and start again"
done

packages=(PyJWT==2.15.1 pymacaroons==0.13.0 botocore==1.44.5 azure-storage-blob==12.31.1
    google-cloud-storage==3.17.1 cryptography==50.0.2)
folder=$cache/token-facts
if [ "$(cat "$folder/packages" 2>/dev/null)" != "${packages[*]}" ]; then
    say "installing ${packages[*]}"
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "${packages[@]}"
    printf '%s' "${packages[*]}" >"$folder/packages"
fi

# Nothing may be looked up, and no key of the user's may be touched.
export GNUPGHOME=$scratch/gnupg AWS_EC2_METADATA_DISABLED=true NO_GCE_CHECK=true
mkdir -m 700 "$GNUPGHOME"
status=0
"$folder/bin/python" "$root/tests/e2e/token_facts.py" "$program" "$scratch/tokens" || status=$?
gpgconf --kill gpg-agent 2>/dev/null || true
[ "$status" -eq 0 ] || fail "the facts of tokens are not those that their makers gave"
