import ast
import re
from pathlib import Path

from odoo.tests import tagged

from .common import BaseCase

RACINE = Path(__file__).resolve().parents[2]
UNITES = {"days", "hours", "weeks", "months", "years", "minutes"}
# Un jour, une veille, un mois de calendrier ne sont pas des délais.
CALENDRIER = {-1, 0, 1}
# L'âge au-delà duquel une date de naissance est une faute de frappe.
BORNES_DE_SAISIE = {("assure", "years", 130)}


@tagged("post_install", "-at_install", "cnas")
class TestEspeceParametre(BaseCase):
    """Aucun seuil, âge ou délai n'est écrit ailleurs que dans le magasin `cnas.parametre`."""

    def _sources(self):
        for fichier in RACINE.glob("cnas_*/**/*.py"):
            parties = fichier.relative_to(RACINE).parts
            if not {"tests", "demo", "migrations"} & set(parties) and parties[0] != "cnas_demo":
                yield fichier, ast.parse(fichier.read_text(encoding="utf-8"))

    def test_plus_de_mecanisme_a_part(self):
        """Ni paramètre système, ni lecteur d'addon, ni modèle de paramètres à soi."""
        interdit = re.compile(
            r"get_param\([f'\"]+cnas|_parametre_entier|\bdef _parametre\b|^PARAMETRES\b|cnas\.parametre_facturation"
            r"|cnas\.parametres_feuilles", re.MULTILINE)
        fautifs = [str(fichier.relative_to(RACINE)) for fichier, _arbre in self._sources()
                   if interdit.search(fichier.read_text(encoding="utf-8"))]
        donnees = [str(fichier.relative_to(RACINE)) for fichier in RACINE.glob("cnas_*/data/*.xml")
                   if re.search(r'<field name="key">cnas_', fichier.read_text(encoding="utf-8"))]
        self.assertEqual(fautifs + donnees, [])

    def test_plus_de_delai_en_dur(self):
        """`timedelta(days=30)`, `relativedelta(months=3)` : le nombre vient du magasin."""
        fautifs = []
        for fichier, arbre in self._sources():
            for noeud in ast.walk(arbre):
                if not isinstance(noeud, ast.keyword) or noeud.arg not in UNITES:
                    continue
                try:
                    nombre = ast.literal_eval(noeud.value)
                except ValueError:
                    continue
                if nombre not in CALENDRIER and (fichier.parent.name, noeud.arg, nombre) not in BORNES_DE_SAISIE:
                    fautifs.append(f"{fichier.relative_to(RACINE)}:{noeud.value.lineno} {noeud.arg}={nombre}")
        self.assertEqual(fautifs, [])

    def test_codes_lus_et_livres(self):
        """Tout code lu par le programme est livré ; tout code livré est lu."""
        lus = set()
        for _fichier, arbre in self._sources():
            for noeud in ast.walk(arbre):
                if isinstance(noeud, ast.Constant) and isinstance(noeud.value, str):
                    lus.add(noeud.value)
        livres = set()
        for fichier in RACINE.glob("cnas_*/data/parametre_data.xml"):
            livres |= set(re.findall(r'<field name="code">(\w+)</field>', fichier.read_text(encoding="utf-8")))
        calcules = {code for code in livres if code.startswith("duree_droits_")}
        self.assertFalse(livres - calcules - lus)
        appels = re.compile(r"\b(?:_au|au|_periodes)\(\"(\w+)\"")
        for fichier, _arbre in self._sources():
            self.assertFalse(set(appels.findall(fichier.read_text(encoding="utf-8"))) - livres, fichier)
