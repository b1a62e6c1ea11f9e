"""La mise en production : ce que compose, le proxy et les scripts promettent, relu dans les fichiers eux-mêmes."""
import datetime
import importlib.util
import re
import shutil
import subprocess

import pytest

from lanceur import chemins

RACINE = chemins.RACINE
COMPOSE = (RACINE / "docker-compose.yml").read_text(encoding="utf-8")


def service(nom):
    """Le texte d'un service de docker-compose.yml."""
    return re.search(rf"^  {nom}:\n(?:(?:    .*| *)\n)+", COMPOSE, re.MULTILINE).group(0)


def test_pas_de_demonstration_par_defaut():
    """Ni compose, ni l'initialisation, ni l'exemple ne chargent des usagers aux mots de passe connus."""
    assert "CNAS_DEMO: ${CNAS_DEMO:-0}" in COMPOSE
    assert 'os.environ.get("CNAS_DEMO", "0") == "1"' in (RACINE / "docker" / "initialiser.py").read_text(encoding="utf-8")
    assert "\nCNAS_DEMO=0\n" in (RACINE / "docker" / "env.exemple").read_text(encoding="utf-8")


def test_secret_du_superutilisateur_hors_d_odoo():
    """Le mot de passe de PostgreSQL ne se monte que là où il se tire et là où il sert."""
    montent = [nom for nom in ("secrets", "base", "initialisation", "odoo", "proxy", "sauvegarder", "restaurer", "mettre-a-jour", "anonymiser", "verifier-journal") if "secrets_base:" in service(nom)]
    commun = COMPOSE[:COMPOSE.index("services:")]
    assert montent == ["secrets", "base"] and "secrets_base" not in commun
    assert "secrets:/run/cnas" not in service("base")


def test_mot_de_passe_d_usine():
    """Aucun message n'annonce plus `admin/admin`, et une base sans démonstration protège le compte technique."""
    textes = [f.read_text(encoding="utf-8") for f in (*(RACINE / "lanceur").glob("*.py"), RACINE / "README.md")]
    assert not any("mot de passe : admin" in texte for texte in textes)
    assert "self._proteger(base)" in (RACINE / "lanceur" / "bases.py").read_text(encoding="utf-8")
    assert "auth_password_policy" in chemins.PRODUCTION


@pytest.mark.parametrize("attendu", [
    'frame-ancestors', "Strict-Transport-Security $hsts", "proxy_cookie_flags session_id $cookie_sur httponly", "Cache-Control $stockage",
    "X-Forwarded-For $remote_addr;", "session/authenticate", "(xmlrpc|jsonrpc)", "(my/formation/droits|cnas/verifier)", "^/web/database { return 404; }"])
def test_proxy(attendu):
    """Chaque porte est limitée, chaque en-tête est posé, et ce que prétend le client n'est pas repris."""
    assert attendu in (RACINE / "docker" / "nginx" / "commun.inc").read_text(encoding="utf-8")


def test_le_proxy_attend_plus_qu_odoo():
    """C'est Odoo qui dit qu'un travail est trop long ; un proxy plus pressé rendrait 504 pendant que le travail continue."""
    odoo = int(re.search(r"^limit_time_real = (\d+)", (RACINE / "odoo.conf").read_text(encoding="utf-8"), re.MULTILINE).group(1))
    proxy = re.findall(r"proxy_(?:read|send)_timeout (\d+)s;", (RACINE / "docker" / "nginx" / "commun.inc").read_text(encoding="utf-8"))
    assert len(proxy) == 2 and all(int(delai) > odoo for delai in proxy)


