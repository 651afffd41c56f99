#!/bin/sh
# Runs NGINX as the edge, and has it read its files again when one of them changes: the configuration, or the gateway's secret.
#
#   run.sh CONFIGURATION SECRET WORK [DELAY_SECONDS]
#
# CONFIGURATION is the folder with nginx.conf. SECRET is the file that the services read as auth.gateway.secrets_file; the edge
# proves itself with its first line. WORK is a folder of the edge's own, best in memory: the secret is written there too.
# Asked to end (TERM), it serves for DELAY_SECONDS more, so that whoever sends requests notices, and then finishes what it has.
#
# It needs a shell, cat and sleep, so any image of NGINX that has them will do.
set -eu
umask 077

configuration=$1
secret=$2
work=$3
delay=${4:-0}

say() {
    echo "edge: $1" >&2
}

# All that NGINX is told, as one text.
told() {
    cat "$configuration"/*.conf "$secret"
}

# Puts it together in the work folder; fails, and says why, if the secret cannot be used.
prepare() {
    for file in "$configuration"/*.conf; do
        cat "$file" >"$work/${file##*/}" || return 1
    done
    proof=
    IFS= read -r proof <"$secret" || [ -n "$proof" ] || return 1
    case $proof in
    *[!A-Za-z0-9+/=._~-]*)
        say "the first line of $secret has characters other than letters, digits and + / = . _ ~ -"
        return 1
        ;;
    esac
    if [ ${#proof} -lt 32 ]; then
        say "the first line of $secret has fewer than 32 characters"
        return 1
    fi
    echo "proxy_set_header X-Gateway-Secret $proof;" >"$work/secret.conf"
}

before=$(told)
prepare
set -- nginx -p "$work" -c "$work/nginx.conf" -e stderr
"$@" &
nginx=$!
ending=
trap 'ending=1' TERM INT

while kill -0 "$nginx" 2>/dev/null; do
    if [ -n "$ending" ]; then
        sleep "$delay"
        kill -QUIT "$nginx"
        break
    fi
    now=$(told 2>/dev/null) || now=$before
    if [ "$now" != "$before" ]; then
        before=$now
        if prepare && "$@" -t -q && kill -HUP "$nginx"; then
            say "the files have changed, and were read again"
        else
            say "the files have changed and cannot be used; what was read before goes on"
        fi
    fi
    sleep 1 &
    wait $! || true
done
wait "$nginx"
