from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.cnas_base.jour import aujourd_hui

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestEssaiTarif(CommunFeuille):
    """« Combien coûterait ce tarif » : un mois rejoué par le moteur, et rien n'a changé après."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.revision = cls.env["cnas.revision_tarif"].with_user(cls.administrateur).create({
            "name": "Baisse d'essai", "mode": "pourcentage", "pourcentage": -20, "date_effet": aujourd_hui() + timedelta(days=30),
            "type_tarif": "acte", "prestation_ids": [(6, 0, cls.acte.prestation_id.ids)]})

    def essai(self, usager=None, **autres):
        return self.env["cnas.essai_tarif.wizard"].with_user(usager or self.administrateur).create(
            {"revision_id": self.revision.id, "mois": "2026-11-15", "formation_id": self.formation.id, **autres})

    def test_un_mois_rejoue_au_tarif_en_projet(self):
        feuille = self.deposee()
        self.revision.action_preparer()
        tarifs = self.env["cnas.config_acte"].search_read([("acte_id", "=", self.acte.id)], ["montant", "date_debut", "date_fin"])
        essai = self.essai()
        essai.action_essayer()
        self.assertEqual((essai.fait, essai.nombre, essai.touchees), (True, 1, 1))
        # 1 500 de 2 700 baissent d'un cinquième : la part perd un neuvième, au même taux.
        self.assertGreater(essai.montant_avant, 0)
        self.assertEqual(essai.ecart * 9, -essai.montant_avant)
        self.assertEqual((essai.montant_apres - essai.montant_avant, essai.ecart_annuel), (essai.ecart, 12 * essai.ecart))
        self.assertIn(self.formation.name, essai.par_formation)
        self.assertEqual(self.env["cnas.config_acte"].search_read([("acte_id", "=", self.acte.id)], ["montant", "date_debut", "date_fin"]), tarifs)
        self.assertEqual((feuille.state, feuille.montant_cnas, self.revision.state), ("deposee", 0, "preparee"))

    def test_un_mois_rejoue_sous_un_panier_en_projet(self):
        """Un acte qui sort du panier d'un régime ne coûte plus ; celui qui sort d'un autre régime, si ; le panier n'a pas bougé."""
        feuille = self.deposee()
        acte, regime = self.acte.prestation_id, feuille.regime_id
        autre = self.env["cnas.regime"].search([("id", "!=", regime.id)], limit=1)
        panier = self.env["cnas.panier_soin"].search_read([("regime_id", "=", regime.id)])

        def essai(*lignes):
            fait = self.essai(revision_id=False, panier_ids=[(0, 0, {"sens": "sort", **ligne}) for ligne in lignes])
            fait.action_essayer()
            return fait

        sorti = essai({"regime_id": regime.id, "prestation_id": acte.id})
        self.assertEqual((sorti.ecart * 9, sorti.touchees), (-5 * sorti.montant_avant, 1), "1 500 de 2 700 ne se paient plus")
        self.assertEqual(essai({"regime_id": autre.id, "prestation_id": acte.id}).ecart, 0)
        tout = essai({"type_prestation": acte.type_prestation}, {"regime_id": regime.id, "prestation_id": acte.id, "sens": "entre"})
        self.assertEqual(tout.ecart, 0, "la dernière ligne l'emporte")
        self.assertEqual(essai(*[{"type_prestation": t} for t in ("acte", "examen", "medicament", "consommable")]).montant_apres, 0)
        self.assertEqual(self.env["cnas.panier_soin"].search_read([("regime_id", "=", regime.id)]), panier)
        with self.assertRaisesRegex(UserError, "quelle prestation"):
            essai({"regime_id": regime.id})

    def test_ce_qui_ne_se_rejoue_pas_le_dit(self):
        self.deposee()
        with self.assertRaisesRegex(UserError, "Dites ce qu'il faut essayer"):
            self.essai(revision_id=False).action_essayer()
        with self.assertRaisesRegex(UserError, "Préparez d'abord"):
            self.essai().action_essayer()
        self.revision.action_preparer()
        with self.assertRaisesRegex(UserError, "Aucune feuille"):
            self.essai(mois="2020-01-01").action_essayer()
        with self.assertRaises(AccessError):
            self.essai(self.superviseur)
