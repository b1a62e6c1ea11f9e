import re
from pathlib import Path

from odoo.tests import tagged

from .common import BaseCase

ADDONS = Path(__file__).parents[2]
# Ce qui ne s'écrit que dans la pièce qui en a la charge.
ESPECES = {
    r"\bstrptime\(": "lire une date : cnas_base.lecture",
    r"strftime\([\"'][^\"']*%d/%m": "écrire une date : cnas_base.ecriture",
    r"strftime\([\"']%m/%Y": "écrire un mois : cnas_base.ecriture",
    r"\{[^{}\n]*:[,_]\}": "écrire un nombre : cnas_base.ecriture",
    r"\bcsv\.(writer|DictWriter|reader)\(": "lire ou écrire un CSV : cnas_base.lecture, cnas_base.ecriture",
    r"\b(import openpyxl|from openpyxl|import xlsxwriter)": "lire ou écrire un classeur : cnas_base.lecture, cnas_base.ecriture",
    r"cnas_assures\.report": "imprimer : cnas_base.impression",
    r"from \S*outils\S* import": "une pièce porte le nom de ce qu'elle fait",
}
PIECES = ("cnas_base/lecture/", "cnas_base/ecriture.py")


@tagged("post_install", "-at_install", "cnas")
class TestPieces(BaseCase):
    """Une loi, un lieu : la lecture et l'écriture ne se réécrivent pas à côté de leur pièce."""

    def test_aucune_copie(self):
        copies = []
        for chemin in sorted(ADDONS.glob("cnas_*/**/*.py")):
            nom = chemin.relative_to(ADDONS).as_posix()
            if "/tests/" in nom or nom.startswith(PIECES):
                continue
            texte = chemin.read_text()
            copies += [f"{nom} : {motif[0]} — {lieu}" for espece, lieu in ESPECES.items() for motif in re.finditer(espece, texte)]
        self.assertFalse(copies, "\n".join(copies))

    def test_les_especes_sont_vues(self):
        """Le test mord : chaque espèce reconnaît la faute qu'elle refuse."""
        for faute in ('datetime.strptime(x, "%Y")', 'jour.strftime("%d/%m/%Y")', 'f"{montant:,}"', "csv.writer(tampon)",
                      "from ..outils import lire_date", "import openpyxl", "from odoo.addons.cnas_assures.report import x"):
            self.assertTrue(any(re.search(espece, faute) for espece in ESPECES), faute)
