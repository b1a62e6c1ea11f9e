#!/bin/sh
# Restaure une sauvegarde dans une base neuve (jamais par-dessus une base existante).
# Odoo arrêté : docker compose stop odoo proxy
# docker compose run --rm -e CNAS_BASE=cnas sauvegarde sh /restaurer.sh /sauvegardes/cnas-AAAAMMJJ-HHMMSS
set -eu
dossier="$1"
base="${CNAS_BASE:-cnas}"
donnees="${CNAS_DONNEES:-/var/lib/odoo}"
cd "$dossier"
sha256sum -c SHA256SUMS
if ! psql -d postgres -tAc "SELECT 1 FROM pg_database WHERE datname = '$base'" | grep -q 1; then
    # le modèle porte les contributions et unaccent immuable, que seul l'administrateur du serveur peut poser
    createdb --template=cnas_modele "$base"
elif psql -d "$base" -tAc "SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1" | grep -q 1; then
    echo "La base « $base » existe et n'est pas vide : renommez-la d'abord (ALTER DATABASE $base RENAME TO ${base}_ancienne)." >&2
    exit 1
fi
liste="$(mktemp)"
pg_restore --list base.dump | grep -v ' EXTENSION ' > "$liste"
pg_restore --no-owner --exit-on-error -L "$liste" -d "$base" base.dump
rm "$liste"
provisoire="$donnees/filestore/.restauration-$base"
rm -rf "$provisoire"
mkdir -p "$provisoire"
tar -C "$provisoire" -xzf fichiers.tar.gz
ancien="$(ls "$provisoire")"
rm -rf "${donnees:?}/filestore/$base"
mv "$provisoire/$ancien" "$donnees/filestore/$base"
rmdir "$provisoire"
chown -R --reference="$donnees" "$donnees/filestore/$base" 2>/dev/null || true
echo "Base « $base » restaurée."
