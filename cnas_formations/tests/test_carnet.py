from psycopg2 import IntegrityError
from psycopg2.errors import ExclusionViolation

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import CasFormations


@tagged("post_install", "-at_install", "cnas")
class TestCarnet(CasFormations):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.formation = cls.creer_formation()

    def creer(self, debut, fin, role="agent"):
        return self.en_tant_que(role, self.env["cnas.carnet"]).create(
            {"formation_id": self.formation.id, "debut": debut, "fin": fin})

    @mute_logger("odoo.sql_db")
    def test_plages(self):
        carnet = self.creer(800_000_001, 800_000_100)
        self.assertEqual(carnet.nombre, 100)
        self.assertEqual(carnet.display_name, "Carnet 800000001 à 800000100")
        for debut, fin in ((800_000_100, 800_000_150), (800_000_050, 800_000_060), (800_000_001, 800_000_001)):
            with self.assertRaises(ExclusionViolation), self.env.cr.savepoint():
                self.creer(debut, fin)
        for debut, fin in ((0, 10), (-5, 10), (20, 10), (1_000_000, 1_200_000)):
            with self.assertRaises(IntegrityError), self.env.cr.savepoint():
                self.creer(debut, fin)
        self.creer(800_000_101, 800_000_200)

    def test_perte_et_retour(self):
        carnet = self.creer(800_000_001, 800_000_100)
        with self.assertRaises(UserError):
            carnet.write({"state": "perdu"})
        self.assertEqual(carnet.action_declarer_perdu()["res_model"], "cnas.motif.wizard")
        carnet.action_declarer_perdu("Volé avec la moto du gestionnaire")
        self.assertEqual(carnet.state, "perdu")
        with self.assertRaises(UserError):
            carnet.fin = 800_000_050
        with self.assertRaises(AccessError):
            carnet.action_remettre()
        self.en_tant_que("superviseur", carnet).action_remettre()
        carnet.action_epuiser()
        self.assertEqual(carnet.state, "epuise")

    def test_supprimer_demande_un_superviseur(self):
        carnet = self.creer(800_000_001, 800_000_100)
        with self.assertRaises(AccessError):
            carnet.unlink()
        self.en_tant_que("superviseur", carnet).unlink()
