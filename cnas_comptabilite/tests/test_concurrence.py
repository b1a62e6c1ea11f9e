from contextlib import contextmanager

import psycopg2

from odoo import SUPERUSER_ID, Command, api
from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import TransactionCase

EXERCICE = 2199


@tagged("post_install", "-at_install", "cnas")
class TestConcurrence(TransactionCase):
    """Deux connexions au même instant : qui a lu avant l'autre, et écrit après, recommence et relit."""

    @contextmanager
    def connexion(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def refuse_apres(self, reserver):
        with self.connexion() as premier, self.connexion() as second:
            second["res.users"].search([], limit=1)  # son instantané date d'ici
            reserver(premier)
            premier.cr.commit()
            with self.assertRaises(psycopg2.errors.SerializationFailure):
                reserver(second)
            second.cr.rollback()
            reserver(second)

    def test_deux_ordonnancements_ne_prennent_pas_le_meme_credit(self):
        self.addCleanup(self._oter_le_budget)
        with self.connexion() as env:
            env["cnas.budget"].create({"name": "Concurrence", "exercice": EXERCICE, "ligne_ids": [
                Command.create({"chapitre": "soins", "name": "soins", "comptes": "65881", "montant": 100})]})._ecrire({"state": "vote"})
        self.refuse_apres(lambda env: env["cnas.engagement"]._reserver(EXERCICE))

    def _oter_le_budget(self):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM cnas_budget_ligne WHERE budget_id IN (SELECT id FROM cnas_budget WHERE exercice = %s)", [EXERCICE])
            cr.execute("DELETE FROM cnas_budget WHERE exercice = %s", [EXERCICE])

    def test_deux_comptabilisations_ne_passent_pas_le_meme_fait(self):
        self.refuse_apres(lambda env: env["cnas.comptabilite"]._reserver())
