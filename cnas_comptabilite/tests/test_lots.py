from odoo.tests import tagged

from odoo.addons.cnas_base.jour import aujourd_hui

from ..models.comptabilite import Mouvement
from .commun import CommunCompta


@tagged("post_install", "-at_install", "cnas")
class TestLots(CommunCompta):
    """Autant de requêtes pour dix pièces que pour cent ; les numéros se suivent. Le banc `comptabilite` le refait pour 5 000."""

    def mouvements(self, nombre, premier):
        return [Mouvement(
            fait=("cnas.decompte", -premier - rang), evenement="constat", source=("cnas.decompte", -premier - rang), piece=f"ESSAI/{premier + rang}",
            jour=aujourd_hui(), operation=operation, montant=1000 + rang, tiers="T-CS-01")
            for rang in range(nombre) for operation in ("liquidation_soins", "liquidation_pharmacie")]

    def test_requetes_constantes(self):
        moteur = self.env["cnas.comptabilite"]
        moteur._passer(self.mouvements(1, 500))  # les caches d'identifiants se remplissent une fois
        peu = self.requetes(lambda: moteur._passer(self.mouvements(10, 1000)))
        beaucoup = self.requetes(lambda: moteur._passer(self.mouvements(100, 2000)))
        self.assertEqual(peu, beaucoup)
        pieces = self.env["account.move"].search([("ref", "like", "ESSAI/%")], order="sequence_number")
        self.assertEqual(len(pieces), 111)
        rangs = pieces.mapped("sequence_number")
        self.assertEqual(rangs, list(range(rangs[0], rangs[0] + 111)), "sans trou")
        self.assertFalse(pieces._get_unbalanced_moves({"records": pieces}))

    def test_les_sources_lisent_en_requetes_constantes(self):
        def tout():
            return [getattr(moteur, source)(aujourd_hui()) for source in moteur._sources_comptables()]
        moteur = self.env["cnas.comptabilite"]
        self.validee(nombre=1)
        peu = self.requetes(tout)
        for _rang in range(2):
            self.payee(nombre=1)
        self.assertEqual(self.requetes(tout), peu)

    def test_une_piece_par_voie(self):
        """Une facture payée hors lot par la banque et par un opérateur : chacun sa pièce, dans son journal."""
        moteur = self.env["cnas.comptabilite"]
        moteur._passer([Mouvement(
            fait=("cnas.ordre_paiement", -rang), evenement="paiement", source=("cnas.facture", -1), piece="ESSAI/VOIES", jour=aujourd_hui(),
            operation=f"paiement_{compte}", montant=100 * rang, voie=voie, tresorerie=-1)
            for rang, compte, voie in ((1, "principal", "banque"), (2, "pharmacie", "airtel"))])
        pieces = self.env["account.move"].search([("ref", "=", "ESSAI/VOIES")])
        self.assertEqual({p.journal_id.code: p.line_ids.filtered("credit").account_id.code for p in pieces}, {"BQ": "521110", "AIR": "552110"})

    def test_odoo_reprend_la_suite_des_numeros(self):
        """Une pièce saisie à la main dans nos journaux prend le numéro d'après."""
        self.env["cnas.comptabilite"]._passer(self.mouvements(1, 9000))
        derniere = self.env["account.move"].search([("ref", "like", "ESSAI/9000%")])
        comptes = self.env["cnas.plan_comptes"]._par_code(["65881", "40111"])
        saisie = self.env["account.move"].create({
            "journal_id": derniere.journal_id.id, "date": aujourd_hui(), "line_ids": [
                (0, 0, {"account_id": comptes["65881"].id, "debit": 5}), (0, 0, {"account_id": comptes["40111"].id, "credit": 5})]})
        saisie.action_post()
        self.assertEqual(saisie.sequence_number, derniere.sequence_number + 1)
        self.assertEqual(saisie.sequence_prefix, derniere.sequence_prefix)
