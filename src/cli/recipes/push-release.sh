#!/bin/sh
# Turns what runs on a node into a site directory: makes a signed patch from one to the other and pushes it.
#
#   EMEND_KEY="$(cat ci.key)" EMEND_TOKEN=… push-release.sh SITE_DIR https://NODE:9080 [option of emend push]…
#
# EMEND_KEY    the secret key, without a passphrase (emend keygen -o ci --no-passphrase)
# EMEND_TOKEN  a token of the node that may push
# EMEND_LABEL  a name for people, such as a commit (optional)
# EMEND_SITE   the site of the node (default: default)
# EMEND        the program (default: emend)
#
# Ends with the exit code of emend: 0 pushed, 3 refused (the last word on stderr says why), 1 failed, 2 wrong usage.
# When somebody else has pushed in between, the patch is made again, from what runs then.
set -eu

site_dir=${1:?expected SITE_DIR}
node=${2:?expected the admin address of a node}
shift 2
emend=${EMEND:-emend}
site=${EMEND_SITE:-default}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# For this user alone, before anything is in it.
umask 077
printf '%s\n' "${EMEND_KEY:?expected the secret key}" > "$work/ci.key"
unset EMEND_KEY

attempt=1
while :; do
    "$emend" patch --from "$node" --to "$site_dir" --site "$site" --key "$work/ci.key" --strict --expires 1h \
        ${EMEND_LABEL:+--label "$EMEND_LABEL"} -o "$work/release.emend"
    status=0
    "$emend" push "$work/release.emend" --to "$node" --site "$site" "$@" 2> "$work/errors" || status=$?
    cat "$work/errors" >&2
    refusal=$(sed -n '$s/.* //p' "$work/errors")
    case "$status $refusal" in
    '3 patch.wrong-base' | '3 patch.sequence' | '3 busy')
        [ "$attempt" -lt 3 ] || exit "$status"
        attempt=$((attempt + 1))
        echo "somebody else has changed the node: attempt $attempt" >&2
        sleep 1
        ;;
    *) exit "$status" ;;
    esac
done
