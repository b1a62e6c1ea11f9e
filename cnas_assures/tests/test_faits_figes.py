import re

from odoo.tests import tagged

from odoo.addons.cnas_base.tests.pdf import texte_pdf

from .commun_documents import CasDocuments, image_base64


def images_pdf(contenu):
    """Rend les flux d'images d'un PDF : la photo, telle qu'elle s'imprime."""
    return re.findall(rb"/Subtype /Image.*?stream(.*?)endstream", contenu, re.DOTALL)


@tagged("post_install", "-at_install", "cnas")
class TestFaitsFiges(CasDocuments):
    """Un papier délivré, réimprimé, redit ce qu'il disait."""

    def _tout_change(self):
        asi = self.env.ref("cnas_base.regime_asi")
        autre = self.env["cnas.district"].search([("id", "!=", self.assure.district_id.id)], limit=1)
        self.assure.with_user(self.agent).action_changer_regime(asi.id, "Devient indépendant")
        self.assure._ecrire({
            "nom": "AUTRENOM", "prenom": "Autreprénom", "district_id": autre.id, "personne_a_prevenir": "Quelqu'un"})
        self.env.flush_all()
        self.env.invalidate_all()

    def test_attestation(self):
        attestation = self._attestation()
        avant = texte_pdf(attestation._pdf())
        self.assertIn("Abakar", avant)
        public = attestation._etat_public()
        self._tout_change()
        self.assertEqual(texte_pdf(attestation._pdf()), avant)
        self.assertEqual(attestation._etat_public(), public)
        self.assertIn("AUTRENOM", texte_pdf(self._attestation()._pdf()), "une attestation neuve dit le nom du jour")

    def test_carte(self):
        carte = self._carte("active")
        formes = ("cartes", "planche", "accuse")
        avant = [texte_pdf(carte._pdf(forme)) for forme in formes]
        self.assertIn("Abakar", avant[0])
        self._tout_change()
        self.assertEqual([texte_pdf(carte._pdf(forme)) for forme in formes], avant)

    def test_carte_demandee_suit_encore_l_assure(self):
        carte = self._carte()
        self._tout_change()
        carte.action_produire()
        self.assertIn("AUTRENOM", texte_pdf(carte._pdf("cartes")))

    def test_la_photo_est_celle_de_l_emission(self):
        self.assure.photo = image_base64()
        sans_photo = self._assure(nom="SANS", prenom="Photo")
        papiers = (self._attestation(), self._carte("produite"), self._attestation(sans_photo))
        avant = [images_pdf(papier._pdf()) for papier in papiers]
        self.assertEqual([len(images) for images in avant], [1, 1, 0])
        (self.assure | sans_photo).photo = image_base64(taille=(90, 90), couleur=(10, 20, 200))
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual([images_pdf(papier._pdf()) for papier in papiers], avant)
        self.assertNotEqual(images_pdf(self._attestation()._pdf()), avant[0], "une attestation neuve porte la photo du jour")
