import re

from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import HttpCase

from .commun_controle import CommunControle

CHEMIN = "/cnas/mon-dossier"


@tagged("post_install", "-at_install", "cnas")
class TestSignaler(HttpCase, CommunControle):
    """L'assuré signale depuis son dossier : entier, ou pas du tout."""

    def poster(self, **champs):
        return self.url_open(CHEMIN, data=champs).text

    def test_depuis_son_dossier(self):
        self.assure.email = "assure@exemple.td"
        self.authenticate(None, None)
        acces = re.search(r'name="acces" value="([^"]+)"', self.poster(matricule=self.assure.matricule, naissance="12/03/1985")).group(1)
        courriel = self.env["mail.mail"].search([("subject", "=", "Votre code CNAS")], order="id desc", limit=1)
        self.assertIn("Soins facturés jamais reçus", self.poster(acces=acces, code=re.search(r"\b(\d{6})\b", courriel.body_html).group(1)))
        refus = self.poster(quoi="signaler", objet="argent", texte="Trop court")
        self.assertIn("quelques mots de plus", refus)
        self.assertIn("Trop court", refus)
        siens = [("auteur_assure_id", "=", self.assure.id)]
        self.assertFalse(self.env["cnas.signalement"].search(siens))
        self.assertIn("en secret", self.poster(quoi="signaler", objet="argent", texte="On m'a demandé mille francs de plus au guichet."))
        signalement = self.env["cnas.signalement"].search(siens)
        self.assertEqual((len(signalement), signalement.message_partner_ids), (1, self.env["res.partner"]))
