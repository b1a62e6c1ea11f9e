#!/bin/sh
# Une sauvegarde cohérente : la base d'abord, les fichiers ensuite (un fichier d'Odoo ne change jamais de contenu,
# ceux ajoutés entre les deux sont en trop, jamais en moins).
# docker compose run --rm sauvegarde   →   sauvegardes/cnas-AAAAMMJJ-HHMMSS/{base.dump,fichiers.tar.gz,SHA256SUMS}
set -eu
base="${CNAS_BASE:-cnas}"
donnees="${CNAS_DONNEES:-/var/lib/odoo}"
dossier="${CNAS_SAUVEGARDES:-/sauvegardes}/$base-$(date -u +%Y%m%d-%H%M%S)"
mkdir -p "$dossier.partiel"
chmod 700 "$dossier.partiel"
cd "$dossier.partiel"
pg_dump -Fc -d "$base" -f base.dump
mkdir -p vide/filestore
if [ -d "$donnees/filestore/$base" ]; then
    tar -C "$donnees/filestore" -czf fichiers.tar.gz "$base"
else
    tar -C vide -czf fichiers.tar.gz filestore
fi
rm -r vide
pg_restore --list base.dump > /dev/null
sha256sum base.dump fichiers.tar.gz > SHA256SUMS
mv "$dossier.partiel" "$dossier"
# La surveillance (/cnas/sante) lit l'âge de la dernière sauvegarde réussie.
psql -qd "$base" -c "INSERT INTO ir_config_parameter (key, value) VALUES ('cnas.derniere_sauvegarde', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value"
echo "$dossier"
