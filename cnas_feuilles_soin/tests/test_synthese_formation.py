from datetime import timedelta

from odoo import fields
from odoo.tests.common import tagged

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestSyntheseFormation(CommunFeuille):
    """La fiche d'une formation résume ses feuilles de l'année, en un nombre constant de requêtes."""

    def test_chiffres(self):
        feuilles = self.feuilles.union(*[self.deposee(f"S-{rang}") for rang in range(4)])
        self.decider(feuilles[0] + feuilles[1], "validee", 2000, 0, 10)
        self.decider(feuilles[2], "rejetee", 0, 2700, 4)
        self.feuilles.flush_model()
        synthese = self.formation._synthese_par_lot()[self.formation.id]
        self.assertTrue(synthese["disponible"])
        self.assertEqual((synthese["volume"], synthese["rejetees"], int(synthese["montant_facture"])), (4, 1, 4 * 2700))
        self.assertEqual((int(synthese["montant_cnas"]), int(synthese["montant_rejete"])), (4000, 2700))
        self.assertAlmostEqual(synthese["taux_rejet"], 100 / 3)
        self.assertAlmostEqual(synthese["taux_rejet_montant"], 100 / 3)
        self.assertAlmostEqual(synthese["delai_traitement"], (10 + 10 + 4) / 3)
        self.assertEqual(self.formation.synthese_volume, 4)
        self.assertFalse(self.autre_formation.synthese_disponible)

    def decider(self, feuilles, etat, cnas, rejete, jours):
        """Pose une décision en base, `jours` après le dépôt."""
        for feuille in feuilles:
            self.env.flush_all()
            self.env.cr.execute("""
                UPDATE cnas_feuille_soin SET state = %s, montant_base = %s, montant_cnas = %s, montant_rejete = %s,
                       depassement = montant_facture - %s - %s, ticket_moderateur = 0, date_decision = %s WHERE id = %s
            """, [etat, cnas, cnas, rejete, cnas, rejete,
                  fields.Datetime.to_datetime(feuille.date_depot) + timedelta(days=jours, hours=12), feuille.id])
            feuille.invalidate_recordset()

    def test_requetes_constantes(self):
        self.deposee()
        toutes = self.env["cnas.formation_sanitaire"].search([], limit=200)
        self.env.flush_all()
        toutes._synthese_par_lot()
        for formations in (self.formation, toutes):
            with self.assertQueryCount(2):
                formations._synthese_par_lot()
