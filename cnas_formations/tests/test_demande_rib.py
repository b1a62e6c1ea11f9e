from datetime import date, timedelta

from psycopg2.errors import ExclusionViolation

from odoo import fields
from odoo.exceptions import AccessError, RedirectWarning, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import RIB_VRAI, CasFormations


@tagged("post_install", "-at_install", "cnas")
class TestDemandeRib(CasFormations):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.formation = cls.creer_formation("brouillon", rib_principal=RIB_VRAI)
        cls.formation.action_activer()
        cls.nouveau = cls.un_rib(4_200)

    def demander(self, role="agent", **valeurs):
        return self.en_tant_que(role, self.env["cnas.demande_rib"]).create({
            "formation_id": self.formation.id, "rib_nouveau": self.nouveau,
            "justification": "Changement de banque", **valeurs})

    def test_ecriture_directe_refusee(self):
        for role in ("agent", "superviseur", "administrateur"):
            formation = self.en_tant_que(role, self.formation)
            with self.assertRaises(UserError):
                formation.rib_principal = self.nouveau
            with self.assertRaises(UserError):
                formation.write({"compte_principal_id": False})

    def test_rouverte_au_brouillon_reste_gardee(self):
        self.formation.action_fermer("Erreur")
        self.formation.action_rouvrir()
        with self.assertRaises(UserError):
            self.en_tant_que("administrateur", self.formation).rib_principal = self.nouveau
        with self.assertRaises(UserError):
            self.en_tant_que("administrateur", self.formation.compte_principal_id).acc_number = self.nouveau

    def test_premier_rib_d_une_formation_active(self):
        """Un compte manquant se saisit par un superviseur, jamais par un agent seul."""
        with self.assertRaises(UserError):
            self.en_tant_que("agent", self.formation).rib_pharmacie = self.nouveau
        self.en_tant_que("superviseur", self.formation).rib_pharmacie = self.nouveau
        self.assertEqual(self.formation.rib_pharmacie.replace(" ", ""), self.nouveau)

    def test_validee_par_un_second_agent(self):
        demande = self.demander()
        self.assertFalse(demande.alerte)
        self.assertEqual(demande.rib_ancien, RIB_VRAI)
        with self.assertRaises(UserError):
            demande.action_valider()
        self.assertEqual(self.formation.rib_principal, RIB_VRAI)
        self.en_tant_que("agent2", demande).action_valider()
        self.assertEqual(self.formation.rib_principal.replace(" ", ""), self.nouveau)
        self.assertRecordValues(demande, [{
            "state": "validee", "validateur_id": self.roles["agent2"].id, "demandeur_id": self.roles["agent"].id}])
        with self.assertRaises(UserError):
            self.en_tant_que("agent2", demande).action_valider()

    def test_validee_par_l_ordonnateur(self):
        self.en_tant_que("finance", self.demander()).action_valider()
        self.assertEqual(self.formation.rib_principal.replace(" ", ""), self.nouveau)

    def test_le_medecin_ne_decide_pas(self):
        demande = self.demander()
        with self.assertRaises(AccessError):
            self.en_tant_que("medecin", demande).action_valider()

    def test_refus_motive(self):
        demande = self.demander()
        assistant = self.en_tant_que("agent2", demande).action_refuser()
        self.assertEqual(assistant["res_model"], "cnas.motif.wizard")
        self.assertEqual(demande.state, "demandee")
        self.en_tant_que("agent2", demande).action_refuser("Relevé illisible")
        self.assertRecordValues(demande, [{"state": "refusee", "motif_refus": "Relevé illisible"}])
        self.assertEqual(self.formation.rib_principal, RIB_VRAI)

    def test_le_demandeur_ne_se_declare_pas_autre(self):
        demande = self.demander(demandeur_id=self.roles["agent2"].id)
        self.assertEqual(demande.demandeur_id, self.roles["agent"])
        with self.assertRaises(UserError):
            demande.write({"demandeur_id": self.roles["agent2"].id})
        with self.assertRaises(UserError):
            demande.write({"rib_nouveau": self.un_rib(1)})
        with self.assertRaises(UserError):
            demande.write({"state": "validee"})

    def test_rib_faux_refuse(self):
        with self.assertRaises(ValidationError):
            self.demander(rib_nouveau="60002 00001 02710916001 54")

    @mute_logger("odoo.sql_db")
    def test_une_seule_demande_en_attente(self):
        self.demander()
        with self.assertRaises(ExclusionViolation), self.env.cr.savepoint():
            self.demander("agent2")
        self.demander("agent2", usage="pharmacie")

    def test_annulee_par_son_auteur(self):
        demande = self.demander()
        with self.assertRaisesRegex(UserError, "seul un superviseur annule"):
            self.en_tant_que("agent2", demande).action_annuler()
        demande.action_annuler()
        self.assertEqual(demande.state, "annulee")
        with self.assertRaises(UserError):
            demande.unlink()

    def test_decidee_ses_appuis_sont_figes(self):
        demande = self.demander()
        demande.write({"justification": "Changement de banque, relevé joint", "document": b"UERG"})
        self.en_tant_que("agent2", demande).action_valider()
        for valeurs in ({"justification": "Autre"}, {"document": b"UERG"}, {"document": False}, {"document_nom": "x.pdf"}):
            for role in ("agent", "administrateur"):
                with self.subTest(valeurs, role=role), self.assertRaisesRegex(UserError, "décidée"):
                    self.en_tant_que(role, demande).write(valeurs)

    def test_alerte_rib_d_une_autre(self):
        autre = self.creer_formation("brouillon", rib_principal=self.nouveau)
        self.assertIn(autre.code, self.demander().alerte)

    def test_l_interesse_est_prevenu_sur_l_ancien_et_le_nouveau_contact(self):
        self.formation.email = "ancien@sante.example"
        self.en_tant_que("agent", self.formation).email = "nouveau@sante.example"
        self.en_tant_que("agent2", self.demander()).action_valider()
        courriels = self.env["mail.mail"].sudo().search([("subject", "ilike", "CNAS"), ("body_html", "ilike", self.nouveau[-2:])])
        self.assertEqual(set(courriels.mapped("email_to")), {"ancien@sante.example", "nouveau@sante.example"})


