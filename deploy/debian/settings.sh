#!/bin/sh
# Writes the variables of the services that are named, once: what is there stays as it
# is. The two share one secret that nobody else has. Run by the packages
# and by deploy/install.sh.
#
#   settings.sh FOLDER-OF-EXAMPLES session-manager central-hub healthcheck
set -eu

ETC=${LEADMASTER_ETC:-/etc/leadmaster}
examples=$1
shift

install -d -m 750 "$ETC"
secret=$(sed -n 's/^SESSION_MANAGER_TOKEN=//p' "$ETC/session-manager.env" "$ETC/central-hub.env" 2>/dev/null | tail -n 1)
for name in "$@"; do
    [ -e "$ETC/$name.env" ] && continue
    case $name in
    healthcheck) token= ;;
    *)
        # An operator's own settings without a secret have none to share.
        [ -n "$secret" ] || [ -e "$ETC/session-manager.env" ] || [ -e "$ETC/central-hub.env" ] ||
            secret=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
        token=$secret
        ;;
    esac
    # Nobody else can read it, also not while it is written.
    umask 077
    sed '/^# SESSION_MANAGER_TOKEN=/d' "$examples/$name.env.example" >"$ETC/$name.env.new"
    [ -z "$token" ] || echo "SESSION_MANAGER_TOKEN=$token" >>"$ETC/$name.env.new"
    mv "$ETC/$name.env.new" "$ETC/$name.env"
    echo "leadmaster: wrote $ETC/$name.env"
done
