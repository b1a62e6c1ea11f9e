from datetime import date

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.cnas_base.jour import aujourd_hui

from ..provision import developper
from .commun import CommunCompta


@tagged("post_install", "-at_install", "cnas")
class TestProvision(CommunCompta):
    """Le triangle se développe comme à la main ; la pièce se passe, puis se reprend."""

    def test_chain_ladder_a_la_main(self):
        """Trois mois : 100 puis 150 puis 165 ; 200 puis 280 ; 300. Facteurs (150+280)/(100+200) et 165/150."""
        payes = {("2026-01", "2026-01"): 100, ("2026-01", "2026-02"): 50, ("2026-01", "2026-03"): 15,
                 ("2026-02", "2026-02"): 200, ("2026-02", "2026-03"): 80, ("2026-03", "2026-03"): 300}
        calcul = developper(payes, {"2026-03": 20}, 24, date(2026, 3, 1))
        self.assertEqual(calcul["cumuls"], [[100, 150, 165], [200, 280, False], [300, False, False]])
        self.assertAlmostEqual(calcul["facteurs"][0], 430 / 300)
        self.assertAlmostEqual(calcul["facteurs"][1], 1.1)
        provisions = [rang["provision"] for rang in calcul["rangs"]]
        self.assertAlmostEqual(provisions[0], 0)
        self.assertAlmostEqual(provisions[1], 280 * 1.1 - 280)
        self.assertAlmostEqual(provisions[2], 300 * (430 / 300) * 1.1 - 300 - 20)

    def test_un_mois_sans_paiement_prend_le_cout_moyen(self):
        """… pour ce que son délai laisse à payer : un mois ancien, lui, est fini."""
        calcul = developper({("2026-01", "2026-03"): 100, ("2026-03", "2026-04"): 300}, {}, 24, date(2026, 4, 1))
        self.assertEqual([(r["methode"], round(r["provision"])) for r in calcul["rangs"]],
                         [("chain_ladder", 0), ("moyenne", 0), ("chain_ladder", 0), ("moyenne", 200)])

    def test_calculer_comptabiliser_reprendre(self):
        # celles de la démonstration, datées du jour réel, suivraient le jour figé
        self.env["cnas.provision"].search([("state", "=", "comptabilisee")])._changer_etat("reprise")
        with self.il_y_a(60):
            self.payee()
        provisions = self.env["cnas.provision"].with_user(self.comptable)
        premiere = provisions.create({"date_arrete": "2026-10-31"})
        with self.assertRaisesRegex(UserError, "calculez-la"):
            premiere.action_comptabiliser()
        premiere.action_calculer()
        self.assertTrue(premiere.triangle_html)
        self.assertEqual(premiere.montant, sum(premiere.ligne_ids.mapped("provision")))
        if not premiere.montant:
            premiere._ecrire({"montant": 5000})
        montant = int(premiere.montant)
        premiere.action_comptabiliser()
        self.assertEqual(self.ecritures(self.pieces(premiere)), {"659110": montant, "499110": -montant})
        suivante = provisions.create({"date_arrete": aujourd_hui().isoformat()})
        suivante.action_calculer()
        if not suivante.montant:
            suivante._ecrire({"montant": 6000})
        suivante.action_comptabiliser()
        self.assertEqual((premiere.state, premiere.date_reprise), ("reprise", aujourd_hui()))
        self.assertEqual(self.ecritures(self.pieces(premiere)), {}, "reprise par contre-passation")
        self.assertEqual(self.ecritures(self.pieces(suivante))["499110"], -int(suivante.montant))

    def test_un_autre_arrete_se_recalcule(self):
        """Le montant d'un arrêté ne se passe pas à la date d'un autre."""
        with self.il_y_a(60):
            self.payee()
        provision = self.env["cnas.provision"].with_user(self.comptable).create({"date_arrete": "2026-10-31"})
        provision.action_calculer()
        provision._ecrire({"montant": 5000})
        provision.date_arrete = "2026-11-24"
        self.assertEqual((provision.montant, provision.date_calcul, provision.triangle, len(provision.ligne_ids)), (0, False, False, 0))
        with self.assertRaisesRegex(UserError, "calculez-la"):
            provision.action_comptabiliser()

    def test_refus(self):
        provisions = self.env["cnas.provision"].with_user(self.comptable)
        with self.assertRaisesRegex(UserError, "à venir"):
            provisions.create({"date_arrete": "2099-01-31"})
        self.societe.write({"fiscalyear_lock_date": "2026-09-30"})
        close = provisions.create({"date_arrete": "2026-09-30"})
        close._ecrire({"montant": 10})
        with self.assertRaisesRegex(UserError, "est clos"):
            close.action_comptabiliser()
