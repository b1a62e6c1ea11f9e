from odoo.exceptions import UserError
from odoo.tests import tagged

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestTarifUtilise(CommunFeuille):
    """Un tarif dont une feuille liquidée s'est servie ne change plus ces jours-là ; la suite s'écrit après."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tarif = cls.medicament.config_ids

    def _liquider(self, decision="acceptee"):
        """Mène une feuille du 10/11/2026 à l'état validé sans passer par le moteur : seul l'usage du tarif compte ici."""
        feuille = self.deposee()
        self.env.flush_all()
        montants = "montant_rejete = montant_facture" if decision == "rejetee" else (
            "montant_base = montant_facture, montant_cnas = montant_facture")
        self.env.cr.execute(f"UPDATE cnas_feuille_soin_ligne SET decision = %s, {montants} WHERE feuille_id = %s",
                            (decision, feuille.id))
        self.env.cr.execute(f"UPDATE cnas_feuille_soin SET state = 'validee', {montants} WHERE id = %s", (feuille.id,))
        self.env.invalidate_all()

    def test_feuille_deposee_ne_fige_rien(self):
        self.deposee()
        self.tarif.montant = 210
        self.assertEqual(self.tarif.montant, 210)

    def test_feuille_validee_fige(self):
        self._liquider()
        for vals in ({"montant": 210}, {"date_fin": "2026-11-09"}, {"date_debut": "2026-11-11"}):
            with self.assertRaises(UserError, msg=vals):
                self.tarif.write(vals)
        with self.assertRaises(UserError):
            self.tarif.unlink()
        suite = {"medicament_id": self.medicament.id, "montant": 210}
        with self.assertRaises(UserError):
            self.env["cnas.config_medicament"].create({**suite, "date_debut": "2026-11-10"})
        self.env["cnas.config_medicament"].create({**suite, "date_debut": "2026-11-11"})
        self.assertEqual(str(self.tarif.date_fin), "2026-11-10")

    def test_ligne_rejetee_ne_fige_rien(self):
        self._liquider("rejetee")
        self.tarif.montant = 210

    def test_niveau_du_jour_des_soins(self):
        """Promue depuis, la formation a payé au tarif de son niveau d'avant : c'est lui qui est figé, pas le nouveau."""
        tarifs = [self.env["cnas.config_medicament"].create(
            {"medicament_id": self.medicament.id, "niveau": niveau, "montant": 250, "date_debut": "2020-01-01"})
            for niveau in (1, 2)]
        self._liquider()
        self.formation.with_user(self.superviseur).action_changer_type("hopital_district", "Promue", "2026-11-15")
        with self.assertRaises(UserError):
            tarifs[0].montant = 260
        tarifs[1].montant = 260
        self.assertEqual(tarifs[1].montant, 260)

    def test_autre_niveau_libre(self):
        self._liquider()
        autre = self.env["cnas.config_medicament"].create(
            {"medicament_id": self.medicament.id, "niveau": 4, "montant": 250, "date_debut": "2020-01-01"})
        autre.montant = 260
        self.assertEqual(autre.montant, 260)
