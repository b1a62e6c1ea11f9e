from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .commun_assures import CasAssure


@tagged("post_install", "-at_install", "cnas")
class TestCorrectionIdentite(CasAssure):
    """Quatre yeux : qui demande ne valide pas ; l'ancienne et la nouvelle valeur restent."""

    def demande(self, assure, usager=None, **valeurs):
        return self.env["cnas.correction_identite"].with_user(usager or self.agent).create(
            {"assure_id": assure.id, "motif": "Erreur de saisie", **valeurs})

    def test_demande_validee_par_un_autre(self):
        assure = self.creer_actif(nom="Mahamt", date_naissance_estimee=True)
        demande = self.demande(assure, nom="Mahamat", date_naissance="1985-03-13", date_naissance_estimee="non")
        self.assertTrue(demande.action_soumettre())
        self.assertEqual(assure.nom, "Mahamt")
        self.assertTrue(demande.with_user(self.superviseur).action_valider())
        self.assertEqual((assure.nom, assure.name, assure.date_naissance, assure.date_naissance_estimee),
                         ("Mahamat", "Mahamat Brahim", date(1985, 3, 13), False))
        self.assertEqual(demande.anciennes_valeurs["nom"], "Mahamt")
        self.assertEqual(demande.nouvelles_valeurs["nom"], "Mahamat")
        self.assertEqual(demande.anciennes_valeurs["date_naissance_estimee"], "Oui")
        self.assertIn("Mahamt", demande.comparaison)

    def test_le_demandeur_ne_valide_pas(self):
        assure = self.creer_actif()
        demande = self.demande(assure, self.superviseur, nom="Autre")
        demande.action_soumettre()
        for geste in (demande.action_valider, lambda: demande.action_refuser("Non")):
            with self.assertRaisesRegex(UserError, "Quatre yeux"):
                geste()
        autre = new_test_user(self.env, "assa_sup2", "cnas_base.group_superviseur")
        demande.with_user(autre).action_valider()
        self.assertEqual(assure.nom, "Autre")

    def test_creer_pour_un_autre_ne_contourne_pas(self):
        demande = self.demande(self.creer_actif(), self.superviseur, nom="Autre")
        demande.with_user(self.agent).action_soumettre()
        with self.assertRaises(UserError):
            demande.action_valider()

    def test_roles_et_etats(self):
        assure = self.creer_actif()
        demande = self.demande(assure, nom="Autre")
        with self.assertRaises(UserError):
            demande.with_user(self.superviseur).action_valider()
        with self.assertRaises(UserError):
            demande.write({"state": "validee"})
        demande.action_soumettre()
        with self.assertRaises(AccessError):
            demande.with_user(self.agent2).action_valider()
        with self.assertRaises(UserError):
            demande.write({"nom": "Encore autre"})
        with self.assertRaises(UserError):
            demande.unlink()
        self.assertEqual(demande.with_user(self.superviseur).action_refuser()["res_model"], "cnas.motif.wizard")
        demande.with_user(self.superviseur).action_refuser("Pièce illisible")
        self.assertEqual((demande.state, assure.nom), ("refusee", "Adoum"))

    def test_demande_vide_ou_sur_brouillon(self):
        with self.assertRaisesRegex(UserError, "ne change rien"):
            self.demande(self.creer_actif(), nom="Adoum").action_soumettre()
        with self.assertRaisesRegex(UserError, "brouillon"):
            self.demande(self.creer(), nom="Autre").action_soumettre()

    def test_une_seule_demande_en_attente_par_champ(self):
        assure = self.creer_actif()
        premiere, seconde, autre_champ = (self.demande(assure, usager, **valeurs) for usager, valeurs in (
            (self.agent, {"nom": "Un"}), (self.agent2, {"nom": "Deux", "prenom": "Y"}), (self.agent2, {"nom_mere": "Zara"})))
        with self.assertRaisesRegex(UserError, "attend déjà de corriger « Nom »"):
            (premiere | seconde).with_user(self.agent).action_soumettre()
        premiere.action_soumettre()
        with self.assertRaisesRegex(UserError, "attend déjà de corriger « Nom » de"):
            seconde.action_soumettre()
        autre_champ.action_soumettre()
        self.demande(self.creer_actif(nom="Tiers"), nom="Un").action_soumettre()
        premiere.with_user(self.superviseur).action_refuser("Non")
        seconde.action_soumettre()
        self.assertEqual((seconde.state, autre_champ.state), ("soumise", "soumise"))

    def test_l_assure_est_prevenu(self):
        """Une identité corrigée se dit à l'assuré, sur l'ancienne et la nouvelle adresse."""
        assure = self.creer_actif(nom="Mahamt", email="ancien@td.example")
        assure.with_user(self.agent).email = "nouveau@td.example"
        demande = self.demande(assure, nom="Mahamat")
        demande.action_soumettre()
        deja = self.env["mail.mail"].sudo().search([])
        demande.with_user(self.superviseur).action_valider()
        courriels = deja.search([("body_html", "ilike", "Mahamat")]) - deja
        self.assertEqual(set(courriels.mapped("email_to")), {"ancien@td.example", "nouveau@td.example"})

    def test_chaque_champ_d_identite_est_garde(self):
        """Nom complet et clé de rapprochement compris : rien de l'identité d'un immatriculé ne s'écrit seul."""
        assure = self.creer_actif(nni="1234567890").with_user(self.superviseur)
        for champ, valeur in (("name", "IMPOSTEUR"), ("nom", "X"), ("prenom", "Y"), ("nni", "99"), ("nom_phonetique", "Z"),
                              ("date_naissance", "1990-01-01"), ("genre", "feminin")):
            with self.subTest(champ=champ), self.assertRaises(UserError):
                assure.write({champ: valeur})
