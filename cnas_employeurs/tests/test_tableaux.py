from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.tests.tableaux import CasTableaux


@tagged("post_install", "-at_install", "cnas")
class TestTableaux(CasTableaux):
    """Tableau « Population »."""

    addon = "cnas_employeurs"
    jour_fige = None  # la vue compte l'âge au vrai jour de PostgreSQL

    def test_tableaux(self):
        self._verifier_tous()

    def test_population_compte_les_immatricules(self):
        population = self.env["cnas.population"]
        assure = self.env["cnas.assure"].create({
            "nom": "Compté", "prenom": "Une", "genre": "feminin", "date_naissance": aujourd_hui() - timedelta(days=400),
            "regime_id": self.env.ref("cnas_base.regime_amed").id})
        self.env.flush_all()
        self.assertFalse(population.search([("assure_id", "=", assure.id)]), "un brouillon ne compte pas")
        assure.action_immatriculer()
        self.env.flush_all()
        compte = population.search([("assure_id", "=", assure.id)])
        self.assertEqual((compte.tranche_age, compte.actifs, compte.principaux), ("00", 1, 1))
