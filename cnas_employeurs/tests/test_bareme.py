from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.cnas_base.jour import aujourd_hui

from .commun import CasEmployeur


@tagged("post_install", "-at_install", "cnas")
class TestBareme(CasEmployeur):
    """Ce qu'un employeur doit se change à deux dès que le barème a commencé."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrateur = new_test_user(cls.env, "administrateur_emp", groups="cnas_base.group_administrateur")
        regime = cls.env.ref("cnas_base.regime_ass")
        bareme = cls.env["cnas.bareme_cotisation"]._par_regime(aujourd_hui())[regime.id]
        cls.bareme = bareme.with_user(cls.administrateur)

    def test_un_administrateur_seul_ne_le_change_pas(self):
        hier = aujourd_hui() - timedelta(days=1)
        for vals in ({"taux_employeur": 1}, {"taux_salarie": 1}, {"plafond": 1}, {"plancher": 1}, {"mode": "etat"},
                     {"forfait": 1}, {"date_debut": hier}, {"date_fin": hier}, {"date_fin": aujourd_hui()}):
            with self.subTest(vals), self.assertRaisesRegex(UserError, "se change à deux"):
                self.bareme.write(vals)
        with self.assertRaisesRegex(UserError, "se change à deux"):
            self.bareme.unlink()

    def test_un_superviseur_accepte(self):
        demande = self.env["cnas.changement"].browse(
            self.bareme.demander_changement({"plafond": 600_000}, "Décret de revalorisation"))
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            demande.with_user(self.administrateur).action_accepter()
        demande.with_user(self.superviseur).action_accepter()
        self.assertEqual(self.bareme.plafond, 600_000)

    def test_reviser_est_une_demande(self):
        """La suite s'ouvre demain : acceptée, elle clôt aujourd'hui ce qui court ; seul, personne ne l'ajoute."""
        vals = {"regime_id": self.bareme.regime_id.id, "mode": "pourcentage", "taux_employeur": 9,
                "date_debut": str(aujourd_hui() + timedelta(days=1))}
        with self.assertRaisesRegex(UserError, "se change à deux"):
            self.bareme.create(vals)
        demande = self.env["cnas.changement"].browse(self.bareme.browse().demander_changement(vals, "Décret"))
        demande.with_user(self.superviseur).action_accepter()
        suite = self.bareme.browse(demande.res_id)
        self.assertEqual((suite.taux_employeur, self.bareme.date_fin), (9, aujourd_hui()))
        with self.assertRaisesRegex(UserError, "se change à deux"):
            suite.taux_employeur = 8
