#!/bin/sh
# Une sauvegarde cohérente : la base d'abord, les fichiers ensuite (un fichier d'Odoo ne change jamais de contenu).
# docker compose run --rm sauvegarde   →   sauvegardes/cnas-AAAAMMJJ-HHMMSS/{base.dump,fichiers.tar.gz,SHA256SUMS}
set -eu
dossier="/sauvegardes/cnas-$(date -u +%Y%m%d-%H%M%S)"
mkdir -p "$dossier.partiel"
cd "$dossier.partiel"
pg_dump -Fc -d cnas -f base.dump
tar -C /var/lib/odoo -czf fichiers.tar.gz filestore/cnas
sha256sum base.dump fichiers.tar.gz > SHA256SUMS
pg_restore --list base.dump > /dev/null
mv "$dossier.partiel" "$dossier"
echo "Sauvegarde faite : $dossier"
