from datetime import timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.jour import aujourd_hui, debut_du_jour

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestCeQuiNeCedePas(CommunFeuille):
    """Des fautes injectées que rien ne voyait : chacune, remise dans le code, rougit ici."""

    def _en_controle(self, **autres):
        feuille = self.deposee(**autres)
        feuille._ecrire({"state": "controle"})
        return feuille

    def test_le_deposant_ne_juge_pas(self):
        """Qui a déposé la feuille d'un autre ne la juge pas plus que qui l'a saisie."""
        feuille = self.brouillon(user=self.agent2)
        feuille.with_user(self.controleur).action_deposer()
        feuille._ecrire({"state": "controle"})
        for action in ("valider", "prendre", "reviser"):
            with self.subTest(action), self.assertRaisesRegex(UserError, "Quatre yeux"):
                feuille.with_user(self.controleur)._exiger(action)
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            feuille.with_user(self.controleur).action_rejeter("non")
        self.assertFalse(feuille.with_user(self.controleur).peut_valider)

    def test_en_instance_le_vide_se_complete_le_rempli_reste(self):
        feuille = self.brouillon(pathologie_id=False, praticien_id=False)
        feuille.action_deposer()
        self.assertEqual(feuille.state, "instance")
        feuille.write({"praticien_id": self.praticien.id})
        self.assertEqual(feuille.praticien_id, self.praticien)
        autre = self.env["cnas.praticien"].create({"name": "Dr Autre", "numero_ordre": "T-9002"})
        for vals in ({"praticien_id": autre.id}, {"praticien_id": False}, {"date_soins": "2026-11-09"},
                     {"assure_id": self.enfant.id}, {"reference": "B-2"}):
            with self.subTest(vals), self.assertRaisesRegex(UserError, "ne change plus"):
                feuille.write(vals)

    def test_meme_reference_lignes_differentes(self):
        """L'empreinte voit les lignes : leur nombre, leur prestation, leur quantité, leur prix."""
        premiere = self.importer(self.dossier())[0]
        acte = {"prestation": "T-ACT-1", "quantite": 1, "prix_unitaire": 1500}
        medicament = {"prestation": "T-MED-1", "quantite": 6, "prix_unitaire": 200}
        for lignes in ([acte], [acte, {**medicament, "quantite": 5}], [acte, {**medicament, "prix_unitaire": 199}],
                       [acte, medicament, medicament], [acte, {**medicament, "prestation": "T-ACT-1"}]):
            with self.subTest(lignes):
                retour = self.importer(self.dossier(lignes=lignes))[0]
                self.assertTrue(retour["erreurs"])
                self.assertFalse(self.feuilles.search_count([("reference", "=", "R-1"), ("id", "!=", premiere["id"])]))
        self.assertEqual(self.importer(self.dossier())[0]["id"], premiere["id"])

    def test_une_reference_par_formation_en_base(self):
        premiere, autre = self.deposee("R-1"), self.deposee("R-2")
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env.cr.execute("UPDATE cnas_feuille_soin SET reference = %s WHERE id = %s", [premiere.reference, autre.id])

    def test_un_signalement_ouvert_retient_la_validation(self):
        feuille = self._en_controle()
        feuille._recalculer()
        regle = self.env["cnas.regle_controle"].search([], limit=1)
        feuille._ecrire({"state": "controle"})
        anomalie = self.env["cnas.anomalie"]._creer([{
            "feuille_id": feuille.id, "regle_id": regle.id, "severite": "signalement", "message": "À voir de près"}])
        with self.assertRaisesRegex(UserError, "À voir de près"):
            feuille.with_user(self.controleur).action_valider()
        self.assertFalse(feuille.with_user(self.controleur).peut_valider)
        anomalie.with_user(self.controleur2).action_lever("Vu au dossier")
        feuille.with_user(self.controleur).action_valider()
        self.assertEqual(feuille.state, "validee")

    def test_dernier_jour_du_delai_de_reprise(self):
        delai = self.env["cnas.parametre"]._au("delai_reprise_jours")
        feuille = self._en_controle()
        feuille.with_user(self.controleur).action_rejeter("Hors panier")
        # Des jours de N'Djamena : le dernier vaut entier, le suivant non, quelle que soit l'heure du rejet.
        minuit = debut_du_jour(aujourd_hui())
        for jours, heure, permise in ((delai, 0, True), (delai, 23, True), (delai + 1, 0, False), (delai + 1, 23, False)):
            feuille._ecrire({"date_decision": minuit - timedelta(days=jours) + timedelta(hours=heure)})
            feuille.invalidate_recordset()
            with self.subTest(jours=jours, heure=heure):
                self.assertEqual(feuille.with_user(self.agent).peut_reprendre, permise)

    def test_le_bouton_et_l_action_disent_la_meme_chose(self):
        feuille = self.deposee()
        fiche = Form(feuille.with_user(self.controleur))
        self.assertTrue(fiche.peut_demander_pieces)
        self.assertFalse(fiche.peut_valider)
