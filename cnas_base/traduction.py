"""Les phrases des addons, et leurs traductions : ce que `./cnas traduire` écrit et que l'essai de complétude relit.

Rien ne s'en sert en service : Odoo lit lui-même `i18n/ar.po`.
"""
import io
import re
from collections import defaultdict
from pathlib import Path

import polib

from odoo.tools.translate import PoFileWriter, TranslationModuleReader

from .impression.kit import est_arabe
from .impression.langue import ARABE

LANGUE = ARABE.partition("_")[0]  # le nom que porte son catalogue
# Ni date ni version : un catalogue ne change que si une phrase change.
ENTETE = {"MIME-Version": "1.0", "Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "8bit"}
TROU = re.compile(r"%\(\w+\)[sd]|%[sd]|%%|\{\{.*?\}\}|\{\w*\}|</?\w+|&\w+;")
MOT = re.compile(r"[a-zàâçéèêëîïôûùœ]{3,}", re.IGNORECASE)
# Un identifiant, une adresse, une expression Python : rien à traduire.
CODE = re.compile(r"[\w.:/@+-]*[._/:@][\w.:/@+-]*|[A-Z0-9 ,.;:/()+-]+")


def racine():
    """Où sont les addons."""
    return Path(__file__).resolve().parent.parent


def catalogues(cr, addons):
    """Rend {addon: catalogue .pot} de ce que ces addons, posés, disent à l'usager."""
    par_addon = defaultdict(list)
    for terme in TranslationModuleReader(cr, modules=list(addons)):
        par_addon[terme[0]].append(terme)
    return {addon: _catalogue(termes) for addon, termes in sorted(par_addon.items())}


def _catalogue(termes):
    redacteur = PoFileWriter(io.BytesIO(), None)
    redacteur.write_rows(termes)
    catalogue = redacteur.po
    catalogue.header, catalogue.metadata = "", dict(ENTETE)
    return catalogue


def reecrire(cr, addons):
    """Réécrit `i18n/<addon>.pot` et fusionne `i18n/ar.po` : les traductions restent, les phrases neuves arrivent vides, les mortes partent.

    :return: {addon: (phrases, phrases sans traduction)}
    """
    bilan = {}
    for addon, catalogue in catalogues(cr, addons).items():
        dossier = racine() / addon / "i18n"
        dossier.mkdir(exist_ok=True)
        _ecrire(catalogue, dossier / f"{addon}.pot")
        connues = {entree.msgid: entree.msgstr for entree in lire(dossier / f"{LANGUE}.po")}
        for entree in catalogue:
            entree.msgstr = connues.get(entree.msgid, "")
        catalogue.metadata["Language"] = LANGUE
        _ecrire(catalogue, dossier / f"{LANGUE}.po")
        bilan[addon] = len(catalogue), len(catalogue.untranslated_entries())
    return bilan


def _ecrire(catalogue, chemin):
    texte = f"{catalogue}"
    if not chemin.exists() or chemin.read_text(encoding="utf-8") != texte:
        chemin.write_text(texte, encoding="utf-8")


def lire(chemin):
    """Rend les phrases d'un fichier de traductions ; aucune s'il n'existe pas."""
    return [entree for entree in polib.pofile(str(chemin)) if not entree.obsolete] if chemin.exists() else []


def fautes(entree):
    """Rend ce qui ne va pas dans une traduction : vide, un trou ou une balise perdus, restée en lettres latines."""
    source, arabe = entree.msgid, entree.msgstr
    if not arabe.strip():
        return ["sans traduction"]
    trouvees = []
    if sorted(TROU.findall(source)) != sorted(TROU.findall(arabe)):
        trouvees.append("un %(mot)s, un {mot} ou une balise perdu")
    if MOT.search(TROU.sub(" ", source)) and not est_arabe(arabe) and not (arabe == source and est_code(entree)):
        trouvees.append("restée en lettres latines")
    return trouvees


def est_code(entree):
    """Dit si cette phrase n'en est pas une : un code, une adresse, l'expression qui nomme un fichier."""
    return CODE.fullmatch(TROU.sub("", entree.msgid)) or {lieu.split(":")[1] for lieu, _ligne in entree.occurrences} == {"ir.actions.report,print_report_name"}
