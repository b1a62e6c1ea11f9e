from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import HttpCase

from .commun import exemple, modeles


@tagged("post_install", "-at_install", "cnas")
class TestPapiers(HttpCase):
    """Chaque papier porte un QR que la page publique reconnaît, sans nommer un assuré ; un sceau d'ailleurs ne vaut rien."""

    jour_fige = None  # le jeu d'essai est daté d'aujourd'hui

    def papiers(self):
        """Rend (fiche, code) de chaque papier de la suite."""
        for modele in modeles(self.env, "cnas.papier.mixin"):
            if fiche := exemple(self.env, modele):
                yield from ((fiche.sudo(), code) for code in fiche._papiers)

    def test_la_page_reconnait_chaque_papier(self):
        """200, le titre du papier et ses faits ; ni nom ni prénom d'assuré."""
        vus = set()
        for fiche, code in self.papiers():
            with self.subTest(papier=code):
                page = self.url_open(f"/cnas/verifier/papier/{fiche._jeton_papier(code)}")
                self.assertEqual(page.status_code, 200)
                self.assertIn("authentique", page.text)
                assure = fiche if fiche._name == "cnas.assure" else getattr(fiche, "assure_id", self.env["cnas.assure"])
                for nom in filter(None, assure[:1].mapped("nom") + assure[:1].mapped("prenom")):
                    self.assertNotIn(f">{nom}", page.text)
                vus.add(code)
        self.assertGreaterEqual(len(vus), 8)

    def test_un_sceau_d_ailleurs_ne_vaut_rien(self):
        """Le sceau d'une autre fiche, d'un autre papier, coupé, ou un code inconnu rendent la même page inconnue."""
        feuilles = self.env["cnas.feuille_soin"].search([("numero", "!=", False)], limit=2)
        bon = feuilles[0]._jeton_papier("ad")
        _code, _id, sceau = bon.split("-")
        for faux in (f"ad-{feuilles[1].id}-{sceau}", f"nr-{feuilles[0].id}-{sceau}", bon[:-1], f"zz-{feuilles[0].id}-{sceau}", "ad", "ad-é-x"):
            with self.subTest(faux=faux):
                page = self.url_open(f"/cnas/verifier/papier/{faux}")
                self.assertEqual(page.status_code, 404)
                self.assertIn("Papier inconnu", page.text)

    def test_les_codes_sont_uniques(self):
        """Un code désigne un papier d'un seul modèle."""
        codes = [code for modele in modeles(self.env, "cnas.papier.mixin") for code in self.env[modele]._papiers]
        self.assertEqual(len(codes), len(set(codes)))
