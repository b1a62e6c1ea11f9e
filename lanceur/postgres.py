"""PostgreSQL : celui qu'on nous donne (PGHOST, DATABASE_URL), sinon un serveur privé au clone."""
import glob
import grp
import hashlib
import os
import pwd
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from . import chemins, console, systeme
from .console import Arret

VERSION_MIN = 13
# « all » ne comprend pas la copie de la grappe (pg_basebackup)
ACCES_COPIE = "local replication postgres peer map=cnas\n"


class Acces:
    """Comment joindre le serveur : variables PG* du métier, et celles de l'administrateur du serveur privé."""

    def __init__(self, variables, admin=None, base=None, grappe=None):
        self.variables, self.base, self.grappe = variables, base, grappe
        self.admin = admin or variables

    def options_odoo(self):
        """Les réglages db_* du fichier de configuration (le mot de passe reste dans l'environnement)."""
        paires = (("db_host", "PGHOST"), ("db_port", "PGPORT"), ("db_user", "PGUSER"), ("db_sslmode", "PGSSLMODE"))
        return {option: self.variables[nom] for option, nom in paires if self.variables.get(nom)}


def fourni():
    """Accès décrit par l'environnement, ou None."""
    adresse = os.environ.get("DATABASE_URL")
    if adresse:
        morceaux = urlsplit(adresse)
        if morceaux.scheme not in ("postgres", "postgresql"):
            raise Arret("DATABASE_URL doit ressembler à postgresql://usager:mot_de_passe@hote:5432/base")
        requete = parse_qs(morceaux.query)
        valeurs = {
            "PGHOST": unquote(morceaux.hostname or "") or requete.get("host", ["localhost"])[0],
            "PGPORT": str(morceaux.port or requete.get("port", ["5432"])[0]),
            "PGUSER": unquote(morceaux.username or "") or os.environ.get("PGUSER", ""),
            "PGPASSWORD": unquote(morceaux.password or "") or os.environ.get("PGPASSWORD", ""),
            "PGSSLMODE": requete.get("sslmode", [""])[0],
        }
        return Acces({c: v for c, v in valeurs.items() if v}, base=morceaux.path.strip("/") or None)
    if os.environ.get("PGHOST"):
        noms = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGSSLMODE")
        return Acces({n: os.environ[n] for n in noms if os.environ.get(n)}, base=os.environ.get("PGDATABASE"))
    return None


def _binaires():
    """Dossier des programmes du serveur le plus récent (≥ 13), ou None."""
    candidats = glob.glob("/usr/lib/postgresql/*/bin") + glob.glob("/usr/pgsql-*/bin") + glob.glob("/opt/homebrew/opt/postgresql*/bin")
    if shutil.which("initdb"):
        candidats.append(os.path.dirname(os.path.realpath(shutil.which("initdb"))))
    trouves = []
    for dossier in candidats:
        if os.access(os.path.join(dossier, "initdb"), os.X_OK) and os.access(os.path.join(dossier, "postgres"), os.X_OK):
            sortie = subprocess.run([os.path.join(dossier, "postgres"), "--version"], capture_output=True, text=True).stdout
            version = re.search(r"(\d+)(?:\.|\s|$|[a-z])", sortie)
            if version and int(version.group(1)) >= VERSION_MIN:
                trouves.append((int(version.group(1)), dossier))
    return max(trouves)[1] if trouves else None


def programme(nom, acces):
    """Chemin d'un programme client (pg_dump, pg_restore, psql) : celui du serveur privé, sinon le plus récent de la machine."""
    dossier = acces.grappe.binaires if isinstance(acces.grappe, Grappe) else _binaires()
    chemin = os.path.join(dossier, nom) if dossier and os.access(os.path.join(dossier, nom), os.X_OK) else shutil.which(nom)
    if not chemin:
        raise Arret(f"Le programme « {nom} » manque : installez le client de PostgreSQL (apt-get install postgresql-client).")
    return chemin


