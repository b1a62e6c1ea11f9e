from datetime import date
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from .common import CommunReferentiels


@tagged("post_install", "-at_install", "cnas")
class TestCloture(CommunReferentiels):
    """Tarif qui suit, chevauchement refusé en base, tarif déjà utilisé."""

    def _utilise_le(self, jour):
        """Simule une feuille liquidée le `jour` : rend la surcharge que cnas_feuilles_soin apporte."""
        def _tarif_utilise(prestations, plages):
            return {cle for cle, prestation, _niveau, debut, fin in plages
                    if prestation == self.medicament.prestation_id.id
                    and str(debut) <= jour and (not fin or str(fin) >= jour)}
        return patch.object(type(self.Prestation), "_tarif_utilise", _tarif_utilise)

    def test_le_suivant_clot_la_veille(self):
        ancien = self.tarif("2025-01-01", False, 1500)
        autre_niveau = self.tarif("2025-01-01", False, 2500, niveau=4)
        self.tarif("2026-03-01", False, 1600)
        self.assertEqual(ancien.date_fin, date(2026, 2, 28))
        self.assertFalse(autre_niveau.date_fin)

    def test_suite_dans_un_meme_lot(self):
        tarifs = self.env["cnas.config_medicament"].create([
            {"medicament_id": self.medicament.id, "montant": montant, "date_debut": debut}
            for montant, debut in ((3, "2027-01-01"), (1, "2025-01-01"), (2, "2026-01-01"))])
        self.assertEqual(tarifs.mapped("date_fin"), [False, date(2025, 12, 31), date(2026, 12, 31)])

    @mute_logger("odoo.sql_db")
    def test_chevauchement_refuse(self):
        self.tarif("2026-01-01", "2026-12-31")
        for debut, fin in (("2026-12-31", False), ("2025-06-01", "2026-01-01"), ("2026-03-01", "2026-04-01"),
                           ("2025-01-01", False)):
            with self.assertRaises(IntegrityError) as erreur, self.cr.savepoint():
                self.tarif(debut, fin)
            self.assertIn("periode_exclusive", str(erreur.exception))

    def test_fin_avant_debut_refusee(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.tarif("2026-02-01", "2026-01-31")

    def test_tarif_utilise_non_modifiable(self):
        tarif = self.tarif("2026-01-01", False, 1500)
        with self._utilise_le("2026-06-15"):
            for vals in ({"montant": 1600}, {"niveau": 2}, {"date_debut": "2026-07-01"}, {"date_fin": "2026-06-14"}):
                with self.assertRaises(UserError, msg=vals):
                    tarif.write(vals)
            with self.assertRaises(UserError):
                tarif.unlink()
            tarif.write({"description": "arrêté n° 4", "montant": 1500, "date_fin": "2026-06-15"})
        self.assertEqual(tarif.date_fin, date(2026, 6, 15))

    def test_suite_d_un_tarif_utilise(self):
        self.tarif("2026-01-01", False, 1500)
        with self._utilise_le("2026-06-15"):
            with self.assertRaises(UserError):
                self.tarif("2026-06-15", False, 1600)
            self.tarif("2026-06-16", False, 1600)
        self.assertEqual(self.montant_le("2026-06-15"), 1500)
        self.assertEqual(self.montant_le("2026-06-16"), 1600)

    def test_cotation_utilisee_non_modifiable(self):
        self.tarif("2026-01-01", False, 500, objet=self.lettre)
        prestation = self.acte_cote.prestation_id.id

        def _tarif_utilise(prestations, plages):
            return {cle for cle, p, *_reste in plages if p == prestation}
        with patch.object(type(self.Prestation), "_tarif_utilise", _tarif_utilise):
            with self.assertRaises(UserError):
                self.acte_cote.coefficient = 3
            with self.assertRaises(UserError):
                self.lettre.config_ids.montant = 600
            self.acte_cote.name = "Autre nom"

    def test_cotation_incomplete_refusee(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.env["cnas.acte"].create({"code": "TST-X", "name": "X", "mode_tarif": "cotation"})
