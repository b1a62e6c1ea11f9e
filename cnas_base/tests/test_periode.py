from psycopg2.errors import CheckViolation, ExclusionViolation

from odoo import fields, models
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .chargeur import Chargeur
from .common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestPeriode(TransactionCase):
    """Deux périodes de même clé ne partagent jamais un jour ; bornes incluses."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chargeur = Chargeur(cls.env, cls.__module__)
        cls.chargeur.backup_registry()

        class Prix(models.Model):
            _name = "cnas.test_prix"
            _description = "Prix d'essai"
            _inherit = "cnas.periode.mixin"
            _periode_cle = ("code", "niveau")
            _periode_condition = "actif"
            _periode_message = "Prix déjà fixé à ces dates."

            code = fields.Char()
            niveau = fields.Integer()
            actif = fields.Boolean(default=True)

        cls.chargeur.update_registry((Prix,))
        cls.addClassCleanup(cls.chargeur.restore_registry)
        cls._prix("2026-01-01", "2026-06-30")

    @classmethod
    def _prix(cls, debut, fin=False, **vals):
        return cls.env["cnas.test_prix"].create(
            {"code": "A", "niveau": 1, "date_debut": debut, "date_fin": fin, **vals})

    def _refuse(self, debut, fin=False, **vals):
        with mute_logger("odoo.sql_db"), self.assertRaises(ExclusionViolation), self.env.cr.savepoint():
            self._prix(debut, fin, **vals)

    def test_bornes(self):
        self._refuse("2026-06-30")
        self._refuse("2025-01-01", "2026-01-01")
        self._refuse("2026-03-01", "2026-03-01")
        self._prix("2026-07-01")
        self._refuse("2099-01-01", "2099-01-02")
        self._prix("2025-01-01", "2025-12-31")

    def test_clore_puis_ouvrir(self):
        prix = self._prix("2027-01-01")
        prix.date_fin = "2027-06-30"
        self._prix("2027-07-01")

    def test_autre_cle_ou_inactif(self):
        self._prix("2026-01-01", code="B")
        self._prix("2026-01-01", niveau=2)
        self._prix("2026-01-01", actif=False)

    def test_vide_compte_comme_une_valeur(self):
        self._prix("2026-01-01", code=False)
        self._refuse("2026-02-01", code=False)

    def test_ordre_et_plausibilite(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation), self.env.cr.savepoint():
            self._prix("2027-02-01", "2027-01-31", code="C")
        with self.assertRaisesRegex(ValidationError, "plausible"):
            self._prix("0226-01-01", code="C")

    def test_en_vigueur(self):
        domaine = self.env["cnas.test_prix"]._domaine_en_vigueur
        for jour, combien in (("2025-12-31", 0), ("2026-01-01", 1), ("2026-06-30", 1), ("2026-07-01", 0)):
            self.assertEqual(self.env["cnas.test_prix"].search_count(domaine(jour)), combien, jour)
