import runpy
from datetime import timedelta
from pathlib import Path

from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .commun import CasEmployeur


@tagged("post_install", "-at_install", "cnas")
class TestEmployeur(CasEmployeur):
    """Identifiants, circuit et états gardés de l'employeur."""

    def _creer(self, **vals):
        return self.employeurs.create({"raison_sociale": "Essai", "type_employeur": "prive", **vals})

    def test_matricule_a_cle(self):
        self.assertRegex(self.employeur.matricule, r"^E\d{8}$")
        self.assertTrue(self.employeur._cle_valide(self.employeur.matricule))

    def test_nif(self):
        for nif, avertit in (("901 7775y", False), ("M12345678", True)):
            employeur = self._creer(nif=nif, rccm=f"TD-NDJ-2024-A-{len(nif) + 500 * avertit}")
            with self.subTest(nif=nif):
                self.assertEqual(bool(employeur.avertissement), avertit)
        for nif in ("123", "9012555-Y-TROP-LONG-POUR-UN-NIF", "9012/55Y"):
            with self.subTest(nif=nif), self.assertRaisesRegex(ValidationError, "NIF"):
                self._creer(nif=nif)

    def test_nif_unique(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self._creer(nif="9012345K")

    def test_rccm(self):
        exemples = (
            "TC/NDJ/13B261", "TC/NDJ/13 A 1398", "TD-NDJ-01-2021-B12-00287", "TD-NDJ-01-2026-B12-00299",
            "TD-SRH-2024-A-140", "TD-NDJ-11-2011-B1300002")
        for rang, rccm in enumerate(exemples):
            with self.subTest(rccm=rccm):
                self.assertFalse(self._creer(rccm=rccm, nif=f"900000{rang}A").avertissement)
        self.assertIn("RCCM", self._creer(rccm="RC 1234 B", nif="9111111A").avertissement)
        with self.assertRaisesRegex(ValidationError, "RCCM"):
            self._creer(rccm="<b>")

    def test_terrain_32_un_rccm_ne_s_ecrit_que_d_une_facon(self):
        premier = self._creer(rccm="TC/NDJ/13 A 1398")
        self.assertEqual(premier.rccm, "TC/NDJ/13A1398")
        for rccm in ("TC/NDJ/13A1398", "TC/NDJ/13-A-1398", "tc ndj 13 a 1398", "TC/NDJ/13 A\u00a01398"):
            with self.subTest(rccm=rccm), mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation), self.cr.savepoint():
                self._creer(rccm=rccm)
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation), self.cr.savepoint():
            self._creer(rccm="td ndj 01 2021 b12 00999")

    def test_en_cours_laisse_vide(self):
        """« En cours » n'est ni un RCCM ni un NIF : deux employeurs peuvent l'attendre."""
        for texte in ("en cours", "EN COURS D'IMMATRICULATION", "Néant", "-", "N/A"):
            employeur = self._creer(rccm=texte, nif=texte)
            self.assertFalse(employeur.rccm or employeur.nif, texte)

    def test_migration_des_rccm(self):
        employeurs = self._creer() + self._creer() + self._creer() + self._creer()
        for employeur, rccm in zip(employeurs, ("TC/NDJ/13 A 7", "TC/NDJ/13-A-7", "EN COURS", "NEANT")):
            self.cr.execute("UPDATE cnas_employeur SET rccm = %s WHERE id = %s", (rccm, employeur.id))
        chemin = Path(__file__).parents[1] / "migrations/17.0.1.1.0/post-rccm.py"
        runpy.run_path(str(chemin))["migrate"](self.cr, "17.0.1.0.0")
        employeurs.invalidate_recordset()
        self.assertEqual(employeurs.mapped("rccm"), ["TC/NDJ/13A7", "TC/NDJ/13-A-7", False, False])

    def test_migration_du_courriel_de_relance(self):
        """Le texte livré hier suit ; ce que la caisse a récrit reste le sien."""
        gabarit = self.env.ref("cnas_employeurs.mail_template_relance").with_context(lang="fr_FR")
        chemin = Path(__file__).parents[1] / "migrations/17.0.1.1.0/post-courriel.py"
        gabarit.write({"subject": 'Déclaration de {{ format_date(object.periode, date_format="MMMM y") }} attendue',
                       "body_html": "<p>Sans elle, vos droits cessent.</p><p>La Caisse Nationale d'Assurance Santé</p>", "lang": False})
        runpy.run_path(str(chemin))["migrate"](self.cr, "17.0.1.0.0")
        self.env.invalidate_all()
        self.assertIn("raison_sociale", gabarit.subject)
        self.assertEqual((str(gabarit.body_html), gabarit.lang), ("<p>Sans elle, vos droits cessent.</p>", "fr_FR"))
        gabarit.write({"subject": "Votre déclaration", "body_html": "<p>Relance d'ici</p>"})
        runpy.run_path(str(chemin))["migrate"](self.cr, "17.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual((gabarit.subject, str(gabarit.body_html)), ("Votre déclaration", "<p>Relance d'ici</p>"))

    def test_activation_exige_les_identifiants_du_prive(self):
        prive = self._creer()
        with self.assertRaisesRegex(UserError, "NIF et le RCCM"):
            prive.action_activer()
        ong = self._creer(type_employeur="ong")
        ong.action_activer()
        self.assertEqual(ong.state, "actif")

    def test_circuit_par_role(self):
        with self.assertRaises(AccessError):
            self.employeur.action_suspendre("Impayés")
        employeur = self.employeur.with_user(self.superviseur)
        self.assertEqual(employeur.action_suspendre()["res_model"], "cnas.motif.wizard")
        self.assertEqual(employeur.state, "actif", "sans motif, rien ne change")
        employeur.action_suspendre("Impayés")
        self.assertEqual((employeur.state, employeur.motif_etat), ("suspendu", "Impayés"))
        with self.assertRaises(AccessError):
            self.employeur.action_reactiver()
        employeur.action_reactiver()
        with self.assertRaisesRegex(UserError, "au plus tard aujourd'hui"):
            employeur.action_radier("Cessation", fields.Date.context_today(employeur) + timedelta(days=1))
        self.assertEqual(employeur.state, "actif")
        employeur.action_radier("Cessation", "2026-06-30")
        with self.assertRaisesRegex(UserError, "à l'état « Radié »"):
            employeur.action_activer()

    def test_etat_garde(self):
        with self.assertRaises(UserError):
            self.employeur.write({"state": "radie"})
        with self.assertRaises(UserError):
            self._creer(state="actif")
        with self.assertRaisesRegex(UserError, "radiez"):
            self.employeur.unlink()

    def test_date_de_creation_future(self):
        with self.assertRaisesRegex(ValidationError, "futur"):
            self._creer(date_creation="2126-01-01")
