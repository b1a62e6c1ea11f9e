#!/bin/sh
# Tire les secrets au sort à la première mise en route, dans deux volumes : rien dans le dépôt, rien à saisir.
# « cnas_base » (superutilisateur, mot de passe du rôle) n'est monté que dans PostgreSQL ; « cnas » (pgpass) dans Odoo.
set -eu
umask 077
cd /run/cnas_base
for nom in postgres odoo; do
    # une mise en route d'avant la séparation : le secret change de volume, pas de valeur
    if [ -s "/run/cnas/$nom" ]; then
        mv "/run/cnas/$nom" "$nom"
    fi
    [ -s "$nom" ] || head -c 32 /dev/urandom | sha256sum | cut -d' ' -f1 > "$nom"
done
printf '*:*:*:odoo:%s\n' "$(cat odoo)" > /run/cnas/pgpass
# lus par l'image PostgreSQL sous son propre usager ; « pgpass » par Odoo seul
chmod 755 /run/cnas /run/cnas_base
chmod 444 postgres odoo
chown odoo /run/cnas/pgpass
chmod 600 /run/cnas/pgpass
# les sauvegardes s'écrivent sous l'usager d'Odoo, et ne se lisent que par lui
chown odoo /sauvegardes
chmod 700 /sauvegardes
# les archives de PostgreSQL s'écrivent sous l'usager de son image
mkdir -p /archives/journaux /archives/bases
chown 999 /archives /archives/journaux /archives/bases
chmod 700 /archives
