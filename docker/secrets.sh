#!/bin/sh
# Tire les secrets au sort à la première mise en route, dans un volume : rien dans le dépôt, rien à saisir.
set -eu
umask 077
cd /run/cnas
for nom in postgres odoo; do
    [ -s "$nom" ] || head -c 32 /dev/urandom | sha256sum | cut -d' ' -f1 > "$nom"
done
printf '*:*:*:odoo:%s\n' "$(cat odoo)" > pgpass
# « postgres » et « odoo » sont lus par l'image PostgreSQL sous son propre usager, « pgpass » par Odoo seul ;
# ce volume n'est monté que dans les services qui en ont besoin
chmod 755 /run/cnas
chmod 444 postgres odoo
chown odoo pgpass
chmod 600 pgpass
