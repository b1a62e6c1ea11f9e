from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import HttpCase

from .commun_facture import CommunFacture


@tagged("post_install", "-at_install", "cnas")
class TestVisite(CommunFacture, HttpCase):
    """La visite guidée de l'ordonnateur, dans un vrai navigateur, sur l'écran des agences : les menus y tiennent tous."""

    browser_size = "1366,768"

    def test_visite_guidee(self):
        facture = self.validee()
        self.finance.lang = "fr_FR"
        self.start_tour(self.accueil(), "cnas_visite_finance", login=self.finance.login)
        self.assertEqual(facture.state, "validee", "une visite montre, elle ne fait rien")
