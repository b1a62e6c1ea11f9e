import base64
import io

from PIL import Image

from odoo.tests import new_test_user

from odoo.addons.cnas_base.garde import sans_suivi
from odoo.addons.cnas_base.tests.common import TransactionCase, pdf


def image_base64(format_image="PNG", taille=(60, 80), couleur=(120, 150, 90)):
    """Rend une petite image valide, en base64 (bytes)."""
    tampon = io.BytesIO()
    Image.new("RGB", taille, couleur).save(tampon, format_image)
    return base64.b64encode(tampon.getvalue())


PDF_MINIMAL = pdf()


class CasDocuments(TransactionCase):
    """Un usager par rôle, un assuré actif dont les droits sont ouverts depuis 2025."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "no_reset_password": True})
        cls.enterClassContext(sans_suivi())
        cls.usagers = {
            role: new_test_user(cls.env, login=f"doc_{role}", groups=f"cnas_base.group_{role}")
            for role in ("agent", "controleur", "medecin_conseil", "superviseur", "finance", "administrateur",
                         "portail_formation")
        }
        cls.agent = cls.usagers["agent"]
        cls.regime = cls.env.ref("cnas_base.regime_ass")
        cls.assure = cls._assure()

    @classmethod
    def _assure(cls, actif=True, **valeurs):
        """Crée un assuré, immatriculé si `actif`."""
        assure = cls.env["cnas.assure"].create({
            "nom": "MAHAMAT", "prenom": "Abakar", "genre": "masculin", "regime_id": cls.regime.id,
            "date_naissance": "1985-03-12", "date_affiliation": "2025-01-01",
            "district_id": cls.env["cnas.district"].search([], limit=1).id, **valeurs})
        if actif:
            assure.action_immatriculer()
        return assure

    def _carte(self, jusqu_a="demandee", assure=None, usager=None, **valeurs):
        """Crée une carte et la mène à l'état voulu par les actions."""
        carte = self.env["cnas.carte"].with_user(usager or self.agent).create(
            {"assure_id": (assure or self.assure).id, **valeurs})
        for etat, action in (("produite", "action_produire"), ("remise", "action_remettre"), ("active", "action_activer")):
            if carte.state == jusqu_a:
                break
            getattr(carte, action)()
            self.assertEqual(carte.state, etat)
        self.assertEqual(carte.state, jusqu_a)
        return carte

    def _attestation(self, assure=None, usager=None, **valeurs):
        return self.env["cnas.attestation"].with_user(usager or self.agent).create(
            {"assure_id": (assure or self.assure).id, **valeurs})
