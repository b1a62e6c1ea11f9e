from odoo.tests.common import new_test_user, tagged

from odoo.addons.cnas_base.tests.common import HttpCase


@tagged("post_install", "-at_install", "cnas")
class TestParcours(HttpCase):
    """Dans un vrai navigateur : un médicament, ses tarifs, leur titre."""

    def test_medicament_et_tarif(self):
        new_test_user(self.env, "ref_parcours", groups="cnas_base.group_administrateur", password="ref_parcours",
                      lang="fr_FR", tz="Africa/Ndjamena")
        # Par l'adresse de l'action : sur un petit écran, les menus se replient.
        self.start_tour("/web#action=cnas_referentiels.medicament_action", "cnas_referentiels_medicament",
                        login="ref_parcours")
        medicament = self.env["cnas.medicament"].search([("code", "=", "TST-TOUR")])
        self.assertEqual(medicament.config_ids.mapped("montant"), [1600, 1500])
        self.start_tour("/web#action=cnas_referentiels.config_medicament_action", "cnas_referentiels_config",
                        login="ref_parcours")