@tagged("post_install", "-at_install", "cnas")
class TestNiveau(CasFormations):
    """Le niveau d'une formation fait son tarif : il se change à deux, même après un passage au brouillon."""

    def test_le_type_se_change_a_deux(self):
        formation = self.creer_formation("active")
        for role in ("agent", "superviseur", "administrateur"):
            with self.subTest(role=role), self.assertRaisesRegex(UserError, "se change à deux"):
                self.en_tant_que(role, formation).write({"type_formation": "hopital_reference"})
        demande = self.env["cnas.changement"].browse(self.en_tant_que("agent", formation).demander_changement(
            {"type_formation": "hopital_district"}, "Arrêté du ministre"))
        with self.assertRaises(UserError):
            demande.with_user(self.roles["agent"]).demandeur_id = self.roles["agent2"]
        with self.assertRaises(AccessError):
            self.en_tant_que("agent2", demande).action_accepter()
        self.en_tant_que("superviseur", demande).action_accepter()
        self.assertEqual((formation.type_formation, formation.niveau, demande.state), ("hopital_district", 2, "applique"))
        self.assertIn("Arrêté du ministre", formation.message_ids[0].body)

    def test_un_seul_ne_promeut_pas(self):
        formation = self.creer_formation("active")
        demande = self.env["cnas.changement"].browse(self.en_tant_que("superviseur", formation).action_changer_type(
            "hopital_district", "Promue"))
        self.assertEqual(formation.type_formation, "centre_sante")
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            self.en_tant_que("superviseur", demande).action_accepter()
        self.en_tant_que("administrateur", demande).action_accepter()
        self.assertEqual(formation.type_formation, "hopital_district")

    def test_l_assistant_fait_la_demande(self):
        formation = self.en_tant_que("superviseur", self.creer_formation("active"))
        fenetre = formation.action_changer_type()
        assistant = formation.env[fenetre["res_model"]].with_context(**fenetre["context"]).create(
            {"type_formation": "hopital_district", "motif": "Arrêté"})
        self.assertEqual(assistant.actuel, "centre_sante")
        demande = self.env["cnas.changement"].browse(assistant.action_demander()["res_id"])
        self.assertEqual((demande.state, demande.res_id, demande.motif), ("demande", formation.id, "Arrêté"))

    def test_une_demande_acceptee_est_datee(self):
        """Les soins d'avant gardent leur niveau, que le jour demandé soit passé, ou celui de l'acceptation."""
        formation, jour = self.creer_formation("active"), fields.Date.context_today(self.env.user)
        veille, hier = jour - timedelta(days=2), jour - timedelta(days=1)
        self.promouvoir(formation, type_formation="hopital_district", type_depuis=str(hier))
        formation.invalidate_recordset(["type_ids"])
        self.assertRecordValues(formation.type_ids, [
            {"type_formation": "hopital_district", "niveau": 2, "date_debut": hier, "date_fin": False},
            {"type_formation": "centre_sante", "niveau": 1, "date_debut": date(1970, 1, 1), "date_fin": veille}])
        self.promouvoir(formation, type_formation="hopital_provincial")
        self.assertEqual((formation.type_depuis, len(formation.type_ids)), (jour, 3))

    def test_demande_de_type_refusee_d_emblee(self):
        formation, jour = self.creer_formation("active"), fields.Date.context_today(self.env.user)
        self.promouvoir(formation, type_formation="hopital_district", type_depuis=str(jour))
        for valeurs in ({"type_formation": "clinique"}, {"type_formation": "hopital_district"}, {"type_depuis": str(jour)},
                        {"type_formation": "hopital_reference", "type_depuis": str(jour)},
                        {"type_formation": "hopital_reference", "type_depuis": str(jour + timedelta(days=1))},
                        {"type_formation": "hopital_reference", "type_depuis": "hier"}):
            with self.subTest(valeurs), self.assertRaises(UserError):
                self.en_tant_que("agent", formation).demander_changement(valeurs, "Arrêté")

    def promouvoir(self, formation, **valeurs):
        demande = self.en_tant_que("agent", formation).demander_changement(valeurs, "Arrêté")
        self.en_tant_que("superviseur", self.env["cnas.changement"].browse(demande)).action_accepter()

    def test_rouverte_au_brouillon_reste_gardee(self):
        formation = self.creer_formation("fermee")
        formation.action_rouvrir()
        with self.assertRaisesRegex(UserError, "se change à deux"):
            self.en_tant_que("administrateur", formation).type_formation = "hopital_reference"
        with self.assertRaisesRegex(UserError, "ne se change pas par une demande"):
            self.en_tant_que("superviseur", formation).demander_changement({"date_activation": False}, "x")

    def test_a_l_ecran_le_refus_propose_la_demande(self):
        formation = self.creer_formation("active")
        with self.assertRaises(RedirectWarning) as refus:
            self.en_tant_que("superviseur", formation).web_save({"type_formation": "hopital_reference"}, {})
        contexte = refus.exception.args[3]
        demande = self.env["cnas.changement"].with_user(self.roles["superviseur"]).with_context(**contexte).create({"motif": "Décision"})
        self.assertEqual((demande.valeurs, demande.res_id), ({"type_formation": "hopital_reference"}, formation.id))
