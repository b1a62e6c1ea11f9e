from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestLot(TransactionCase):
    """Un lot s'exécute une fois par plage, isole ses erreurs et se relance."""

    def setUp(self):
        super().setUp()
        self.provinces = self.env["cnas.province"].search([])
        self.appels = appels = []

        def _marquer(provinces, echec=0):
            appels.append(provinces.ids)
            provinces.write({"chef_lieu": "marqué"})
            if echec in provinces.ids:
                raise UserError("Panne d'essai")

        self.startPatcher(patch.object(type(self.provinces), "_marquer", _marquer, create=True))
        self.superviseur = new_test_user(self.env, "superviseur_lot", groups="cnas_base.group_administrateur")

    def _lancer(self, **options):
        lots = self.env["cnas.lot"].with_user(self.superviseur)
        return lots._lancer("Essai", "cnas.province", "_marquer", self.provinces.ids, **options)

    def test_petit_lot_synchrone(self):
        lot = self._lancer()
        self.assertEqual((lot.state, lot.traites, len(self.appels)), ("fait", 23, 1))

    def test_grand_lot_par_plages(self):
        self.patch(type(self.env["cnas.lot"]), "_planifier", lambda lot: None)
        lot = self._lancer(taille=10)
        self.assertEqual((lot.state, len(lot.plage_ids)), ("attente", 3))
        lot.sudo().plage_ids[0]._executer()
        lot.sudo().plage_ids[0]._executer()
        self.assertEqual(len(self.appels), 1, "une plage faite ne se rejoue pas")
        self.assertEqual((lot.state, lot.traites), ("en_cours", 10))

    def test_erreur_isolee_et_relance(self):
        lot = self._lancer(parametres={"echec": self.provinces[0].id})
        self.assertEqual(lot.state, "erreur")
        self.assertIn("Panne d'essai", lot.message_erreur)
        self.provinces.invalidate_recordset()
        self.assertNotIn("marqué", self.provinces.mapped("chef_lieu"), "rien à moitié")
        lot.sudo().parametres = {}
        self.patch(type(self.env["cnas.lot"]), "_planifier", lambda lot: lot.plage_ids._executer())
        lot.action_relancer()
        self.assertEqual(lot.state, "fait")

    def test_cle_refuse_le_double(self):
        self.patch(type(self.env["cnas.lot"]), "_planifier", lambda lot: None)
        self._lancer(taille=10, cle="essai")
        with self.assertRaisesRegex(UserError, "déjà en cours"):
            self._lancer(taille=10, cle="essai")

    def test_relance_reservee(self):
        agent = new_test_user(self.env, "agent_lot", groups="cnas_base.group_agent")
        lot = self.env["cnas.lot"].with_user(agent)._lancer("Vide", "cnas.province", "_marquer", [])
        with self.assertRaisesRegex(UserError, "superviseur"):
            lot.action_annuler()
