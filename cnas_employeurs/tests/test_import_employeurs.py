import base64

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.cnas_base.ecriture import ecrire_xlsx

from .commun import CasEmployeur

TITRES = ["Dénomination", "N° NIF", "Registre du commerce", "Secteur", "Ville", "Tél.", "Date de création"]


@tagged("post_install", "-at_install", "cnas")
class TestImportEmployeurs(CasEmployeur):
    """Une liste d'employeurs : contrôlée à blanc, appliquée, renvoyée."""

    def recu(self, *rangs, user=None):
        import_ = self.env["cnas.import_fichier"].with_user(user or self.agent).create({
            "sujet": "employeurs", "nom_fichier": "employeurs.xlsx", "fichier": base64.b64encode(ecrire_xlsx(TITRES, rangs))})
        import_.action_controler()
        return import_

    def test_creer_puis_renvoyer(self):
        rangs = [("Moulin du Chari", "9112345K", "TC/NDJ/13 A 77", "Privé", "Abéché", "66 12 34 56", "3/11/2020"),
                 ("Coton d'essai", "en cours", "EN COURS", "ONG", "", "-", ""), ("Briques d'essai", "en cours", "néant", "ong", "", "", "")]
        import_ = self.recu(*rangs)
        self.assertEqual((import_.nombre_creations, import_.nombre_refus), (3, 0), import_.ligne_ids.mapped("message"))
        import_.action_appliquer()
        moulin = self.employeurs.search([("nif", "=", "9112345K")])
        self.assertRecordValues(moulin, [{"raison_sociale": "Moulin du Chari", "rccm": "TC/NDJ/13A77", "type_employeur": "prive",
                                          "telephone_1": "+235 66 12 34 56", "state": "brouillon"}])
        self.assertEqual((moulin.district_id.name, str(moulin.date_creation)), ("Abéché", "2020-11-03"))
        encore = self.recu(*rangs)
        self.assertEqual((encore.nombre_connues, encore.nombre_creations, encore.nombre_corrections), (3, 0, 0),
                         encore.ligne_ids.mapped("message"))

    def test_terrain_04_telephones(self):
        """Deux numéros remplissent deux champs ; un numéro faux se dit et n'arrête pas l'employeur."""
        import_ = self.recu(("A", "", "", "", "", "66123456/99123456", ""), ("B", "", "", "", "", "6612345", ""), ("C", "", "", "", "", "Néant", ""))
        self.assertEqual(import_.nombre_creations, 3)
        self.assertEqual(import_.ligne_ids[0].donnees["telephone_2"], "+235 99 12 34 56")
        self.assertIn("6612345", import_.ligne_ids[1].message)

    def test_corriger(self):
        rang = ("Brasserie du Logone SA", "9012345K", "TD-NDJ-01-2021-B12-00999", "", "Moundou", "", "")
        import_ = self.recu(rang)
        self.assertEqual((import_.ligne_ids.state, import_.ligne_ids.res_id), ("correction", self.employeur.id))
        self.assertIn("Brasserie du Logone → Brasserie du Logone SA", import_.ligne_ids.message)
        import_.avec_corrections = True
        import_.action_appliquer()
        self.assertEqual((self.employeur.raison_sociale, self.employeur.district_id.name), ("Brasserie du Logone SA", "Moundou"))

    def test_jamais_confondus_ni_deux_fois(self):
        import_ = self.recu(
            ("brasserie du logone", "", "", "", "", "", ""), ("Brasserie du Logone", "9555555K", "", "", "", "", ""),
            ("Neuve", "9666666K", "", "", "", "", ""), ("Neuve bis", "9666666K", "", "", "", "", ""))
        etats = import_.ligne_ids.mapped("state")
        self.assertEqual(etats, ["correction", "creation", "creation", "refus"])
        self.assertIn(self.employeur.matricule, import_.ligne_ids[1].message)
        self.assertIn("répète la ligne 4", import_.ligne_ids[3].message)

    def test_refus_dits(self):
        import_ = self.recu(("", "9111111K", "", "", "", "", ""), ("A", "", "", "famille", "", "", ""), ("B", "", "", "", "Nulle-Part", "", ""),
                            ("D", "", "", "", "", "", "07/11/26"))
        self.assertEqual(import_.nombre_refus, 4)
        for ligne, mot in zip(import_.ligne_ids, ("raison sociale", "famille", "Nulle-Part", "siècle")):
            self.assertIn(mot, ligne.message)
        with self.assertRaises(UserError):
            import_.action_appliquer()
        # Ce que la base refuse à l'application n'arrête pas les autres lignes.
        mauvais = self.recu(("E", "12", "", "", "", "", ""), ("F", "9777777K", "", "", "", "", ""))
        mauvais.action_appliquer()
        self.assertEqual((mauvais.nombre_faites, mauvais.nombre_refus, mauvais.state), (1, 1, "termine"))
