from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from .common import CommunReferentiels


@tagged("post_install", "-at_install", "cnas")
class TestPrestation(CommunReferentiels):
    """Prestations et leurs spécialisations : type, recherche, archivage, historique."""

    def test_type_et_categorie(self):
        self.assertEqual((self.medicament.type_prestation, self.medicament.categorie), ("medicament", "medicament"))
        self.assertEqual((self.acte.type_prestation, self.acte.categorie), ("acte", "autre"))
        consultation = self.env["cnas.acte"].create({"code": "tst-c", "name": "C", "categorie": "consultation"})
        self.assertEqual((consultation.code, consultation.categorie), ("TST-C", "consultation"))
        with self.assertRaises(UserError):
            self.acte.prestation_id.type_prestation = "examen"

    def test_terrain_32_un_nom_affiche_se_retrouve(self):
        """Ce que l'écran ou un export écrivent, un import d'Odoo le relit ; un libellé qui contredit le code ne désigne rien."""
        for objet in (self.acte.prestation_id, self.acte):
            affiche = f"[{self.acte.code}] {self.acte.name}"
            for operateur in ("=", "ilike"):
                self.assertEqual([i for i, _nom in objet.name_search(affiche, operator=operateur)], objet.ids)
            self.assertFalse(objet.name_search(f"[{self.acte.code}] Tout autre chose", operator="="))
            self.assertEqual([i for i, _nom in objet.name_search(f"[{self.acte.code}] Tout")], objet.ids)
            self.assertFalse(objet.name_search("[NULLE-PART] Rien", operator="="))
        resultat = self.env["cnas.config_acte"].load(
            ["acte_id", "montant", "date_debut"], [[f"[{self.acte.code}] {self.acte.name}", "1200", "2031-01-01"]])
        self.assertFalse(resultat["messages"])
        self.assertEqual(self.env["cnas.config_acte"].browse(resultat["ids"]).acte_id, self.acte)

    def test_recherche_d_un_code_cim10(self):
        pathologies = self.env["cnas.pathologie"]
        pathologies.create([{"code": code, "name": f"Essai {code}", "categorie_id": pathologies.search([], limit=1).categorie_id.id}
                            for code in ("X97.1", "X97.2", "X96")])
        for texte, codes in (("x971", ["X97.1"]), ("X97-1", ["X97.1"]), ("X97", ["X97.1", "X97.2"]), ("X96", ["X96"])):
            trouves = pathologies.browse([i for i, _nom in pathologies.name_search(texte)])
            self.assertEqual(trouves.mapped("code"), codes)
        self.assertEqual(len(pathologies.name_search("X971", operator="=")), 1)

    def test_bornes_refusees(self):
        for vals in ({"code": "TST-MED"}, {"niveau_min": 5}, {"niveau_min": 0}, {"age_min": 20, "age_max": 10},
                     {"age_min": -1}, {"quantite_max": -1}):
            with self.assertRaises(IntegrityError, msg=vals), mute_logger("odoo.sql_db"), self.cr.savepoint():
                self.env["cnas.acte"].create({"code": "TST-B", "name": "B", **vals})

    def test_nouveau_ne(self):
        acte = self.env["cnas.acte"].create({"code": "TST-N", "name": "N", "age_min": 0, "age_max": 0})
        self.assertEqual((acte.age_min, acte.age_max), (0, 0))
        self.assertEqual(self.acte.age_max, 120, "sans limite par défaut")

    def test_recherche_par_code_libelle_dci(self):
        prestation = self.medicament.prestation_id.id
        for texte in ("tst-med", "dolipr", "Paracétamol"):
            self.assertIn(prestation, [p[0] for p in self.Prestation.name_search(texte, limit=None)], texte)
            self.assertIn(self.medicament.id, [m[0] for m in self.env["cnas.medicament"].name_search(texte, limit=None)])

    def test_recherche_sans_accents(self):
        if not self.registry.has_unaccent:
            self.skipTest("PostgreSQL lancé sans unaccent")
        self.assertIn(self.medicament.id, [m[0] for m in self.env["cnas.medicament"].name_search("paracetamol", limit=None)])

    def test_archivage_au_lieu_de_suppression(self):
        self.tarif("2026-01-01", False)
        with self.assertRaisesRegex(UserError, "Archivez-la|Archivez-le"):
            self.medicament.unlink()
        with self.assertRaisesRegex(UserError, "Archivez-le"):
            self.lettre.unlink()
        self.medicament.active = False
        self.assertFalse(self.env["cnas.medicament"].search([("code", "=", "TST-MED")]))
        libre = self.env["cnas.medicament"].create({"code": "TST-L", "name": "Libre"})
        prestation = libre.prestation_id
        libre.unlink()
        self.assertFalse(prestation.exists(), "la prestation part avec sa fiche")

    def test_prestation_utilisee_ailleurs(self):
        self.env["cnas.indication"].create({
            "prestation_id": self.acte.prestation_id.id,
            "pathologie_id": self.env["cnas.pathologie"].create({"code": "X99.9", "name": "Essai"}).id})
        with self.assertRaises(UserError):
            self.acte.unlink()
        with self.assertRaises(UserError):
            self.env["cnas.pathologie"].search([("code", "=", "X99.9")]).unlink()

    def test_historique_des_changements(self):
        self.cr.precommit.run()  # oublie la création, faite sans suivi
        medicament = self.medicament.with_context(tracking_disable=False)
        medicament.write({"name": "Doliprane fort", "dci": "Paracétamol codéiné"})
        self.env.flush_all()
        self.cr.precommit.run()
        messages = self.env["mail.message"].search([("model", "=", "cnas.medicament"), ("res_id", "=", medicament.id)])
        self.assertEqual(set(messages.tracking_value_ids.mapped("field_id.name")), {"name", "dci"})

    def test_code_cim10(self):
        pathologie = self.env["cnas.pathologie"].create({"code": " b99.8 ", "name": "Essai"})
        self.assertEqual(pathologie.code, "B99.8")
        with self.assertRaises(ValidationError):
            pathologie.code = "PALU"

    def test_equivalents_generiques(self):
        valeurs = {"dci": "Essaimol", "dosage": "5 mg", "forme": "comprimé"}
        un, deux, trois = self.env["cnas.medicament"].create([
            {"code": "TST-E1", "name": "E1", **valeurs}, {"code": "TST-E2", "name": "E2", **valeurs},
            {"code": "TST-E3", "name": "E3", **valeurs, "dosage": "10 mg"}])
        self.assertEqual(un.equivalent_ids, deux)
        self.assertFalse(trois.equivalent_ids)
