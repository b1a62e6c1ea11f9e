#!/bin/sh
# Rend la grappe telle qu'à un instant (temps universel), de la dernière copie qui le précède et des journaux archivés.
# Odoo et PostgreSQL arrêtés : docker compose run --rm revenir "2026-11-26 10:30:00"
# La grappe en place est gardée, entière, dans les archives.
set -eu
instant=$1 archives=${CNAS_ARCHIVES_DANS:-/archives}
case "$instant" in
    [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]\ [0-9][0-9]:[0-9][0-9]:[0-9][0-9]) ;;
    *) echo "L'instant s'écrit « AAAA-MM-JJ HH:MM:SS », en temps universel." >&2; exit 1 ;;
esac
if [ -f "$PGDATA/postmaster.pid" ]; then
    echo "PostgreSQL tourne, ou s'est mal arrêté : docker compose stop base, puis relancez." >&2; exit 1
fi
marque=$(printf '%s' "$instant" | tr -d ':-' | tr ' ' '-')
if [ "$(printf '%s\n%s\n' "$marque" "$(date -u +%Y%m%d-%H%M%S)" | sort | head -n 1)" != "$marque" ]; then
    echo "Cet instant n'est pas encore passé : il est $(date -u '+%Y-%m-%d %H:%M:%S'), en temps universel." >&2; exit 1
fi
copie=
for dossier in "$archives"/bases/[0-9]*-[0-9][0-9][0-9][0-9][0-9][0-9]; do
    nom=$(basename "$dossier")
    if [ -d "$dossier" ] && [ "$(printf '%s\n%s\n' "$nom" "$marque" | sort | head -n 1)" = "$nom" ] && [ "$nom" != "$marque" ]; then
        copie=$dossier
    fi
done
if [ -z "$copie" ]; then
    echo "Aucune copie de la grappe n'est antérieure à cet instant." >&2; exit 1
fi
cote=$archives/grappe-avant-$(date -u +%Y%m%d-%H%M%S)
cp -a "$PGDATA" "$cote"
find "$PGDATA" -mindepth 1 -delete
cp -a "$copie/." "$PGDATA/"
cat >> "$PGDATA/postgresql.auto.conf" <<FIN
restore_command = 'cp "$archives/journaux/%f" "%p"'
recovery_target_time = '$instant UTC'
recovery_target_action = 'promote'
FIN
touch "$PGDATA/recovery.signal"
echo "Depuis la copie $(basename "$copie"). La grappe d'avant est gardée : $cote. Relancez : docker compose up -d"
