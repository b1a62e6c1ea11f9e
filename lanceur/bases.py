"""Les bases : création, installation et mise à jour des addons, copie pour les tests."""
import json
import os
import re
import secrets
import shutil
import subprocess
import time
from pathlib import Path

from . import chemins, console, environnement, horloge, postgres, sources_odoo
from .console import Arret

# En jours : le jeu se raconte depuis le jour de son installation, les tests comptent depuis aujourd'hui.
AGE_MAX = 14
OUTIL = chemins.RACINE / "lanceur" / "outil_base.py"
ODOO_BIN = chemins.RACINE / "lanceur" / "odoo_bin.py"
NOM_PERMIS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}\Z")
# La première est celle des faits et des comptes neufs ; chacun choisit la sienne.
LANGUES = "fr_FR,ar_001"
RESERVES = ("postgres", "template0", "template1", "cnas_modele")


class Machine:
    """Ce qu'il faut pour lancer Odoo : le Python, l'arbre d'Odoo, l'accès à PostgreSQL."""

    def __init__(self, python, odoo, acces, horloge=None):
        self.python, self.odoo, self.acces, self.horloge = python, odoo, acces, horloge or {}
        self.donnees = chemins.prive("donnees")
        self.donnees.mkdir(mode=0o700, exist_ok=True)

    @classmethod
    def de_l_image(cls):
        """La machine de compose : l'Odoo de l'image officielle, le PostgreSQL que l'environnement désigne."""
        racine = Path("/usr/lib/python3/dist-packages")
        machine = cls("/usr/bin/python3", sources_odoo.Odoo(racine, [racine / "odoo" / "addons"], "image officielle"), postgres.fourni())
        machine.donnees = Path("/var/lib/odoo")
        return machine

    def env(self, admin=False):
        """Variables d'environnement des programmes lancés."""
        env = environnement.variables(self.python, self.odoo)
        for nom in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGSSLMODE", "PGDATABASE"):
            env.pop(nom, None)
        env.update(self.acces.admin if admin else self.acces.variables)
        env.update(self.horloge)
        return env

    def sql(self, commande, base, admin=False, outil=OUTIL, **donnees):
        """Exécute une commande d'un outil (outil_base) et rend sa réponse."""
        # les données passent par l'entrée : un mot de passe ne se lit pas dans la liste des processus
        sortie = subprocess.run([self.python, outil, commande, base], env=self.env(admin), input=json.dumps(donnees),
                                capture_output=True, text=True, cwd="/")
        try:
            reponse = json.loads(sortie.stdout)
        except ValueError:
            raise Arret(f"Échec de l'opération « {commande} » sur la base {base} :\n{sortie.stderr.strip()}") from None
        if "erreur" in reponse:
            raise Arret(f"PostgreSQL refuse l'opération « {commande} » sur la base {base} : {reponse['erreur']}")
        return reponse

    def verifier_serveur(self):
        """Le serveur répond, il est assez récent, ses contributions sont là."""
        reponse = self.sql("serveur", "postgres", admin=True)
        if reponse["version"] < 13:
            raise Arret(f"PostgreSQL {reponse['version']} est trop ancien : il faut PostgreSQL 13 ou plus récent.")
        if reponse["manquantes"]:
            raise Arret(f"Contributions PostgreSQL absentes : {', '.join(reponse['manquantes'])}. "
                        "Installez le paquet « postgresql-contrib » du serveur puis relancez.")
        if reponse["role"] == "postgres" and not self.acces.grappe:
            raise Arret("Odoo refuse de se connecter avec le rôle « postgres » : créez un rôle à lui "
                        "(createuser --createdb cnas) et indiquez-le par PGUSER ou DATABASE_URL.")

    def creer_base(self, base, modele=None):
        """Crée une base vide prête pour Odoo, ou la copie d'un modèle (fichiers compris)."""
        reponse = self.sql("creer", base, admin=True, modele=modele,
                           proprietaire="cnas" if self.acces.grappe else None)
        for defaut in reponse.get("defauts", []):
            console.detail(f"contribution PostgreSQL en défaut : {defaut}")
        if self.horloge:
            self.sql("decaler", base, jours=horloge.DECALAGE)
        magasin = self.donnees / "filestore"
        if (magasin / base).exists():
            # les fichiers d'une base de ce nom, renommée ou perdue : mis de côté, jamais effacés
            (magasin / base).rename(magasin / f"{base}_orphelin_{time.strftime('%Y%m%d_%H%M%S')}")
        if modele and (magasin / modele).is_dir():
            shutil.copytree(magasin / modele, magasin / base)

    def supprimer_base(self, base):
        """Supprime une base et ses fichiers."""
        self.sql("supprimer", base, admin=True)
        shutil.rmtree(self.donnees / "filestore" / base, ignore_errors=True)

    def fichier_de_configuration(self, base):
        """Où est la configuration d'Odoo pour cette base."""
        if os.environ.get("CNAS_IMAGE"):
            return Path("/etc/odoo/odoo.conf")
        return chemins.prive("conf", f"{base}.conf")

    def configuration(self, base, **options):
        """Écrit le fichier de configuration d'une base et rend son chemin."""
        reglages = {
            "addons_path": self.odoo.chemin_addons, "data_dir": self.donnees, "db_name": base,
            "dbfilter": f"^{re.escape(base)}$", "list_db": False, "unaccent": True, "workers": 0, "max_cron_threads": 1,
            "without_demo": "all", "limit_time_cpu": 3600, "limit_time_real": 3600, "limit_memory_soft": 0, "limit_memory_hard": 0,
            "http_interface": "127.0.0.1", "server_wide_modules": "base,web,queue_job",
            **self.acces.options_odoo(), **options,
        }
        chemin = chemins.prive("conf", f"{base}.conf")
        lignes = "".join(f"{cle} = {valeur}\n" for cle, valeur in reglages.items())
        chemin.write_text(f"[options]\n{lignes}\n[queue_job]\nchannels = root:1\n", encoding="utf-8")
        chemin.chmod(0o600)
        return chemin

    def commande(self, configuration, *arguments, verbe=()):
        """Ligne de commande d'Odoo ; `verbe` : sa sous-commande (« shell »)."""
        return [self.python, str(ODOO_BIN), *verbe, "-c", str(configuration), *map(str, arguments)]

    def plan(self, base, demo=True, en_plus=()):
        """Ce qu'une base réclame : {etat, nouveaux, changes, voulues, production} ; rien n'est écrit d'autre que la reprise d'une coupure."""
        verifier_nom(base)
        etat = self.sql("etat", base)
        if etat.get("etrangere"):
            raise Arret(f"La base « {base} » existe et n'est pas une base Odoo : choisissez un autre nom (--base).")
        if etat["modules"] and self.sql("reprendre", base)["repris"]:
            etat = self.sql("etat", base)
        addons = self._addons_voulus(etat, demo, en_plus)
        voulues, production = chemins.empreintes_addons(addons), chemins.DEMO not in addons
        nouveaux, changes = a_faire(etat, voulues, chemins.PRODUCTION if production else ())
        return {"etat": etat, "nouveaux": nouveaux, "changes": changes, "voulues": voulues, "production": production}

    def installer(self, base, demo=True, en_plus=()):
        """Installe ou met à jour les addons de la base, et ces facultatifs ; rend vrai si quelque chose a changé."""
        console.etape(f"Base « {base} »")
        plan = self.plan(base, demo, en_plus)
        if not plan["nouveaux"] and not plan["changes"]:
            console.detail("à jour")
            return False
        if not plan["etat"]["existe"]:
            self.creer_base(base)
        else:
            self.sql("contributions", base, admin=True)
        self._appliquer(base, plan)
        reste = [m for m, e in self.sql("etat", base)["modules"].items() if m in plan["voulues"] and e != "installed"]
        if reste:
            raise Arret(f"Addons non installés : {', '.join(reste)} (journal : {chemins.journal(f'installation-{base}.log')})")
        if plan["production"]:
            self._proteger(base)
        self.sql("noter", base, **plan["voulues"])
        return True

    def _appliquer(self, base, plan):
        nouveaux, changes = plan["nouveaux"], plan["changes"]
        arguments = ["--stop-after-init", "--no-http", "--max-cron-threads=0"]
        if plan["etat"]["modules"].get("base") != "installed":
            arguments += [f"--load-language={LANGUES}"]
        if nouveaux:
            arguments += ["-i", ",".join(nouveaux)]
        if changes:
            arguments += ["-u", ",".join(changes)]
        console.detail("installation (quelques minutes)" if nouveaux else f"mise à jour : {', '.join(changes)}")
        console.exiger(self.commande(self.configuration(base), *arguments), f"installation-{base}.log",
                       "L'installation des addons a échoué ; corrigez puis relancez, elle reprendra ici.",
                       env=self.env(), suivre=suivre_installation)

    def _proteger(self, base):
        """Une base de production : `admin` n'a ni mot de passe connu ni rôle métier. Le mot de passe se montre une fois."""
        neuf = secrets.token_urlsafe(15)
        if self.sql("proteger", base, mot_de_passe=neuf)["change"]:
            console.etape(f"Compte technique « admin » — mot de passe, montré cette seule fois, à changer à la première connexion : {neuf}")

    def installer_demo_a_jour(self, base):
        """Installe ou met à jour une base de test avec démonstration, refaite si le jeu a changé ou vieilli depuis."""
        voulue, etat = chemins.empreintes_addons([chemins.DEMO])[chemins.DEMO], self.sql("etat", base)
        if etat["empreintes"].get(chemins.DEMO) != voulue or etat["age"] > AGE_MAX:
            self.supprimer_base(base)
        self.installer(base)

    def _addons_voulus(self, etat, demo, en_plus=()):
        """Nos addons, ces facultatifs et ceux que la base a, et la démonstration si la base l'a, ou si elle la demande et n'a jamais été achevée sans elle."""
        presente = chemins.DEMO in etat["empreintes"]
        if presente and not demo:
            console.detail("cette base a déjà le jeu de démonstration ; pour une base sans, choisissez un autre nom (--base)")
        elif demo and etat["empreintes"] and not presente:
            console.detail("cette base a été créée sans démonstration ; pour une base avec, choisissez un autre nom (--base)")
        if presente or (demo and not etat["empreintes"]):
            return chemins.TOUS
        return (*chemins.ADDONS, *(addon for addon in chemins.EN_PLUS
                                  if addon in en_plus or etat["modules"].get(addon) in ("installed", "to upgrade")))


