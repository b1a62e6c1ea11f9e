import threading

from psycopg2.errors import ExclusionViolation, SerializationFailure

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger


@tagged("post_install", "-at_install", "cnas")
class TestConcurrence(TransactionCase):
    """Deux agents, deux connexions, le même instant : une seule écriture passe."""

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            formation = env["cnas.formation_sanitaire"].create({"code": "CONCUR-01", "name": "Concurrence"})
            self.formation_id, self.partner_id = formation.id, formation.partner_id.id
        self.addCleanup(self._nettoyer)

    def _nettoyer(self):
        with self.registry.cursor() as cr:
            for table in ("cnas_convention", "cnas_carnet"):
                cr.execute(f"DELETE FROM {table} WHERE formation_id = %s", (self.formation_id,))
            cr.execute("DELETE FROM cnas_formation_sanitaire WHERE id = %s", (self.formation_id,))
            cr.execute("DELETE FROM res_partner WHERE id = %s", (self.partner_id,))

    def _a_deux(self, modele, premier, second):
        """Crée `premier` sans valider, `second` d'une autre connexion, puis valide : rend l'erreur du second."""
        erreurs = []

        def autre_agent():
            try:
                with self.registry.cursor() as cr, mute_logger("odoo.sql_db"):
                    api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})[modele].create(second)
            except ExclusionViolation as erreur:
                erreurs.append(erreur)

        with self.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})[modele].create(premier)
            fil = threading.Thread(target=autre_agent)
            fil.start()
            fil.join(timeout=0.5)
        fil.join(timeout=20)
        self.assertFalse(fil.is_alive())
        return erreurs

    def _compter(self, modele):
        with self.registry.cursor() as cr:
            return api.Environment(cr, SUPERUSER_ID, {})[modele].search_count([("formation_id", "=", self.formation_id)])

    def test_conventions_concurrentes(self):
        base = {"formation_id": self.formation_id, "date_fin": "2027-12-31"}
        erreurs = self._a_deux(
            "cnas.convention", {**base, "numero": "C-1", "date_debut": "2025-01-01"},
            {**base, "numero": "C-2", "date_debut": "2026-01-01"})
        self.assertEqual(len(erreurs), 1)
        self.assertEqual(self._compter("cnas.convention"), 1)

    def test_conventions_successives(self):
        base = {"formation_id": self.formation_id}
        erreurs = self._a_deux(
            "cnas.convention", {**base, "numero": "C-1", "date_debut": "2025-01-01", "date_fin": "2025-12-31"},
            {**base, "numero": "C-2", "date_debut": "2026-01-01", "date_fin": "2026-12-31"})
        self.assertEqual(erreurs, [])
        self.assertEqual(self._compter("cnas.convention"), 2)

    def test_deux_validations_du_meme_rib(self):
        """Deux agents valident la même demande : une seule passe, l'autre reçoit un refus, le RIB change une fois."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            demandeur = env["res.users"].with_context(no_reset_password=True).create({
                "name": "Demandeur", "login": "essai_demandeur_concurrent",
                "groups_id": [Command.set(env.ref("cnas_base.group_agent").ids)]})
            demande = env["cnas.demande_rib"].create({
                "formation_id": self.formation_id, "rib_nouveau": "60002 00001 02710916001 53",
                "justification": "Essai", "demandeur_id": demandeur.id})
            demande_id, demandeur_id, contact_id = demande.id, demandeur.id, demandeur.partner_id.id

        def nettoyer():
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                cr.execute("DELETE FROM cnas_demande_rib WHERE id = %s", (demande_id,))
                formation = env["cnas.formation_sanitaire"].browse(self.formation_id)
                compte = formation.compte_principal_id
                formation._ecrire({"compte_principal_id": False})
                compte.unlink()
                env["res.users"].browse(demandeur_id).unlink()
                env["res.partner"].browse(contact_id).unlink()

        self.addCleanup(nettoyer)
        refus = []

        def second_agent():
            try:
                with self.registry.cursor() as cr, mute_logger("odoo.sql_db"):
                    api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})["cnas.demande_rib"].browse(
                        demande_id).action_valider()
            except (SerializationFailure, UserError) as erreur:
                refus.append(erreur)

        with self.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})["cnas.demande_rib"].browse(
                demande_id).action_valider()
            fil = threading.Thread(target=second_agent)
            fil.start()
            fil.join(timeout=0.5)
        fil.join(timeout=20)
        self.assertEqual(len(refus), 1)
        # Odoo rejoue une transaction en conflit : elle lit alors la décision prise et le dit.
        with self.registry.cursor() as cr, self.assertRaises(UserError):
            api.Environment(cr, SUPERUSER_ID, {})["cnas.demande_rib"].browse(demande_id).action_valider()

    def test_carnets_concurrents(self):
        base = {"formation_id": self.formation_id}
        erreurs = self._a_deux(
            "cnas.carnet", {**base, "debut": 900_000_001, "fin": 900_000_100},
            {**base, "debut": 900_000_100, "fin": 900_000_200})
        self.assertEqual(len(erreurs), 1)
        self.assertEqual(self._compter("cnas.carnet"), 1)
