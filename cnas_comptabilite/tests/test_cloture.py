from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .commun import CommunCompta


@tagged("post_install", "-at_install", "cnas")
class TestCloture(CommunCompta):
    """Un mois clos ne reçoit plus rien ; les mois se closent dans l'ordre."""

    def clore(self, mois, usager=None):
        cloture = self.env["cnas.cloture"].with_user(usager or self.comptable).search([("mois", "=", mois)]) or self.env[
            "cnas.cloture"].with_user(usager or self.comptable).create({"mois": mois})
        cloture.action_clore()
        return cloture

    def test_deux_clotures(self):
        with self.il_y_a(75):
            septembre = self.ordonnancee()
        with self.il_y_a(40):
            septembre.with_user(self.finance2).action_payer(date(2026, 10, 16).isoformat(), "VIR-10")
        premiere = self.clore("2026-09-14")
        self.assertEqual((premiere.state, premiere.mois, premiere.debit), ("clos", date(2026, 9, 1), premiere.credit))
        self.assertGreaterEqual(premiere.nb_pieces, 1)
        self.assertEqual(self.societe.fiscalyear_lock_date, date(2026, 9, 30))
        seconde = self.clore("2026-10-01")
        self.assertEqual((seconde.state, seconde.debit), ("clos", seconde.credit))
        self.assertEqual(self.societe.fiscalyear_lock_date, date(2026, 10, 31))
        self.assertEqual(self.ecritures(self.pieces(septembre.decompte_id, septembre)).get("401110", 0), 0)
        for geste in (lambda: seconde.write({"mois": "2026-08-01"}), seconde.sudo().unlink, lambda: self.clore("2026-08-01")):
            with self.assertRaisesRegex(UserError, "clos|verrouillée"):
                geste()

    def test_un_mois_clos_refuse_d_une_phrase(self):
        with self.il_y_a(40):
            facture = self.ordonnancee()
            indu = self.env["cnas.indu"].with_user(self.controleur).create(
                {"formation_id": facture.formation_id.id, "compte": "principal", "montant": 100, "motif": "Facturé deux fois"})
            indu.with_user(self.superviseur).action_notifier()
        self.clore("2026-10-01")
        with self.assertRaisesRegex(UserError, "mois est clos : octobre 2026"):
            facture.with_user(self.finance2).action_payer("2026-10-20", "VIR-11")
        self.assertEqual(facture.state, "ordonnancee")
        with self.assertRaisesRegex(UserError, "mois est clos : octobre 2026"):
            indu.with_user(self.finance).action_encaisser(10, "versement", "2026-10-20", "BV-3")
        comptes = self.env["cnas.plan_comptes"]._par_code(["65881", "40111"])
        with self.assertRaises(UserError):
            saisie = self.env["account.move"].with_user(self.comptable).create({
                "journal_id": self.env["account.journal"].search([("code", "=", "PRE")], limit=1).id, "date": "2026-10-20", "line_ids": [
                    (0, 0, {"account_id": comptes["65881"].id, "debit": 5}), (0, 0, {"account_id": comptes["40111"].id, "credit": 5})]})
            saisie.action_post()
            if saisie.date > date(2026, 10, 31):
                raise UserError("Odoo a reporté la pièce au mois ouvert.")
        facture.with_user(self.finance2).action_payer(self.jour(), "VIR-12")
        self.assertEqual(facture.state, "payee")

    def test_un_paiement_date_d_un_mois_en_cours_de_cloture(self):
        """Constaté avant que le mois se close, il y est ; constaté après, il se refuse d'une phrase, et se date du mois ouvert."""
        with self.il_y_a(40):
            avant, apres = self.ordonnancee(), self.ordonnancee()
        avant.with_user(self.finance2).action_payer("2026-10-31", "VIR-31")
        cloture = self.clore("2026-10-01")
        self.assertEqual(self.pieces(avant).mapped("date"), [date(2026, 10, 31)])
        with self.assertRaisesRegex(UserError, "mois est clos : octobre 2026"), self.env.cr.savepoint():
            apres.with_user(self.finance2).action_payer("2026-10-31", "VIR-32")
        self.assertEqual((apres.state, self.pieces(apres)), ("ordonnancee", self.env["account.move"]))
        apres.with_user(self.finance2).action_payer(self.jour(), "VIR-32")
        self.env.cr.execute("SELECT SUM(debit)::bigint FROM account_move_line WHERE date BETWEEN '2026-10-01' AND '2026-10-31' "
                            "AND parent_state = 'posted' AND company_id = %s", [self.societe.id])
        self.assertEqual(self.env.cr.fetchone()[0], cloture.debit, "le mois clos n'a pas bougé")

    def test_dans_l_ordre_et_fini(self):
        with self.il_y_a(75):
            self.validee()
        with self.il_y_a(40):
            self.validee()
        with self.assertRaisesRegex(UserError, "pas fini"):
            self.clore("2026-11-01")
        self.clore("2026-08-01")
        self.comptabilite.comptabiliser()
        with self.assertRaisesRegex(UserError, "dans l'ordre"):
            self.clore("2026-10-01")
        self.clore("2026-09-01")
        self.clore("2026-10-01")

    def test_un_fait_pas_encore_comptabilise_tient_son_mois_ouvert(self):
        """Clore janvier ne clôt pas décembre en passant, même si sa pièce n'était pas écrite."""
        self.societe.fiscalyear_lock_date = date(2026, 11, 30)
        with self.il_y_a(-20):
            facture = self.validee()
        self.assertEqual(facture.decompte_id.date_decompte.month, 12)
        with self.il_y_a(-80), self.assertRaisesRegex(UserError, "encore ouvert .décembre 2026"), self.env.cr.savepoint():
            self.clore("2027-01-01")

    def test_un_mois_clos_ne_se_rouvre_pas(self):
        self.clore("2026-10-01")
        for jour in (False, "2026-09-30"):
            with self.assertRaisesRegex(UserError, "ne se rouvre pas"), self.env.cr.savepoint():
                self.societe.write({"fiscalyear_lock_date": jour, "period_lock_date": jour})
                self.env.flush_all()
        self.societe.invalidate_recordset()
        self.assertEqual(self.societe.fiscalyear_lock_date, date(2026, 10, 31))

    def test_une_liste_de_clotures_se_lit_en_requetes_constantes(self):
        clotures = self.env["cnas.cloture"].create([{"mois": f"2025-{mois:02d}-01"} for mois in range(1, 11)])
        une = clotures.browse(clotures[0].id)
        self.requetes(lambda: une.mapped("peut_clore"))  # les caches d'identifiants se remplissent une fois
        peu = self.requetes(lambda: une.mapped("peut_clore"))
        self.assertEqual(self.requetes(lambda: clotures.mapped("peut_clore")), peu)

    def test_qui(self):
        self.clore("2026-08-01")
        cloture = self.env["cnas.cloture"].with_user(self.comptable).create({"mois": "2026-09-01"})
        for usager in (self.finance, self.superviseur):
            with self.assertRaises(AccessError):
                cloture.with_user(usager).action_clore()

    def test_un_fait_tardif_est_dit(self):
        """Un fait daté d'un mois clos, que rien n'a comptabilisé, n'est pas tu : le compte en est rendu."""
        with self.il_y_a(40):
            facture = self.validee()
        self.societe.write({"fiscalyear_lock_date": date(2026, 10, 31)})
        self.assertEqual(self.comptabilite.comptabiliser()["retenus"], 1)
        self.assertFalse(self.env["account.move"].search([("cnas_modele", "=", "cnas.decompte"), ("cnas_res_id", "=", facture.decompte_id.id)]))
