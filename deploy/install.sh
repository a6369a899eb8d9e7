#!/bin/sh
# Installs the pair on a bare Debian server under systemd, upgrades it, or goes
# back to what ran before. From an unpacked release archive, as root:
#
#   ./deploy/install.sh               install, or upgrade to this version
#   ./deploy/install.sh --rollback    back to the version that ran before
#   ./deploy/install.sh --help
#
#   /opt/leadmaster/releases/VERSION  the installed releases, unchanged
#   /opt/leadmaster/current           the running release; /previous the one before
#   /etc/leadmaster/*.env             the variables; written once, then yours to edit
#   /var/lib/leadmaster{,-hub}        the session, the ledgers; never touched here
set -eu

PREFIX=/opt/leadmaster
ETC=/etc/leadmaster
UNITS="leadmaster-session-manager leadmaster-central-hub"

say() { printf '%s\n' "install: $*"; }
die() { printf '%s\n' "install: $*" >&2; exit 1; }

usage() { sed -n '2,/^set -eu/{s/^# \{0,1\}//;/^set -eu/d;p;}' "$0"; }

# Prints the value of a variable in an environment file, or else the given default.
value() {
    found=$(sed -n "s/^$2=//p" "$ETC/$1" 2>/dev/null | tail -n 1)
    printf '%s' "${found:-$3}"
}

# Waits until both services answer, for a minute at most.
healthy() {
    for port in "$(value session-manager.env PORT 3001)" "$(value central-hub.env PORT 3012)"; do
        tries=60
        until curl -fsS -o /dev/null "http://127.0.0.1:$port/health" 2>/dev/null; do
            tries=$((tries - 1))
            [ "$tries" -gt 0 ] || return 1
            # shellcheck disable=SC2086
            ! systemctl is-failed --quiet $UNITS || return 1
            sleep 1
        done
    done
}

# Makes $1 the current release, and starts it.
switch() {
    ln -sfn "releases/$1" "$PREFIX/current.new"
    mv -T "$PREFIX/current.new" "$PREFIX/current"
    for unit in $UNITS; do
        install -m 644 "$PREFIX/current/deploy/systemd/$unit.service" /etc/systemd/system/
    done
    # Older versions lack these.
    for unit in leadmaster-alert@.service leadmaster-healthcheck.service leadmaster-healthcheck.timer; do
        [ ! -e "$PREFIX/current/deploy/systemd/$unit" ] ||
            install -m 644 "$PREFIX/current/deploy/systemd/$unit" /etc/systemd/system/
    done
    systemctl daemon-reload
    # shellcheck disable=SC2086
    systemctl enable --quiet $UNITS
    # shellcheck disable=SC2086
    systemctl restart $UNITS
}

running() { readlink "$PREFIX/$1" 2>/dev/null | sed 's,^releases/,,'; }

rollback() {
    before=$(running previous)
    now=$(running current)
    [ -n "$before" ] || die "there is no version to go back to"
    say "from $now back to $before"
    switch "$before"
    ln -sfn "releases/$now" "$PREFIX/previous"
    healthy || die "$before does not answer either: journalctl -u leadmaster-session-manager -u leadmaster-central-hub"
    say "$before runs"
}

packages() {
    missing=""
    for package in chromium chromium-driver curl ca-certificates; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing="$missing $package"
    done
    [ -z "$missing" ] && return
    say "installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
}

users() {
    id leadmaster >/dev/null 2>&1 ||
        useradd --system --home-dir /var/lib/leadmaster --shell /usr/sbin/nologin leadmaster
    id leadmaster-hub >/dev/null 2>&1 ||
        useradd --system --home-dir /var/lib/leadmaster-hub --shell /usr/sbin/nologin leadmaster-hub
}

# Writes the variables, with one secret that the two services share.
settings() {
    LEADMASTER_ETC="$ETC" "$HERE/deploy/debian/settings.sh" "$HERE/deploy/systemd" \
        session-manager central-hub healthcheck
}

upgrade() {
    for binary in session-manager central-hub; do
        [ -x "$HERE/bin/$binary" ] || die "bin/$binary is missing: unpack a release archive (cargo xtask dist makes one) and run this from there"
    done
    version=$("$HERE/bin/session-manager" --version | awk '{ print $2 }')
    build=$(sha256sum "$HERE/bin/session-manager" "$HERE/bin/central-hub" | sha256sum | cut -c 1-8)
    version="$version-$build"
    now=$(running current)
    kept=$(running previous)
    [ "$now" = "$version" ] && say "$version runs already: starting it anew"
    packages
    users
    settings
    if [ ! -d "$PREFIX/releases/$version" ]; then
        rm -rf "$PREFIX/releases/.new"
        install -d -m 755 "$PREFIX/releases/.new"
        cp -R "$HERE/bin" "$HERE/deploy" "$PREFIX/releases/.new/"
        # The services must be able to read it, whoever unpacked it and with whatever umask.
        chown -R root:root "$PREFIX/releases/.new"
        chmod -R u=rwX,go=rX "$PREFIX/releases/.new"
        mv "$PREFIX/releases/.new" "$PREFIX/releases/$version"
    fi
    ln -sfn current/bin "$PREFIX/bin"
    [ -z "$now" ] || [ "$now" = "$version" ] || ln -sfn "releases/$now" "$PREFIX/previous"
    switch "$version"
    if healthy; then
        say "$version runs: http://127.0.0.1:$(value central-hub.env PORT 3012)/whatsapp"
        say "messages are simulated while DRY_RUN=true in $ETC/central-hub.env"
        return
    fi
    [ -n "$now" ] && [ "$now" != "$version" ] && {
        say "$version does not answer:"
        rollback
        # Never roll back to the release that failed.
        rm "$PREFIX/previous"
        [ -z "$kept" ] || ln -sfn "releases/$kept" "$PREFIX/previous"
        exit 1
    }
    die "$version does not answer: journalctl -u leadmaster-session-manager -u leadmaster-central-hub"
}

HERE=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
case "${1:-}" in
-h | --help) usage; exit 0 ;;
'' | --rollback) ;;
*) usage >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || die "this has to be run as root: sudo $0 $*"
command -v apt-get >/dev/null || die "this is for Debian; elsewhere follow docs/operations.md"
[ -d /run/systemd/system ] || die "systemd does not run here; PM2 is the other way, docs/operations.md"
case "${1:-}" in
--rollback) rollback ;;
*) upgrade ;;
esac
