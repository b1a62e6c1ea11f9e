from datetime import date, datetime

from freezegun import freeze_time
from psycopg2 import IntegrityError
from psycopg2.errors import ExclusionViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.tests.common import pdf_base64

from .common import CasFormations


@tagged("post_install", "-at_install", "cnas")
class TestConvention(CasFormations):
    jour_fige = datetime(2026, 11, 21, 9)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.formation = cls.creer_formation()

    def active(self, debut="2025-01-01", fin="2027-12-31", **valeurs):
        convention = self.creer_convention(self.formation, debut, fin, **valeurs)
        convention.action_activer()
        return convention

    # ------------------------------------------------------------------ dates et numéro
    @mute_logger("odoo.sql_db")
    def test_pas_de_chevauchement(self):
        self.active("2025-01-01", "2025-12-31")
        for debut, fin in (("2025-12-31", "2026-12-31"), ("2024-01-01", "2025-01-01"), ("2025-05-01", "2025-06-01"),
                           ("2024-01-01", None)):
            with self.assertRaises(ExclusionViolation), self.env.cr.savepoint():
                self.creer_convention(self.formation, debut, fin)
        self.creer_convention(self.formation, "2026-01-01", "2026-12-31")
        self.creer_convention(self.formation, "2024-01-01", "2024-12-31")
        self.creer_convention(self.creer_formation(), "2025-05-01", "2025-06-01")

    @mute_logger("odoo.sql_db")
    def test_dates_plausibles(self):
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.creer_convention(self.formation, "2025-02-01", "2025-01-01")
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.creer_convention(self.formation, "0205-02-01")

    @mute_logger("odoo.sql_db")
    def test_numero(self):
        convention = self.creer_convention(self.formation, "2025-01-01", "2025-12-31")
        self.assertRegex(convention.numero, r"^CONV/2025/\d{4}$")
        sienne = self.creer_convention(self.formation, "2026-01-01", "2026-12-31", numero=" 014/CNAS/2026 ")
        self.assertEqual(sienne.numero, "014/CNAS/2026")
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.creer_convention(self.creer_formation(), "2026-01-01", numero="014/CNAS/2026")

    # ------------------------------------------------------------------ circuit
    def test_activer_par_role(self):
        convention = self.creer_convention(self.formation, "2025-01-01", "2027-12-31")
        for role in ("agent", "controleur", "medecin", "finance"):
            with self.assertRaises(AccessError):
                self.en_tant_que(role, convention).action_activer()
        self.assertIs(self.en_tant_que("superviseur", convention).action_activer(), True)
        with self.assertRaises(UserError):
            self.en_tant_que("superviseur", convention).action_activer()

    def test_activer_demande_une_formation_activee(self):
        for etat in ("brouillon", "fermee"):
            convention = self.creer_convention(self.creer_formation(etat), "2025-01-01", "2027-12-31")
            with self.assertRaises(UserError):
                convention.action_activer()

    def test_etat_garde_a_l_ecriture(self):
        convention = self.creer_convention(self.formation, "2025-01-01", "2027-12-31")
        for role in ("agent", "superviseur", "administrateur"):
            for valeurs in ({"state": "active"}, {"date_denonciation": "2026-01-01"}, {"motif_denonciation": "x"}):
                with self.assertRaises(UserError):
                    self.en_tant_que(role, convention).write(valeurs)
        with self.assertRaises(UserError):
            self.creer_convention(self.formation, "2030-01-01", state="active")

    def test_clauses_signees_figees(self):
        convention = self.active()
        for valeurs in ({"date_fin": "2030-01-01"}, {"date_debut": "2024-01-01"}, {"numero": "X"},
                        {"formation_id": self.creer_formation().id}):
            with self.assertRaises(UserError):
                self.en_tant_que("administrateur", convention).write(valeurs)
        convention.write({"date_fin": "2027-12-31", "note": "Avenant n° 1", "document": b"UERG"})
        self.assertTrue(convention.piece_signee)
        with self.assertRaises(UserError):
            convention.unlink()

    def test_la_convention_remplacee_se_garde(self):
        """Une autre convention signée classe celle d'avant sous la convention ; le même fichier ne classe rien."""
        convention = self.en_tant_que("agent", self.active())
        for texte in ("un", "un", "deux"):
            convention.write({"document": pdf_base64(texte), "document_nom": "c.pdf"})
        ancienne = convention.document_ids
        self.assertEqual((ancienne.fichier.decode(), ancienne.state, ancienne.date_depart), (pdf_base64("un"), "remplace", convention.date_fin))
        self.assertEqual(convention.document.decode(), pdf_base64("deux"))
        self.assertEqual(ancienne.with_user(convention.env.user).search([("formation_id", "=", False), ("id", "=", ancienne.id)]), ancienne)
        # Déjà finie, elle se remplace aussi.
        convention._ecrire({"date_fin": "2026-01-31", "date_signature": "2024-12-20"})
        convention.write({"document": pdf_base64("trois")})
        self.assertEqual(convention.document_ids.mapped("date_document"), [date(2025, 1, 1), date(2024, 12, 20)])

    def test_classer_depuis_la_formation(self):
        """Du bouton d'une formation, on classe aussi sous sa convention : la formation proposée ne reste pas cachée."""
        convention = self.active()
        fiche = Form(self.env["cnas.document"].with_context(default_formation_id=self.formation.id))
        self.assertEqual(fiche.formation_id, self.formation)
        fiche.type_id = self.env.ref("cnas_base.type_document_convention")
        fiche.convention_id, fiche.name, fiche.fichier = convention, "Avenant", pdf_base64("avenant")
        document = fiche.save()
        self.assertEqual((document.convention_id, document.formation_id.id), (convention, False))

    def test_geler_une_formation_ne_gele_qu_elle(self):
        """Le gel d'une formation tient sa convention et leur courrier, et laisse détruire ce qui n'est pas d'elle."""
        convention = self.en_tant_que("agent", self.active())
        for texte in ("un", "deux"):
            convention.write({"document": pdf_base64(texte), "document_nom": "c.pdf"})
        courriers = self.env["cnas.courrier"].create([
            {"correspondant": "Essai", "objet": "Essai", **lien}
            for lien in ({}, {"formation_id": self.formation.id}, {"convention_id": convention.id})])
        libre, *leurs = self.env["cnas.document"].create([
            {"name": "Lettre", "type_id": courrier.type_id.id, "courrier_id": courrier.id, "fichier": pdf_base64("lettre")}
            for courrier in courriers])
        self.env["cnas.gel"].create({"name": "Parquet", "motif": "Enquête", "formation_id": self.formation.id})
        tenus = convention.document_ids.sudo().union(*leurs)
        self.assertEqual(((tenus | libre).filtered("gele"), len(tenus)), (tenus, 3))
        for gele, attendus in ((True, tenus), (False, libre)):
            self.assertEqual(libre.search([("id", "in", (tenus | libre).ids), ("gele", "=", gele)]), attendus.sorted())

    def test_suspendre_et_reactiver(self):
        convention = self.en_tant_que("superviseur", self.active())
        self.assertEqual(convention.action_suspendre()["res_model"], "cnas.motif.wizard")
        convention.action_suspendre("Surfacturation", "2026-10-01")
        self.assertEqual(convention.state, "suspendue")
        with self.assertRaises(UserError):
            convention.action_suspendre("Encore")
        with freeze_time("2026-12-01"):
            convention.action_reactiver()
            with self.assertRaises(UserError):
                convention.action_reactiver()
        self.assertEqual(convention.state, "active")
        self.assertRecordValues(convention.suspension_ids, [
            {"date_debut": date(2026, 10, 1), "date_fin": date(2026, 11, 30), "motif": "Surfacturation"}])

    def test_activer_ne_leve_pas_une_suspension(self):
        convention = self.active()
        convention.action_suspendre("Surfacturation")
        with self.assertRaises(UserError):
            convention.action_activer()

    def test_suspension_hors_convention_refusee(self):
        convention = self.active("2026-01-01", "2026-12-31")
        for jour in ("2025-12-31", "2027-01-01", "demain"):
            with self.assertRaises(UserError):
                convention.action_suspendre("Motif", jour)

    def test_suspension_du_jour_levee_le_jour_meme(self):
        convention = self.active()
        convention.action_suspendre("Erreur")
        convention.action_reactiver()
        self.assertFalse(convention.suspension_ids)

    @mute_logger("odoo.sql_db")
    def test_denoncer(self):
        convention = self.en_tant_que("superviseur", self.active())
        for jour in ("2025-01-01", "2028-01-01"):
            with self.assertRaises(UserError):
                convention.action_denoncer("Fraude", jour)
        convention.action_denoncer("Fraude", "2026-07-01")
        self.assertRecordValues(convention, [{
            "state": "denoncee", "date_fin": date(2026, 6, 30), "date_denonciation": date(2026, 7, 1),
            "date_echeance_origine": date(2027, 12, 31), "motif_denonciation": "Fraude"}])
        self.active("2026-07-01", "2027-12-31")

    def test_renouveler(self):
        convention = self.active("2026-01-01", "2026-12-31")
        action = self.en_tant_que("agent", convention).action_renouveler()
        suivante = self.env["cnas.convention"].browse(action["res_id"])
        self.assertRecordValues(suivante, [
            {"date_debut": date(2027, 1, 1), "date_fin": date(2027, 12, 31), "state": "brouillon"}])
        self.assertEqual(convention.action_renouveler()["res_id"], suivante.id)

    # ------------------------------------------------------------------ tâche de nuit
    def test_expiration(self):
        echue, courante = self.active("2025-01-01", "2026-11-20"), self.active("2026-11-21", "2027-11-20")
        self.env["cnas.convention"]._cron_suivre()
        self.assertEqual((echue.state, courante.state), ("expiree", "active"))

    def test_suspension_prevue(self):
        convention = self.active()
        convention.action_suspendre("Travaux", "2026-12-10")
        self.assertEqual(convention.state, "active")
        with freeze_time("2026-12-10"):
            self.env["cnas.convention"]._cron_suivre()
            self.assertEqual(convention.state, "suspendue")
            self.env["cnas.convention"]._cron_suivre()
            self.assertEqual(convention.state, "suspendue")

    def test_alerte_d_echeance_une_seule_fois(self):
        convention = self.active("2025-01-01", "2027-01-31", responsable_id=self.roles["agent"].id)
        lointaine = self.creer_convention(self.creer_formation(), "2025-01-01", "2027-12-31")
        lointaine.action_activer()
        self.env["cnas.convention"]._cron_suivre()
        self.env["cnas.convention"]._cron_suivre()
        self.assertEqual(convention.activity_ids.user_id, self.roles["agent"])
        self.assertEqual(len(convention.activity_ids), 1)
        self.assertFalse(lointaine.activity_ids)

    def test_pas_d_alerte_si_renouvelee(self):
        convention = self.active("2025-01-01", "2027-01-31")
        convention.action_renouveler()
        self.env["cnas.convention"]._cron_suivre()
        self.assertFalse(convention.activity_ids)
