#!/bin/sh
# Les deux commandes du README dans un Debian 12 minimal (python3 et git seuls), fait par debootstrap et jeté ensuite.
# À lancer en root, hors de ./cnas tester (dix à soixante minutes) : tests/outils/racine_nue.sh [SÉLECTION de ./cnas tester]
# La racine reprend les sources de paquets et les réglages de pip de la machine ; Odoo est prêté, en lecture seule.
set -eu
depot=$(cd "$(dirname "$0")/../.." && pwd)
racine=${CNAS_RACINE_NUE:-$(mktemp -d /var/tmp/cnas-racine-XXXXXX)}
odoo=${ODOO_DIR:-$HOME/.cache/odoo/17.0}
miroir=$(sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] *\)\{0,1\}\([^ ]*\) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)

if [ "${1:-}" != --dedans ]; then
    # un espace de noms à soi : ses montages meurent avec lui, on n'efface qu'ensuite
    chmod 755 "$racine"
    code=0
    CNAS_RACINE_NUE=$racine unshare --mount --pid --fork --kill-child "$0" --dedans "$@" || code=$?
    if grep -q " $racine/" /proc/self/mounts; then
        echo "Des montages restent sous $racine : rien n'est effacé." >&2; exit 1
    fi
    rm -rf --one-file-system "$racine" "$racine.log"
    exit "$code"
fi
shift

echo "• racine nue : $racine"
debootstrap --variant=minbase --include=python3,git,ca-certificates bookworm "$racine" "$miroir" > "$racine.log" 2>&1 || { tail -n 5 "$racine.log"; exit 1; }
cp -a /etc/apt/sources.list* /etc/apt/apt.conf.d "$racine/etc/apt/" 2>/dev/null || true
rm -f "$racine/etc/apt/apt.conf.d/docker-clean"
cp -L /etc/resolv.conf /etc/hosts "$racine/etc/"
cp -a /etc/ssl/certs/. "$racine/etc/ssl/certs/"
for reglage in /etc/pip.conf /etc/xdg/pip; do
    [ ! -e "$reglage" ] || { mkdir -p "$racine$(dirname "$reglage")"; cp -a "$reglage" "$racine$reglage"; }
done
for pretes in /opt/wheels /opt/pypi /opt/pypi-more; do
    [ ! -d "$pretes" ] || { mkdir -p "$racine$pretes"; mount --rbind -o ro "$pretes" "$racine$pretes"; }
done
mount -t proc proc "$racine/proc"
mount --rbind /dev "$racine/dev"
mkdir -p "$racine/srv/odoo"
[ ! -d "$odoo" ] || mount --bind -o ro "$odoo" "$racine/srv/odoo"
git clone -q "$depot" "$racine/srv/cnas"

dans() {
    chroot "$racine" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 ODOO_DIR="$([ -d "$odoo" ] && echo /srv/odoo)" \
        PIP_CERT="${PIP_CERT:-}" PIP_FIND_LINKS="${PIP_FIND_LINKS:-}" sh -c "cd /srv/cnas && $1"
}
debut=$(date +%s)
dans "./cnas demarrer --arriere-plan"
dans "python3 -c \"import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8069/web/login').status)\""
dans "./cnas arreter"
echo "• ./cnas demarrer : $(($(date +%s) - debut)) s"
dans "./cnas tester ${1:-}"
dans "./cnas arreter" || true
echo "• tout : $(($(date +%s) - debut)) s"
