from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.cnas_base.jour import aujourd_hui

from .commun import CommunCompta


@tagged("post_install", "-at_install", "cnas")
class TestPieces(CommunCompta):
    """Une pièce par fait, au jour du fait, équilibrée ; ce qui corrige contre-passe."""

    def test_facture_payee(self):
        facture = self.payee()
        decompte, lot_ou_facture = facture.decompte_id, facture
        constat = self.pieces(decompte)
        self.assertEqual(len(constat), 1)
        self.assertEqual((constat.date, constat.journal_id.code), (decompte.date_decompte, "PRE"))
        self.assertEqual(self.ecritures(constat)["401110"], -int(decompte.net_a_payer))
        self.assertEqual(sum(m for c, m in self.ecritures(constat).items() if c.startswith("6588")), int(decompte.montant_cnas))
        paiement = self.pieces(lot_ou_facture)
        self.assertEqual(self.ecritures(paiement), {"401110": int(facture.net_a_payer), "521110": -int(facture.net_a_payer)})
        self.assertFalse(self.ecritures(constat | paiement).get("401110"))
        self.assertEqual(self.pieces(decompte, facture), constat | paiement, "rejouée, elle n'ajoute rien")

    def test_une_piece_par_lot_jamais_par_feuille(self):
        facture = self.ordonnancee(nombre=3)
        lot = self.transmettre(facture)
        lot.with_user(self.finance2).action_executer(self.jour(), "BEAC-1")
        piece = self.pieces(lot)
        self.assertEqual(len(piece), 1)
        self.assertEqual(len(piece.fait_ids), len(lot.ordre_ids))
        self.assertEqual(piece.line_ids.filtered(lambda li: li.account_id.code == "521110").credit, facture.net_a_payer)

    def test_lot_rejete(self):
        facture = self.ordonnancee()
        lot = self.transmettre(facture)
        lot.with_user(self.finance2).action_executer(self.jour(), "BEAC-2")
        paiement = self.pieces(lot)
        ordre = lot.ordre_ids[0]
        ordre.with_user(self.finance).action_rejeter_banque("Compte clos")
        rejet = self.pieces(lot) - paiement
        self.assertEqual((len(rejet), rejet.date, rejet.reversed_entry_id), (1, aujourd_hui(), paiement))
        self.assertEqual(self.ecritures(rejet), {"401110": -int(ordre.montant), "521110": int(ordre.montant)})
        ordre.with_user(self.finance).action_reemettre()
        encore = self.transmettre(facture)
        encore.with_user(self.finance2).action_executer(self.jour(), "BEAC-3")
        self.assertEqual(self.ecritures(self.pieces(facture.decompte_id, lot, encore)).get("401110", 0), 0, "tout est payé une fois")

    def test_contre_passation_d_un_decompte(self):
        facture = self.validee()
        constat = self.pieces(facture.decompte_id)
        facture.with_user(self.superviseur).action_contre_passer("Feuille facturée deux fois")
        inverse = self.env["cnas.decompte"].search([("facture_id", "=", facture.id), ("nature", "=", "contre_passation")])
        piece = self.pieces(inverse)
        self.assertEqual(piece.reversed_entry_id, constat)
        self.assertEqual(self.ecritures(constat | piece), {})

    def test_indu_remboursement_et_annulation(self):
        facture = self.payee()
        indus = self.env["cnas.indu"].with_user(self.controleur)
        indu = indus.create({"formation_id": facture.formation_id.id, "compte": "principal", "montant": 100, "motif": "Facturé deux fois"})
        self.assertFalse(self.pieces(indu), "constaté, il n'est pas encore dû")
        indu.with_user(self.superviseur).action_notifier()
        self.assertEqual(self.ecritures(self.pieces(indu)), {"409810": 100, "658850": -100})
        indu.with_user(self.finance).action_encaisser(40, "versement", self.jour(), "BV-1")
        reglement = indu.reglement_ids
        self.assertEqual(self.ecritures(self.pieces(reglement)), {"521110": 40, "409810": -40})
        reglement.with_user(self.finance2).action_annuler("Chèque impayé")
        self.assertEqual(self.ecritures(self.pieces(reglement)), {})
        indu.with_user(self.superviseur).action_annuler("Constat retiré")
        pieces = self.pieces(indu)
        self.assertEqual((len(pieces), self.ecritures(pieces)), (2, {}))
        self.assertEqual(pieces[1].reversed_entry_id, pieces[0])

    def test_remboursement_d_un_assure(self):
        assure = self.creer_assure("Rembourse", "1980-01-01")
        facture = self.remboursement(assure)
        pieces = self.pieces(facture.decompte_id, facture)
        self.assertEqual(len(pieces), 2)
        soldes = self.ecritures(pieces)
        self.assertEqual(soldes["658830"], int(facture.montant_cnas))
        self.assertFalse(soldes.get("471210"))
        self.assertNotIn("401110", soldes)
        self.assertEqual(soldes["532110"], -int(facture.net_a_payer), "sans compte de paiement : au guichet du Trésor")

    def test_complement_apres_recours(self):
        facture = self.en_controle()
        ligne = facture.feuille_ids.ligne_ids[0]
        self.decider(ligne.feuille_id, "rejetee")
        facture.with_user(self.superviseur).action_valider()
        contestee = facture.decompte_id.ligne_ids.filtered(lambda li: li.ligne_id == ligne)
        recours = self.env["cnas.contestation"].with_user(self.agent).create({
            "decompte_ligne_id": contestee.id, "montant_demande": contestee._montant_contestable(), "motif": "L'ordonnance est jointe."})
        recours.with_user(self.controleur).action_instruire()
        recours.with_user(self.controleur).action_accepter()
        suivante = self.validee()
        accorde = int(suivante.decompte_id.montant_complement)
        self.assertTrue(accorde)
        soldes = self.ecritures(self.pieces(suivante.decompte_id))
        self.assertEqual((soldes["658840"], soldes["401110"]), (accorde, -int(suivante.net_a_payer)))

    def test_compensation(self):
        payee = self.payee()
        indu = self.env["cnas.indu"].with_user(self.controleur).create(
            {"formation_id": payee.formation_id.id, "compte": "principal", "montant": 50, "motif": "Facturé deux fois"})
        indu.with_user(self.superviseur).action_notifier()
        suivante = self.validee()
        retenu = int(suivante.decompte_id.montant_compense)
        self.assertTrue(retenu)
        soldes = self.ecritures(self.pieces(suivante.decompte_id))
        self.assertEqual((soldes["409810"], soldes["401110"]), (-retenu, -int(suivante.net_a_payer)))

    def test_la_balance_dit_les_faits_a_toute_date(self):
        """Dettes = Σ décomptes − Σ paiements ; créances = Σ indus − Σ compensés − Σ remboursés : chaque jour, au franc."""
        with self.il_y_a(20):
            ancienne = self.ordonnancee()
        with self.il_y_a(12):
            ancienne.with_user(self.finance2).action_payer((aujourd_hui()).isoformat(), "VIR-9")
            indu = self.env["cnas.indu"].with_user(self.controleur).create(
                {"formation_id": ancienne.formation_id.id, "compte": "principal", "montant": 200, "motif": "Facturé deux fois"})
            indu.with_user(self.superviseur).action_notifier()
        with self.il_y_a(5):
            indu.with_user(self.finance).action_encaisser(60, "versement", aujourd_hui().isoformat(), "BV-2")
            self.validee()
        self.comptabilite.comptabiliser()
        for recul in (25, 20, 15, 12, 8, 5, 0):
            jour = aujourd_hui() - timedelta(days=recul)
            self.env.cr.execute("""
                SELECT (SELECT COALESCE(SUM(net_a_payer), 0) FROM cnas_decompte WHERE date_decompte <= %(j)s)
                     - (SELECT COALESCE(SUM(montant), 0) FROM cnas_ordre_paiement WHERE date_paiement <= %(j)s)
                     + (SELECT COALESCE(SUM(montant), 0) FROM cnas_ordre_paiement
                         WHERE date_paiement IS NOT NULL AND state IN ('rejete', 'annule') AND date_rejet <= %(j)s),
                       (SELECT COALESCE(SUM(montant), 0) FROM cnas_indu WHERE date_notification <= %(j)s AND state <> 'annule')
                     - (SELECT COALESCE(SUM(montant_compense), 0) FROM cnas_decompte WHERE date_decompte <= %(j)s)
                     - (SELECT COALESCE(SUM(montant), 0) FROM cnas_indu_reglement WHERE date <= %(j)s AND state = 'encaisse')""", {"j": jour})
            dettes, creances = map(int, self.env.cr.fetchone())
            self.assertEqual((-self.solde("401110", "471210", au=jour), self.solde("409810", au=jour)), (dettes, creances), jour)

    def test_schema_date_par_regime_et_par_type(self):
        facture = self.validee()
        regime = facture.feuille_ids[0].regime_id
        self.assertTrue(regime)
        compte = self.env["account.account"].create({
            "code": "658811", "name": "Soins d'un régime", "account_type": "expense", "company_id": self.societe.id})
        self.env["cnas.schema_comptable"].create({
            "operation": "liquidation_soins", "regime_id": regime.id, "journal": "PRE", "compte_debit": compte.code, "compte_credit": "40111",
            "date_debut": aujourd_hui()})
        soldes = self.ecritures(self.pieces(facture.decompte_id))
        self.assertEqual(soldes["658811"], int(facture.decompte_id.montant_soins))
        self.assertNotIn("658810", soldes)

    def test_le_regime_est_celui_du_decompte(self):
        """Le régime se lit sur la ligne figée, que l'empreinte couvre ; un décompte d'avant la colonne le lit sur sa feuille, et reste intact."""
        facture = self.validee()
        decompte, regime = facture.decompte_id, facture.feuille_ids.regime_id
        self.assertEqual(decompte.ligne_ids.regime_id, regime)
        self.env.flush_all()
        self.env.cr.execute("UPDATE cnas_feuille_soin SET regime_id = %s WHERE id = ANY(%s)",
                            [self.env["cnas.regime"].search([("id", "not in", regime.ids)], limit=1).id, facture.feuille_ids.ids])
        self.env.invalidate_all()
        lus = [m.regime for m in self.comptabilite.sudo()._source_decomptes(aujourd_hui()) if m.fait[1] == decompte.id]
        self.assertEqual(set(lus), {regime.id})
        self.assertTrue(decompte.verifier()[decompte.numero])
        facture.with_user(self.superviseur).action_contre_passer("Feuille facturée deux fois")
        inverse = self.env["cnas.decompte"].search([("facture_id", "=", facture.id), ("nature", "=", "contre_passation")])
        self.assertEqual(inverse.ligne_ids.regime_id, regime)
        self.env.cr.execute("ALTER TABLE cnas_decompte_ligne DISABLE TRIGGER USER; ALTER TABLE cnas_decompte DISABLE TRIGGER USER")
        self.env.cr.execute("UPDATE cnas_decompte_ligne SET regime_id = NULL WHERE decompte_id = %s", [decompte.id])
        self.env.invalidate_all()
        self.assertFalse(decompte.verifier()[decompte.numero], "le régime effacé se voit à l'empreinte")
        ancien = [m.regime for m in self.comptabilite.sudo()._source_decomptes(aujourd_hui()) if m.fait[1] == decompte.id]
        self.assertEqual(set(ancien), set(facture.feuille_ids.regime_id.ids))

    def test_une_contre_passation_reprend_les_comptes_d_alors(self):
        """Le schéma a changé depuis : ce qui se défait se défait là où c'était écrit."""
        schemas = self.env["cnas.schema_comptable"]
        with self.il_y_a(20):
            facture = self.validee()
            constat = self.pieces(facture.decompte_id)
        ancien = schemas.search([("operation", "=", "liquidation_soins"), ("regime_id", "=", False)], limit=1)
        ancien.date_fin = aujourd_hui() - timedelta(days=11)
        schemas.create({"operation": "liquidation_soins", "journal": "PRE", "compte_debit": "65884", "compte_credit": "40111",
                        "date_debut": aujourd_hui() - timedelta(days=10)})
        facture.with_user(self.superviseur).action_contre_passer("Feuille facturée deux fois")
        inverse = self.env["cnas.decompte"].search([("facture_id", "=", facture.id), ("nature", "=", "contre_passation")])
        self.assertEqual(self.ecritures(constat | self.pieces(inverse)), {})

    def test_ni_retouche_ni_suppression(self):
        piece = self.pieces(self.validee().decompte_id).with_user(self.comptable)
        compte, lignes = piece.line_ids[0].account_id, self.env["account.move.line"].with_user(self.comptable)
        paire = [{"account_id": compte.id, "debit": 5}, {"account_id": compte.id, "credit": 5}]
        saisie = self.env["account.move"].with_user(self.comptable).create({
            "journal_id": piece.journal_id.id, "date": aujourd_hui(), "line_ids": [(0, 0, vals) for vals in paire]})
        for geste in (piece.button_draft, piece.unlink, lambda: piece.write({"date": "2026-01-01"}),
                      lambda: piece.line_ids[0].write({"debit": 1, "credit": 0}), lambda: piece._reverse_moves(),
                      lambda: piece.write({"ref": "Autre"}), lambda: piece.write({"invoice_line_ids": [(0, 0, vals) for vals in paire]}),
                      lambda: lignes.create([{**vals, "move_id": piece.id} for vals in paire]),
                      lambda: saisie.line_ids.write({"move_id": piece.id}), lambda: piece.line_ids.write({"name": "Autre"})):
            with self.assertRaisesRegex(UserError, "contre-passation"):
                geste()
        with self.assertRaisesRegex(UserError, "ne se saisit pas"):
            saisie.write({"cnas_modele": "cnas.decompte", "cnas_res_id": 1})
        with self.assertRaisesRegex(UserError, "ne se supprime pas"):
            piece.fait_ids.sudo().unlink()

    def test_compte_qui_manque(self):
        """Un schéma sans compte au plan : une phrase, et rien d'écrit."""
        facture = self.validee()
        schema = self.env["cnas.schema_comptable"].search([("operation", "=", "liquidation_soins"), ("regime_id", "=", False)], limit=1)
        schema.compte_debit = "99881"
        avant = self.env["account.move"].search_count([])
        with self.assertRaisesRegex(UserError, "99881"), self.env.cr.savepoint():
            self.comptabilite.comptabiliser()
        self.assertEqual(self.env["account.move"].search_count([]), avant)
        schema.unlink()
        with self.assertRaisesRegex(UserError, "Aucun compte n'est défini"), self.env.cr.savepoint():
            self.comptabilite.comptabiliser()
        self.assertTrue(facture.decompte_id)
