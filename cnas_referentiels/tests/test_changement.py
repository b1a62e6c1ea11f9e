from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests.common import new_test_user, tagged

from .common import CommunReferentiels


@tagged("post_install", "-at_install", "cnas")
class TestChangement(CommunReferentiels):
    """Taux et plafonds : préparer l'avenir est le geste d'une personne, changer ce qui a commencé celui de deux."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.superviseur = new_test_user(cls.env, "superviseur_deux", groups="cnas_base.group_superviseur")
        cls.jour = fields.Date.context_today(cls.env["cnas.taux"])
        regime = cls.env["cnas.regime"].create({"code": "DEUX", "name": "Régime d'essai", "numero": 9})
        cls.lignes = {
            "cnas.taux": {"regime_id": regime.id, "taux": 70, "date_debut": str(cls.jour - timedelta(days=100))},
            "cnas.plafond": {"regime_id": regime.id, "montant_max": 5000, "date_debut": str(cls.jour - timedelta(days=100))}}

    def test_par_modele(self):
        for modele, vals in self.lignes.items():
            with self.subTest(modele=modele):
                self._essayer(modele, vals, "taux" if modele == "cnas.taux" else "montant_max")

    def _essayer(self, modele, vals, champ):
        ligne = self.env[modele].create(vals).with_user(self.administrateur)
        hier, demain = self.jour - timedelta(days=1), self.jour + timedelta(days=1)
        # clore hier, c'est ôter après coup ce qui valait pour des soins déjà donnés
        for refusee in ({champ: 90}, {"date_debut": self.jour}, {"date_fin": hier}, {"date_fin": str(self.jour - timedelta(days=60))}):
            with self.assertRaisesRegex(UserError, "se change à deux"):
                ligne.write(refusee)
        with self.assertRaisesRegex(UserError, "se change à deux"):
            ligne.unlink()
        # Réviser : ajouter une ligne datée, clore celle qui était sans fin ; la fin passée, elle, ne se déplace plus seul.
        ancienne = ligne.create({**vals, "date_debut": "2000-01-01"} | {"date_fin": str(self.jour - timedelta(days=200))})
        with self.assertRaisesRegex(UserError, "se change à deux"):
            ancienne.write({"date_fin": hier})
        ligne.write({champ: vals[champ], "date_fin": self.jour})
        suivante = ligne.create({**vals, champ: 90, "date_debut": demain})
        suivante.write({champ: 95})
        demande = self.env["cnas.changement"].browse(ligne.demander_changement({champ: 60}, "Décret"))
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            demande.with_user(self.administrateur).action_accepter()
        demande.with_user(self.superviseur).action_accepter()
        self.assertEqual(ligne[champ], 60)
        trace = self.env["cnas.journal"].search([("modele", "=", modele), ("res_id", "=", ligne.id)], limit=1)
        self.assertEqual((trace.avant, trace.apres), ({champ: vals[champ]}, {champ: 60}))
