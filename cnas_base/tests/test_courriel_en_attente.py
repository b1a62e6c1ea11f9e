from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.base.models.ir_mail_server import IrMailServer

from ..models import courriel
from .common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestCourrielEnAttente(TransactionCase):
    """Sans serveur d'envoi, un courriel attend ; la boîte de messages n'en fait pas un échec, la surveillance le dit."""

    def setUp(self):
        super().setUp()
        self.env["ir.mail_server"].search([]).active = False
        self.env["mail.mail"].search([("state", "=", "outgoing")]).state = "cancel"
        self.courriel = self.env["mail.mail"]._ecrire(["ali@example.td"], "Votre dossier", "Il avance.")

    def envoyer(self, joint):
        """Passe la file comme la tâche planifiée ; `joint` : la machine a un serveur qui répond."""
        with patch.object(IrMailServer, "_is_test_mode", lambda self: False), patch.object(IrMailServer, "connect") as ouvre, \
                patch.object(courriel.socket, "create_connection", side_effect=None if joint else ConnectionRefusedError):
            ouvre.side_effect = OSError("pas de serveur")
            self.env["mail.mail"].process_email_queue()
            return ouvre.called, self.env["cnas.sante"]._relever()

    def test_rien_n_envoie(self):
        essaye, releve = self.envoyer(joint=False)
        self.assertEqual((essaye, self.courriel.state, releve["courriels_en_attente"]), (False, "outgoing", 1))
        self.assertIn("courriels", releve["alertes"])

    def test_un_serveur_est_essaye(self):
        """Celui de la machine, ou celui réglé en base : un échec d'envoi se dit alors."""
        essaye, releve = self.envoyer(joint=True)
        self.assertEqual((essaye, self.courriel.state, "courriels" in releve["alertes"]), (True, "exception", False))
        self.courriel.state = "outgoing"
        self.env["ir.mail_server"].create({"name": "Relais", "smtp_host": "relais.example.td"})
        self.assertTrue(self.envoyer(joint=False)[0])