def test_chaque_service_est_borne():
    """Mémoire bornée et journaux qui tournent, pour chacun ; les images sont épinglées, et .env en change ; les pages ont leurs sommes."""
    communs = COMPOSE[:COMPOSE.index("services:")]
    assert "mem_limit:" in communs and "logging: &journaux" in communs
    for nom in re.findall(r"^  ([a-z-]+):$", COMPOSE[COMPOSE.index("services:"):COMPOSE.index("\nnetworks:")], re.MULTILINE):
        texte = service(nom)
        assert "<<: *" in texte or ("mem_limit:" in texte and "logging: *journaux" in texte), nom
    images = re.findall(r"\$\{CNAS_IMAGE_([A-Z]+):-(\S+)\}", COMPOSE)
    assert {nom for nom, _image in images} == {"ODOO", "POSTGRES", "NGINX"}
    assert [image for _nom, image in images if not re.fullmatch(r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}", image)] == []
    assert f"ARG IMAGE={dict(images)['ODOO']}\n" in (RACINE / "Dockerfile").read_text(encoding="utf-8")
    assert "--data-checksums" in service("base")


def test_chaque_reglage_a_son_exemple():
    """Ce que compose lit de .env se trouve dans l'exemple de production."""
    exemple = (RACINE / "docker" / "env.exemple").read_text(encoding="utf-8")
    assert [nom for nom in set(re.findall(r"\$\{(CNAS_[A-Z_]+)", COMPOSE)) if f"\n{nom}=" not in exemple] == []
    assert "COMPOSE_PROFILES=production" in exemple and "CNAS_DEMO=1" in (RACINE / "docker" / "env.essai").read_text(encoding="utf-8")


@pytest.mark.parametrize("maintenant, heure, secondes", [("01:59", "02:00", 60), ("02:00", "02:00", 86400), ("23:00", "00:30", 5400)])
def test_la_nuit_sauvegarde(maintenant, heure, secondes):
    """Le service « nuit » attend la prochaine fois qu'il sera l'heure."""
    description = importlib.util.spec_from_file_location("nuit", RACINE / "docker" / "nuit.py")
    nuit = importlib.util.module_from_spec(description)
    description.loader.exec_module(nuit)
    assert nuit.attente(heure, datetime.datetime.strptime(f"2026-05-04 {maintenant}", "%Y-%m-%d %H:%M")) == secondes


def test_proxy_tls():
    """L'entrée TLS ne sert rien en clair ; les entrées partagent la même loi, et une seule croit un proxy."""
    for entree in ("clair", "tls", "amont"):
        texte = (RACINE / "docker" / "nginx" / f"{entree}.conf").read_text(encoding="utf-8")
        assert "include /etc/nginx/cnas/commun.inc;" in texte and "include /etc/nginx/cnas/zones.inc;" in texte
        assert ("set_real_ip_from" in texte) == ("$http_x_forwarded_proto" in texte) == (entree == "amont")
    tls = (RACINE / "docker" / "nginx" / "tls.conf").read_text(encoding="utf-8")
    assert "return 301 https://" in tls and "TLSv1.2 TLSv1.3" in tls


@pytest.mark.parametrize("script", sorted(f.name for f in (RACINE / "docker").glob("*.sh")))
def test_scripts(script):
    """Les scripts sont lisibles par sh, et par shellcheck s'il est là."""
    chemin = str(RACINE / "docker" / script)
    subprocess.run(["sh", "-n", chemin], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", chemin], check=True)


def test_les_verbes_de_compose():
    """Chaque verbe d'exploitation de ./cnas a son service, qui appelle ./cnas : une seule implémentation."""
    for verbe in ("sauvegarder", "restaurer", "mettre-a-jour", "anonymiser", "verifier-journal"):
        assert f'entrypoint: ["python3", "/opt/cnas/cnas", "{verbe}"]' in service(verbe)
    dockerfile = (RACINE / "Dockerfile").read_text(encoding="utf-8")
    # rsync:usager@hôte: passe par ssh, que le paquet de rsync ne fait que suggérer
    assert {"age", "gnupg", "rclone", "rsync", "openssh-client"} <= set(dockerfile.split())
    assert "COPY cnas /opt/cnas/cnas" in dockerfile and "CNAS_IMAGE=1" in dockerfile
    assert "chown odoo /sauvegardes" in (RACINE / "docker" / "secrets.sh").read_text(encoding="utf-8")


def test_la_documentation_dit_vrai():
    """Ce que citent les guides existe : fichiers, verbes de ./cnas et services de compose ; chaque alerte y a son geste."""
    alertes = re.findall(r'^ +\("([a-z_]+)", ', (RACINE / "cnas_base" / "models" / "sante.py").read_text(encoding="utf-8"), re.MULTILINE)
    dites = re.findall(r"^\| `([a-z_]+)` \|", (RACINE / "doc" / "exploiter.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert alertes and sorted(alertes) == sorted(dites)
    for guide in (RACINE / "README.md", RACINE / "SECURITY.md", RACINE / "CONTRIBUTING.md", RACINE / "docker" / "README.md", *(RACINE / "doc").rglob("*.md")):
        texte = guide.read_text(encoding="utf-8")
        for verbe in re.findall(r"\./cnas ([a-z-]+)", texte):
            assert f'"{verbe}"' in (RACINE / "lanceur" / "commandes.py").read_text(encoding="utf-8"), (guide.name, verbe)
        for nom in re.findall(r"docker compose run --rm ([a-z-]+)", texte):
            assert service(nom), (guide.name, nom)
        for lien in re.findall(r"\]\((?!https?:|#)([^)#]+)", texte):
            assert (guide.parent / lien).exists(), (guide.name, lien)


@pytest.mark.parametrize("instant, phrase", [
    ("2999-01-01 00:00:00", "pas encore passé"), ("hier", "s'écrit"), ("2020-01-01 00:00:00", "Aucune copie")])
def test_revenir_refuse_avant_de_toucher_a_la_grappe(instant, phrase, tmp_path):
    """Un instant futur, illisible ou d'avant les copies : une phrase, la grappe reste en place."""
    (tmp_path / "donnees").mkdir()
    (tmp_path / "donnees" / "PG_VERSION").write_text("16")
    (tmp_path / "archives" / "bases" / "20210101-000000").mkdir(parents=True)
    refus = subprocess.run(["sh", RACINE / "docker" / "revenir.sh", instant], capture_output=True, text=True, env={
        "PATH": "/usr/bin:/bin", "PGDATA": str(tmp_path / "donnees"), "CNAS_ARCHIVES_DANS": str(tmp_path / "archives")})
    assert refus.returncode == 1 and phrase in refus.stderr, refus
    assert [f.name for f in (tmp_path / "donnees").iterdir()] == ["PG_VERSION"]


def test_les_dossiers_de_la_caisse_n_entrent_ni_dans_git_ni_dans_l_image():
    """Sauvegardes, archives, certificats : là où compose les pose par défaut, rien ne les ramasse."""
    dossiers = set(re.findall(r":-\./(\w+)\}", COMPOSE))
    assert {"archives", "sauvegardes", "certificats"} <= dossiers
    assert {f"{nom}/" for nom in dossiers} <= set((RACINE / ".gitignore").read_text(encoding="utf-8").split())
    assert dossiers <= set((RACINE / ".dockerignore").read_text(encoding="utf-8").split())
