from odoo import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.cnas_base.tests.common import HttpCase

from ..models.employeur import SORTE_ATTESTATION
from .commun import CasCotisations


@tagged("post_install", "-at_install", "cnas")
class TestPortailCotisations(HttpCase, CasCotisations):
    """L'employeur lit ses appels, ses versements, ses papiers ; jamais ceux d'un autre. Le code d'un papier se vérifie sans compte."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        new_test_user(cls.env, "t_cot", password="employeur-essai-1", groups="cnas_base.group_portail_employeur",
                      employeur_ids=[Command.set(cls.employeur.ids)])
        voisin = cls.employeurs.create({"raison_sociale": "Minoterie Secrète", "type_employeur": "ong"})
        voisin.action_activer()
        new_test_user(cls.env, "t_cot2", password="employeur-essai-1", groups="cnas_base.group_portail_employeur",
                      employeur_ids=[Command.set(voisin.ids)])

    def test_espace(self):
        appel = self.valider()
        recu = self.encaisser(10_000, "VIR-P")
        self.authenticate("t_cot", "employeur-essai-1")
        page = self.url_open("/my/employeur/cotisations").text
        self.assertIn(appel.numero, page)
        self.assertIn("20\u00a0000", page)
        self.assertIn(appel.numero, self.url_open("/my/employeur/appels").text)
        self.assertIn("VIR-P", self.url_open("/my/employeur/versements").text)
        papiers = (f"/my/employeur/appels/{appel.id}/avis.pdf", f"/my/employeur/versements/{recu.id}/recu.pdf", "/my/employeur/situation.pdf")
        for adresse in papiers:
            self.assertTrue(self.url_open(adresse).content.startswith(b"%PDF"), adresse)
        self.authenticate("t_cot2", "employeur-essai-1")
        for adresse in papiers[:2]:
            self.assertFalse(self.url_open(adresse).content.startswith(b"%PDF"), adresse)
        self.assertNotIn(appel.numero, self.url_open("/my/employeur/appels").text)
        self.assertEqual(self.url_open(f"/cnas/cotisations/appel/{appel.id}/pdf").status_code, 404)

    def test_verifier(self):
        recu = self.encaisser(10_000, "VIR-Q")
        situation = self.employeur.sudo()._jeton_situation(self.employeur._situation_cotisations(), SORTE_ATTESTATION)
        declarations = self.employeur.sudo()._jeton_situation(self.employeur._situation())
        for jeton, dit in ((f"papier/{recu.sudo()._jeton_papier('rc')}", recu.numero), (f"employeur/{situation}", "à jour de ses cotisations"),
                           (f"employeur/{declarations}", "à jour de ses déclarations")):
            page = self.url_open(f"/cnas/verifier/{jeton}")
            self.assertEqual(page.status_code, 200)
            self.assertIn(dit, page.text)
        for faux in ("papier/x", f"papier/rc-{recu.id}-AAAA", f"employeur/{situation}x", "employeur/é.é.é.é"):
            self.assertEqual(self.url_open(f"/cnas/verifier/{faux}").status_code, 404, faux)
