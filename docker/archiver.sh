#!/bin/sh
# archive_command de PostgreSQL : range un segment dans /archives/journaux. Un segment rangé n'est jamais réécrit ; une coupure
# ne laisse pas un segment tronqué sous son vrai nom.
set -eu
chemin=$1 cible=${CNAS_ARCHIVES_DANS:-/archives}/journaux/$2
mkdir -p "$(dirname "$cible")"
if [ -f "$cible" ]; then
    exec cmp -s "$chemin" "$cible"
fi
cp "$chemin" "$cible.partiel"
sync "$cible.partiel"
mv "$cible.partiel" "$cible"
