from lxml import etree
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import CasFormations


@tagged("post_install", "-at_install", "cnas")
class TestFormationSanitaire(CasFormations):
    def test_niveau_deduit_du_type(self):
        for niveau, type_formation in enumerate(
                ("centre_sante", "hopital_district", "hopital_provincial", "hopital_reference"), start=1):
            self.assertEqual(self.creer_formation(type_formation=type_formation).niveau, niveau)

    def test_creation(self):
        formation = self.en_tant_que("agent", self.env["cnas.formation_sanitaire"]).create({
            "code": " cs-abe-99 ", "name": "Centre  de Djatinié", "district_id": self.district.id,
            "telephone_1": "66123456", "email": "cs99@sante.example"})
        self.assertRecordValues(formation, [{
            "code": "CS-ABE-99", "name": "Centre de Djatinié", "urbain": True, "state": "brouillon",
            "province_id": self.district.province_id.id, "telephone_1": "+235 66 12 34 56"}])
        self.assertRecordValues(formation.sudo().partner_id, [{
            "name": "Centre de Djatinié", "ref": "CS-ABE-99", "is_company": True, "email": "cs99@sante.example"}])
        formation.name = "Centre de santé de Djatinié"
        self.assertEqual(formation.sudo().partner_id.name, "Centre de santé de Djatinié")

    def test_nouveau_jamais_false(self):
        nouveau = self.env["cnas.formation_sanitaire"].new({})
        self.assertEqual(nouveau.display_name, "Nouveau")
        with Form(self.env["cnas.formation_sanitaire"].with_context(default_type_formation="hopital_reference")) as f:
            self.assertEqual(f.niveau, 4)
            self.assertTrue(f.urbain)
            f.code, f.name = "HR-ESS-01", "Hôpital d'essai"
        self.assertEqual(f.record.display_name, "Hôpital d'essai (HR-ESS-01)")
        # Terrain 32 : ce que l'écran affiche se retrouve.
        for operateur in ("=", "ilike"):
            self.assertEqual(f.record.name_search("Hôpital d'essai (HR-ESS-01)", operator=operateur)[0][0], f.record.id)
        self.assertFalse(f.record.name_search("Centre de santé (HR-ESS-01)", operator="="))

    @mute_logger("odoo.sql_db")
    def test_code_unique_et_lisible(self):
        formation = self.creer_formation()
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.creer_formation(code=formation.code.lower())
        for code in ("A", "CODE BEAUCOUP TROP LONG POUR UN CODE", "CS;1", "<b>", ""):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.creer_formation(code=code)

    def test_code_fige_apres_activation(self):
        formation = self.creer_formation()
        with self.assertRaises(UserError):
            formation.code = "AUTRE-01"

    def test_etat_garde_a_l_ecriture(self):
        for role in ("agent", "superviseur", "administrateur"):
            formation = self.en_tant_que(role, self.creer_formation("brouillon"))
            for valeurs in ({"state": "active"}, {"date_activation": "2026-01-01"}, {"date_fermeture": "2026-01-01"},
                            {"partner_id": self.env.company.partner_id.id},
                            {"user_ids": [Command.link(self.roles["agent"].id)]}):
                with self.assertRaises(UserError):
                    formation.write(valeurs)
            with self.assertRaises(UserError):
                formation.create({"code": "X-1", "name": "X", "state": "active"})

    def test_creation_forgee(self):
        """Ni les valeurs ni le contexte ne posent un contact ou des usagers choisis."""
        formations = self.en_tant_que("agent", self.env["cnas.formation_sanitaire"])
        societe = self.env.company.partner_id
        for valeurs in ({"partner_id": societe.id}, {"user_ids": [Command.link(self.roles["agent"].id)]}):
            with self.assertRaises(UserError):
                formations.create({"code": "FORGE-1", "name": "Forgée", **valeurs})
        formation = formations.with_context(
            default_partner_id=societe.id, default_user_ids=[Command.link(self.roles["agent"].id)],
            default_state="active").create({"code": "FORGE-1", "name": "Forgée"})
        self.assertNotEqual(formation.partner_id, societe)
        self.assertFalse(formation.sudo().user_ids)
        self.assertEqual(formation.state, "brouillon")

    def test_chaque_role_ouvre_chaque_ecran(self):
        """Liste et fiche se lisent entièrement, champs de la vue compris, pour tous les rôles internes."""
        formation = self.creer_formation(convention=("2025-01-01", "2027-12-31"))
        for modele in ("cnas.formation_sanitaire", "cnas.convention", "cnas.praticien", "cnas.carnet"):
            for role in self.roles:
                records = self.env[modele].with_user(self.roles[role])
                for type_vue in ("form", "tree"):
                    vue = records.get_view(view_type=type_vue)
                    champs = etree.fromstring(vue["arch"]).xpath("//field[not(ancestor::field)]/@name")
                    records.search([], limit=3).web_read({champ: {} for champ in champs})
        formation.with_user(self.roles["medecin"]).read()

    def test_transitions_par_role(self):
        actions = {
            "action_activer": ("brouillon", ()), "action_suspendre": ("active", ("Motif",)),
            "action_reactiver": ("suspendue", ()), "action_fermer": ("active", ("Motif",)),
        }
        for action, (depart, arguments) in actions.items():
            for role in ("agent", "controleur", "medecin", "finance"):
                formation = self.en_tant_que(role, self.creer_formation(depart))
                with self.assertRaises(AccessError):
                    getattr(formation, action)(*arguments)
                self.assertEqual(formation.state, depart)
            formation = self.en_tant_que("superviseur", self.creer_formation(depart))
            self.assertIs(getattr(formation, action)(*arguments), True)
            self.assertNotEqual(formation.state, depart)

    def test_transitions_interdites(self):
        interdites = {
            "action_activer": ("active", "suspendue", "fermee"), "action_suspendre": ("brouillon", "suspendue", "fermee"),
            "action_reactiver": ("brouillon", "active", "fermee"), "action_fermer": ("brouillon", "fermee"),
            "action_rouvrir": ("brouillon", "active", "suspendue"),
        }
        for action, departs in interdites.items():
            arguments = ("Motif",) if action in ("action_suspendre", "action_fermer") else ()
            for depart in departs:
                formation = self.en_tant_que("administrateur", self.creer_formation(depart))
                with self.assertRaises(UserError):
                    getattr(formation, action)(*arguments)
                self.assertEqual(formation.state, depart)

    def test_motif_demande(self):
        formation = self.en_tant_que("superviseur", self.creer_formation())
        for motif in (None, "", "   "):
            self.assertEqual(formation.action_suspendre(motif)["res_model"], "cnas.motif.wizard")
        self.assertEqual(formation.state, "active")
        for date in ("pas une date", "2999-01-01"):
            with self.assertRaises(UserError):
                formation.action_suspendre("Motif", date)
        with self.assertRaises(UserError):
            formation.action_suspendre(["liste"])
        formation.action_suspendre("Registre absent", "2026-01-15")
        self.assertEqual(formation.motif_suspension, "Registre absent")

    def test_assistant_de_motif(self):
        formation = self.en_tant_que("superviseur", self.creer_formation())
        action = formation.action_fermer()
        assistant = self.env[action["res_model"]].with_user(self.roles["superviseur"]).with_context(
            action["context"]).create({"motif": "Bâtiment détruit"})
        assistant.action_confirmer()
        self.assertRecordValues(formation, [{"state": "fermee", "motif_fermeture": "Bâtiment détruit"}])

    def test_rouvrir(self):
        formation = self.creer_formation("fermee")
        with self.assertRaises(AccessError):
            self.en_tant_que("superviseur", formation).action_rouvrir()
        self.en_tant_que("administrateur", formation).action_rouvrir()
        self.assertRecordValues(formation, [{"state": "brouillon", "date_fermeture": False}])

    def test_suppression(self):
        formation = self.creer_formation()
        with self.assertRaises(UserError):
            self.en_tant_que("administrateur", formation).unlink()
        with self.assertRaises(AccessError):
            self.en_tant_que("agent", self.creer_formation("brouillon")).unlink()
        self.en_tant_que("administrateur", self.creer_formation("brouillon")).unlink()

    def test_vue_du_centre_de_sante(self):
        """District et Revitalisé forment une section propre au centre de santé."""
        vue = self.env.ref("cnas_formations.formation_sanitaire_view_form").arch
        self.assertIn("SPÉCIFIQUE CENTRE DE SANTÉ", vue)
        self.assertIn("type_formation != 'centre_sante'", vue)
        champs = self.env["cnas.formation_sanitaire"].fields_get()
        self.assertEqual(
            [champs[c]["string"] for c in ("name", "type_formation", "code", "niveau", "state", "urbain",
                                           "compte_principal_id", "compte_pharmacie_id", "district_id", "revitalise")],
            ["Formation Sanitaire", "Type", "Code", "Niveau", "Statut", "Urbain", "Compte Bancaire Principal",
             "Compte Bancaire Pharmacie", "District", "Revitalisé"])

    def test_synthese_vide_sans_addon_du_haut(self):
        formation = self.creer_formation()
        syntheses = formation._synthese_par_lot()
        self.assertEqual(set(syntheses), {formation.id})
        self.assertIsInstance(formation.synthese_volume, int)

    def test_requetes_constantes_en_liste(self):
        champs = {"code": {}, "name": {}, "situation": {}, "convention_date_fin": {}, "rib_partage": {},
                  "rib_alerte": {}, "nombre_praticiens": {}, "synthese_volume": {}}
        formations = self.env["cnas.formation_sanitaire"].concat(*(
            self.creer_formation(convention=("2025-01-01", "2027-12-31")) for _i in range(30)))

        def compter(records):
            self.env.flush_all()
            self.env.invalidate_all()
            avant = self.env.cr.sql_log_count
            records.web_read(champs)
            return self.env.cr.sql_log_count - avant

        compter(formations[:2])
        self.assertEqual(compter(formations[:3]), compter(formations))
