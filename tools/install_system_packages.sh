#!/bin/sh
# Install what pip and npm cannot bring: a browser, Node.js and a C compiler for the tests,
# valgrind for `make instructions`, proxies to stand behind, the shells and jq for the tests of
# the command line, and PHP for the program in docs/bridge.md.
#
# Only root on Debian gets anything installed. Elsewhere the gap is announced here and again
# at the end of the test run; with CI=true it is an error.
set -eu

# command:Debian package
needed='chromium:chromium chromedriver:chromium-driver npm:npm cc:build-essential
    valgrind:valgrind nginx:nginx-light caddy:caddy
    zsh:zsh fish:fish jq:jq php:php-cli'

missing_packages() {
    for entry in $needed; do
        command -v "${entry%%:*}" >/dev/null || printf ' %s' "${entry##*:}"
    done
}

packages=$(missing_packages)
[ -n "$packages" ] || exit 0

if [ "$(id -u)" = 0 ] && grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then
    echo "== Installing$packages with apt-get"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || echo 'apt-get update failed; trying with the lists that are there' >&2
    # shellcheck disable=SC2086  # a list of words on purpose
    apt-get install -y --no-install-recommends $packages || true
    packages=$(missing_packages)
    [ -n "$packages" ] || exit 0
fi

cat >&2 <<EOF
************************************************************************
  Not installed, so some tests or make instructions cannot run:$packages
  On Debian, run as root: apt-get install$packages
************************************************************************
EOF
[ "${CI:-}" != true ]