def preparer(nom="pg", rapide=False):
    """Rend un accès à un PostgreSQL qui répond."""
    console.etape("PostgreSQL")
    acces = fourni()
    if acces:
        console.detail(f"serveur fourni : {acces.variables.get('PGHOST')}")
        return acces
    binaires = _binaires()
    if not binaires:
        systeme.installer("postgresql", "postgresql-contrib")
        binaires = _binaires()
    if not binaires:
        raise Arret("PostgreSQL 13 ou plus récent manque. Installez-le (Debian/Ubuntu : sudo apt-get install postgresql "
                    "postgresql-contrib), ou indiquez un serveur existant par PGHOST ou DATABASE_URL, puis relancez.")
    grappe = Grappe(nom, binaires, rapide)
    grappe.demarrer()
    console.detail(f"serveur privé : {grappe.dossier}")
    commun = {"PGHOST": str(grappe.prise), "PGPORT": "5432"}
    return Acces({**commun, "PGUSER": "cnas"}, {**commun, "PGUSER": "postgres"}, grappe=grappe)


class Grappe:
    """Serveur PostgreSQL privé au clone : prise Unix seulement, identité prise du système (« peer »).

    PostgreSQL refuse d'être lancé par root : il tourne alors sous l'usager « postgres » (à défaut « cnas-pg » créé
    pour lui, ou « nobody »), dans `.cnas/` si cet usager peut y entrer, sinon dans /var/lib/cnas.
    """

    def __init__(self, nom, binaires, rapide=False):
        self.nom, self.binaires, self.rapide = nom, binaires, rapide
        self.identite = _identite_reduite() if systeme.est_root() else {}
        self.dossier = self._choisir_dossier()
        self.donnees = self.dossier / "donnees"
        self.journal = self.dossier / "journal.log"
        self.prise = self._choisir_prise()

    def _choisir_dossier(self):
        if self.identite and self._sous_identite(["/bin/sh", "-c", 'cd "$0"', str(chemins.prive().parent)]).returncode:
            marque = hashlib.sha256(str(chemins.RACINE).encode()).hexdigest()[:12]
            return Path("/var/lib/cnas") / f"{marque}-{self.nom}"
        return chemins.PRIVE / self.nom

    def _choisir_prise(self):
        """Dossier de la prise Unix ; une prise ne peut dépasser 107 octets."""
        if len(str(self.dossier)) < 80:
            return self.dossier / "prise"
        marque = hashlib.sha256(str(self.dossier).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"cnas-{os.geteuid()}-{marque}"

    def _sous_identite(self, commande, **options):
        return subprocess.run(commande, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/",
                              **self.identite, **options)

    def _poser(self, dossier):
        dossier.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.identite:
            shutil.chown(dossier, self.identite["user"], self.identite["group"])
        elif dossier.stat().st_uid != os.geteuid():
            raise Arret(f"Le dossier {dossier} appartient à un autre usager : supprimez-le ou changez TMPDIR, puis relancez.")
        dossier.chmod(0o700)

    def _programme(self, nom, *arguments):
        return self._sous_identite([os.path.join(self.binaires, nom), *map(str, arguments)])

    def tourne(self):
        """Vrai si le serveur répond à pg_ctl."""
        return (self.donnees / "PG_VERSION").exists() and self._programme("pg_ctl", "-D", self.donnees, "status").returncode == 0

    def _deja_la(self):
        """Vrai si le serveur tourne et répond ; celui qui vient de mourir, ou qui démarre, est attendu."""
        for _essai in range(40):
            if not self.tourne():
                return False
            if self._programme("pg_isready", "-q", "-h", self.prise).returncode == 0:
                return True
            time.sleep(0.5)
        raise Arret(f"Le serveur PostgreSQL privé tourne mais ne répond pas : ./cnas arreter, puis relancez (journal : {self.journal}).")

    def demarrer(self):
        """Crée la grappe au besoin et la démarre ; sans effet si elle tourne."""
        with chemins.verrou(chemins.prive(f"{self.nom}.verrou")):
            if self._deja_la():
                return
            for dossier in (self.dossier, self.prise):
                self._poser(dossier)
            if not (self.donnees / "complet").exists():
                self._initialiser()
            self._verifier_version()
            sortie = self._programme("pg_ctl", "-D", self.donnees, "-l", self.journal, "-w", "-t", "120",
                                     "-o", _option_prise(self.prise), "start")
            if sortie.returncode:
                raise Arret("Le serveur PostgreSQL privé n'a pas démarré :\n"
                            f"{console.fin_du_journal(self.journal, 8) or sortie.stderr or sortie.stdout}")
            self._role()

    def _initialiser(self):
        console.detail("création du serveur privé")
        shutil.rmtree(self.donnees, ignore_errors=True)
        sortie = self._programme("initdb", "-D", self.donnees, "-U", "postgres", "-E", "UTF8", "--locale=C",
                                 "--data-checksums", "--auth=peer", "--no-instructions")
        if sortie.returncode and "no-instructions" in sortie.stderr:
            sortie = self._programme("initdb", "-D", self.donnees, "-U", "postgres", "-E", "UTF8", "--locale=C", "--data-checksums",
                                     "--auth=peer")
        if sortie.returncode:
            raise Arret(f"La création du serveur PostgreSQL privé a échoué :\n{sortie.stderr.strip()}")
        usagers = {pwd.getpwuid(os.geteuid()).pw_name}
        if self.identite:
            usagers.add(pwd.getpwuid(self.identite["user"]).pw_name)
        (self.donnees / "pg_hba.conf").write_text("local all all peer map=cnas\n" + ACCES_COPIE, encoding="utf-8")
        (self.donnees / "pg_ident.conf").write_text(
            "".join(f"cnas {usager} {role}\n" for usager in sorted(usagers) for role in ("postgres", "cnas")), encoding="utf-8")
        with open(self.donnees / "postgresql.conf", "a", encoding="utf-8") as flux:
            flux.write(_reglages(self.rapide))
        (self.donnees / "complet").touch()

    def _verifier_version(self):
        voulue = (self.donnees / "PG_VERSION").read_text().strip()
        autres = glob.glob(f"/usr/lib/postgresql/{voulue}/bin")
        if os.path.basename(os.path.dirname(self.binaires)) != voulue and autres:
            self.binaires = autres[0]

    def _role(self):
        """Le rôle de l'application : il crée ses bases, sans être administrateur."""
        requete = "DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname='cnas') THEN CREATE ROLE cnas LOGIN CREATEDB; END IF; END$$"
        for _essai in range(20):
            sortie = subprocess.run([os.path.join(self.binaires, "psql"), "-h", self.prise, "-U", "postgres", "-d", "postgres",
                                     "-qc", requete], capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if sortie.returncode == 0:
                return
            time.sleep(0.5)
        raise Arret(f"Le serveur PostgreSQL privé ne répond pas : {sortie.stderr.strip()}")

    def arreter(self):
        """Arrête le serveur ; rend vrai s'il tournait."""
        if not self.tourne():
            return False
        self._programme("pg_ctl", "-D", self.donnees, "-m", "fast", "-w", "-t", "60", "stop")
        return True


def _option_prise(dossier):
    """L'option `-k` du serveur : une liste de dossiers, que pg_ctl fait lire à un shell (espaces, apostrophes)."""
    liste = '"%s"' % str(dossier).replace('"', '""')
    return f"-k {shlex.quote(liste)}"


def _reglages(rapide):
    """Réglages sobres d'un serveur privé ; `rapide` (tests) renonce à survivre à une coupure."""
    memoire = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    lignes = ["listen_addresses = ''", "max_connections = 150", f"shared_buffers = {max(64, min(1024, memoire // 16))}MB",
              f"effective_cache_size = {max(256, memoire // 3)}MB", "work_mem = 16MB", "maintenance_work_mem = 128MB",
              "random_page_cost = 1.1", "jit = off", "max_wal_size = 2GB", "timezone = 'UTC'", "log_timezone = 'UTC'"]
    if rapide:
        lignes += ["fsync = off", "synchronous_commit = off", "full_page_writes = off"]
    return "\n# CNAS\n" + "\n".join(lignes) + "\n"


def _identite_reduite():
    """Identité sous laquelle root lance PostgreSQL."""
    for nom in ("postgres", "cnas-pg"):
        try:
            usager = pwd.getpwnam(nom)
        except KeyError:
            continue
        return {"user": usager.pw_uid, "group": usager.pw_gid, "extra_groups": []}
    if shutil.which("useradd") and subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "cnas-pg"], capture_output=True).returncode == 0:
        return _identite_reduite()
    usager = pwd.getpwnam("nobody")
    return {"user": usager.pw_uid, "group": grp.getgrgid(usager.pw_gid).gr_gid, "extra_groups": []}


def grappes_du_clone():
    """Les serveurs privés déjà créés pour ce clone."""
    binaires = _binaires()
    grappes = [Grappe(nom, binaires) for nom in ("pg", "pg-tests")] if binaires else []
    return [grappe for grappe in grappes if grappe.donnees.exists()]