def verifier_nom(base):
    """Refuse le nom d'une base qu'Odoo ou PostgreSQL ne saurait porter, ou qui est celle du serveur."""
    if not NOM_PERMIS.match(base) or base in RESERVES:
        raise Arret(f"Nom de base refusé : « {base} » (lettres, chiffres, point, tiret et souligné ; pas celle du serveur).")


def a_faire(etat, voulues, production=()):
    """Rend (modules à installer, modules à mettre à jour) pour une base dans cet état ; `production` : ceux qu'elle a en plus.

    Une mise à jour interrompue (« to upgrade ») se reprend en `-u` : un `-i` remettrait les réglages d'usine.
    """
    modules = etat["modules"]
    nouveaux = [m for m in ("queue_job", *voulues, *production) if modules.get(m) not in ("installed", "to upgrade")]
    changes = [m for m in ("queue_job", *production) if modules.get(m) == "to upgrade"]
    changes += [a for a in voulues if a not in nouveaux and (modules[a] == "to upgrade" or etat["empreintes"].get(a) != voulues[a])]
    return nouveaux, changes


def suivre_installation(ligne):
    """Montre un module sur dix, et tous les nôtres."""
    trouve = re.search(r"Loading module (\S+) \((\d+)/(\d+)\)", ligne)
    if trouve and (trouve.group(1).startswith("cnas_") or int(trouve.group(2)) % 10 == 0):
        console.detail(f"module {trouve.group(2)}/{trouve.group(3)} : {trouve.group(1)}")
