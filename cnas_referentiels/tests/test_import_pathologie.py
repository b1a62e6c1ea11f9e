import base64

from odoo.exceptions import UserError
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
        import_ = self._recu(texte, nom, **valeurs)
        import_.action_controler()
        if import_.nombre_creations or (import_.avec_corrections and import_.nombre_corrections):
            import_.action_appliquer()
        return import_

    def _recu(self, texte, nom, user=None, **valeurs):
        contenu = texte if isinstance(texte, bytes) else texte.encode()
        return self.env["cnas.import_fichier"].with_user(user or self.administrateur).create(
            {"sujet": "pathologies", "fichier": base64.b64encode(contenu), "nom_fichier": nom, **valeurs})

    def _pathologie(self, code):
        return self.env["cnas.pathologie"].search([("code", "=", code)])

    def test_csv(self):
        self.env["cnas.pathologie"].create({"code": "Y95.1", "name": "Ancien nom", "ald": True})
        texte = ("code;libellé;sexe;age_min;age_max;ald\n"
                 "Y95.2;Nouvelle;F;10;55;1\nY95.1;Nouveau nom;;;;\nPALU;Sans code;;;;\nY95.3;;;;;\n"
                 "Y95.4;Âges;;50;10;\nY95.5;Sexe;Z;;;\nY95.2;Double;;;;\n")
        import_ = self._importer(texte, "cim.csv")
        self.assertEqual((import_.nombre_faites, import_.nombre_corrections, import_.nombre_refus), (1, 1, 5))
        nouvelle = self._pathologie("Y95.2")
        self.assertEqual((nouvelle.sexe, nouvelle.age_min, nouvelle.age_max, nouvelle.ald), ("feminin", 10, 55, True))
        self.assertEqual(self._pathologie("Y95.1").name, "Ancien nom", "un code connu garde son libellé")
        self._importer(texte, "cim.csv", avec_corrections=True)
        self.assertEqual((self._pathologie("Y95.1").name, self._pathologie("Y95.1").ald), ("Nouveau nom", True))

    def test_controle_a_blanc_et_rapport(self):
        """Le contrôle dit tout et n'écrit rien ; le rapport rend les mêmes lignes et dit que faire."""
        texte = "CIM-10;Intitulé\ny951;Essai\nPALU;Faux\n"
        import_ = self._recu(texte.encode("utf-16"), "cim.txt")
        import_.action_controler()
        self.assertEqual((import_.nombre_creations, import_.nombre_refus), (1, 1))
        self.assertFalse(self._pathologie("Y95.1"))
        rapport = lire_tableau(import_._rapport(), "r.xlsx")
        self.assertEqual([ligne["cim_10"] for ligne in rapport], ["y951", "PALU"])
        self.assertIn("code CIM-10 attendu", rapport[1]["que_faire"])
        import_.action_appliquer()
        self.assertEqual((self._pathologie("Y95.1").name, import_.state), ("Essai", "termine"))
        encore = self._importer(texte.encode("utf-16"), "cim.txt")
        self.assertEqual((encore.nombre_connues, encore.nombre_faites), (1, 0))

    def test_en_tete_a_associer(self):
        """Incompris, l'en-tête se dit et s'associe à l'écran ; c'est retenu pour qui envoie."""
        import_ = self._importer("code;bidule\nY95.9;x\n", "cim.csv")
        self.assertRegex(import_.refus_lecture, "Colonnes absentes : Libellé.*Attendues : Code, Libellé")
        import_.titre_ids.filtered(lambda t: t.titre == "bidule").colonne_id = self.env.ref("cnas_referentiels.colonne_pathologies_libelle")
        import_.action_controler()
        self.assertEqual(import_.nombre_creations, 1)
        self.assertEqual(self._importer("code;bidule\nY95.9;x\n", "cim.csv").nombre_faites, 1)

    def test_claml(self):
        import_ = self._importer(CLAML, "cim10.xml")
        self.assertEqual(import_.nombre_faites, 2)
        self.assertIn("Y97.12345", import_.ligne_ids.filtered(lambda li: li.state == "refus").message)
        self.assertEqual([ligne["code"] for ligne in lire_tableau(import_._rapport(), "r.xlsx")], ["Y97", "Y97.1", "Y97.12345"])
        self.assertEqual(self._pathologie("Y97").name, "Affection d'essai")
        self.assertTrue(self._pathologie("Y97.1").categorie_id)

    def test_categorie_par_plage(self):
        categorie = self.env["cnas.categorie_pathologie"].search([("plage", "=", "A00-B99")])
        self._importer("code,libelle\nB99.7,Essai\n", "cim.csv")
        self.assertEqual(self._pathologie("B99.7").categorie_id, categorie)

    def test_un_refus_n_arrete_pas_les_autres(self):
        """Les codes s'écrivent d'un coup ; si la base en refuse un, une à une, et lui seul l'est."""
        creer = type(self.env["cnas.pathologie"]).create

        def create(modele, vals_list):
            if any(vals["name"] == "Refusée" for vals in vals_list):
                raise UserError("non")
            return creer(modele, vals_list)

        self.patch(type(self.env["cnas.pathologie"]), "create", create)
        import_ = self._importer("code,libelle\nY95.5,Bonne\nY95.6,Refusée\nY95.7,Bonne aussi\n", "cim.csv")
        self.assertEqual((import_.nombre_faites, import_.nombre_refus), (2, 1))
        self.assertEqual([bool(self._pathologie(code)) for code in ("Y95.5", "Y95.6", "Y95.7")], [True, False, True])

    def test_requetes(self):
        """Un code de plus ne coûte que la note de sa ligne : Odoo écrit une requête par valeur différente."""
        couts = []
        for lettre, nombre in (("U", 10), ("V", 10), ("W", 60)):
            import_ = self._recu("code,libelle\n" + "".join(f"{lettre}{rang:02}.9,Essai {rang}\n" for rang in range(nombre)), "cim.csv")
            import_.action_controler()
            couts.append(self.requetes(import_.ligne_ids.sudo()._appliquer))
            self.assertEqual(import_.nombre_faites, nombre)
        self.assertLessEqual(couts[2] - couts[1], 60 - 10 + 5, couts)

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
        import_ = self._recu("code,libelle\nB99.7,Essai\n", "a.csv", self.agent)
        with self.assertRaisesRegex(UserError, "Administrateur"):
            import_.action_controler()
