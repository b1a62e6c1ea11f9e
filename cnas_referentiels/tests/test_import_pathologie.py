import base64

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from odoo.addons.cnas_base.lecture import lire_tableau

from .common import CommunReferentiels

CLAML = """<?xml version="1.0" encoding="UTF-8"?>
<ClaML version="2.0.0">
  <Class code="XXII" kind="chapter"><SubClass code="Y96-Y98"/>
    <Rubric kind="preferred"><Label xml:lang="fr">Chapitre d'essai</Label></Rubric></Class>
  <Class code="Y96-Y98" kind="block"><SuperClass code="XXII"/>
    <Rubric kind="preferred"><Label>Bloc</Label></Rubric></Class>
  <Class code="Y97" kind="category"><SuperClass code="Y96-Y98"/>
    <Rubric kind="preferred"><Label>Affection <Reference>d'essai</Reference></Label></Rubric></Class>
  <Class code="Y97.1" kind="category"><SuperClass code="Y97"/>
    <Rubric kind="preferred"><Label>Affection précise</Label></Rubric></Class>
  <Class code="Y97.12345" kind="category"><SuperClass code="Y97"/>
    <Rubric kind="preferred"><Label>Code trop long</Label></Rubric></Class>
</ClaML>"""


@tagged("post_install", "-at_install", "cnas")
class TestImportPathologie(CommunReferentiels):
    """Import de la CIM-10 en CSV et en ClaML."""

    def _importer(self, texte, nom, **valeurs):
        contenu = texte if isinstance(texte, bytes) else texte.encode()
        assistant = self.env["cnas.import_pathologie"].with_user(self.administrateur).create(
            {"fichier": base64.b64encode(contenu), "fichier_nom": nom, **valeurs})
        assistant.action_importer()
        return assistant.compte_rendu

    def _pathologie(self, code):
        return self.env["cnas.pathologie"].search([("code", "=", code)])

    def test_csv(self):
        self.env["cnas.pathologie"].create({"code": "Y95.1", "name": "Ancien nom", "ald": True})
        texte = ("code;libellé;sexe;age_min;age_max;ald\n"
                 "Y95.2;Nouvelle;F;10;55;1\nY95.1;Nouveau nom;;;;\nPALU;Sans code;;;;\nY95.3;;;;;\n"
                 "Y95.4;Âges;;50;10;\nY95.5;Sexe;Z;;;\nY95.2;Double;;;;\n")
        rendu = self._importer(texte, "cim.csv")
        self.assertIn("1 pathologie(s) créée(s)", rendu)
        self.assertIn("5 refusée(s)", rendu)
        nouvelle = self._pathologie("Y95.2")
        self.assertEqual((nouvelle.sexe, nouvelle.age_min, nouvelle.age_max, nouvelle.ald), ("feminin", 10, 55, True))
        self.assertEqual(self._pathologie("Y95.1").name, "Ancien nom", "un code connu garde son libellé")
        self._importer(texte, "cim.csv", maj_libelles=True)
        self.assertEqual((self._pathologie("Y95.1").name, self._pathologie("Y95.1").ald), ("Nouveau nom", True))

    def test_controle_a_blanc_et_rapport(self):
        """Le contrôle dit tout et n'écrit rien ; le rapport rend les mêmes lignes et dit que faire."""
        texte = "CIM-10;Intitulé\ny951;Essai\nPALU;Faux\n"
        assistant = self.env["cnas.import_pathologie"].with_user(self.administrateur).create(
            {"fichier": base64.b64encode(texte.encode("utf-16")), "fichier_nom": "cim.txt"})
        assistant.action_controler()
        self.assertIn("1 pathologie(s) créée(s)", assistant.compte_rendu)
        self.assertIn("rien n'est encore écrit", assistant.compte_rendu)
        self.assertFalse(self._pathologie("Y95.1"))
        rapport = lire_tableau(base64.b64decode(assistant.rapport), "r.xlsx")
        self.assertEqual([ligne["cim_10"] for ligne in rapport], ["y951", "PALU"])
        self.assertIn("code CIM-10 attendu", rapport[1]["que_faire"])
        assistant.action_importer()
        self.assertTrue(self._pathologie("Y95.1"))
        with self.assertRaisesRegex(UserError, "Colonnes absentes : Libellé.*Attendues : Code, Libellé") as refus:
            self._importer("code;bidule\nY95.9;x\n", "cim.csv")
        self.assertIs(type(refus.exception), UserError, "le client web ne montre d'une phrase que celle-là")

    def test_claml(self):
        rendu = self._importer(CLAML, "cim10.xml")
        self.assertIn("2 pathologie(s) créée(s)", rendu)
        self.assertIn("Y97.12345", rendu)
        self.assertEqual(self._pathologie("Y97").name, "Affection d'essai")
        self.assertTrue(self._pathologie("Y97.1").categorie_id)

    def test_categorie_par_plage(self):
        categorie = self.env["cnas.categorie_pathologie"].search([("plage", "=", "A00-B99")])
        self._importer("code,libelle\nB99.7,Essai\n", "cim.csv")
        self.assertEqual(self._pathologie("B99.7").categorie_id, categorie)

    def test_fichiers_faux(self):
        bombe = ('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
                 '<ClaML><Class code="Y98" kind="category"><Rubric kind="preferred"><Label>&c;</Label></Rubric>'
                 '</Class></ClaML>')
        with self.assertRaises(UserError):
            self._importer(bombe, "bombe.xml")
        self.assertFalse(self._pathologie("Y98"), "une entité externe n'est jamais lue")
        for contenu, nom in (("<pas du xml", "a.xml"), ("<a/>", "a.xml"), ("\n", "a.csv"), ("x", "a.pdf")):
            with self.assertRaises(UserError, msg=contenu):
                self._importer(contenu, nom)

    def test_agent_refuse(self):
        with self.assertRaises(AccessError):
            self.env["cnas.import_pathologie"].with_user(self.agent).create({"fichier": b"eA==", "fichier_nom": "a.csv"})
