#!/bin/sh
# The command: the Node that `npm ci` brought, else the machine's own, takes the place of this shell, so that no second process stays beside it.
self=$0
if [ -L "$self" ]; then self=$(readlink -f "$self"); fi
entry=${self%/*}/kombinator.mjs
node=${self%/*}/../../node_modules/node/bin/node
if [ ! -x "$node" ]; then node=node; fi
# A command ends before its garbage is worth looking for; the daemon sets limits of its own.
case " $* " in
  *" serve "*) exec "$node" "$entry" "$@" ;;
  *) exec "$node" --min-semi-space-size=16 "$entry" "$@" ;;
esac
