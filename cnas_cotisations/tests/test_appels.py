from datetime import date

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .commun import CasCotisations

# Ce que le module `account` date ou numérote lui-même, ou qui dit qui écrit : pas ce que la pièce vaut.
PROPRES = {"id", "create_date", "write_date", "create_uid", "write_uid", "name", "sequence_number", "sequence_prefix", "move_id", "move_name",
           "cnas_cotisation", "invoice_date_due", "ref", "invoice_partner_display_name", "sequence", "statement_line_id"}


@tagged("post_install", "-at_install", "cnas")
class TestAppels(CasCotisations):
    """Une déclaration validée appelle ; ce qui est appelé ne change plus, et sa pièce est celle que `account` écrirait."""

    def test_declaration_validee(self):
        appel = self.valider()
        # 3 × 200 000 × 3,5 % et 1,5 %
        self.assertEqual((appel.state, appel.montant_employeur, appel.montant_salarie, appel.montant), ("emis", 21_000, 9_000, 30_000))
        ligne = appel.ligne_ids
        self.assertEqual((ligne.tetes, ligne.salaires, ligne.assiette, ligne.taux_employeur, ligne.plafond), (3, 600_000, 600_000, 3.5, 500_000))
        self.assertEqual((appel.date_echeance, appel.reste, appel.paiement), (date(2026, 12, 10), 30_000, "a_payer"))
        piece = appel.move_id
        self.assertEqual((piece.state, piece.name, piece.journal_id), ("posted", appel.numero, self.societe.cnas_journal_appel_id))
        self.assertEqual({ligne.account_id: ligne.balance for ligne in piece.line_ids}, {
            self.societe.cnas_compte_cotisant_id: 30_000, self.societe.cnas_compte_part_employeur_id: -21_000,
            self.societe.cnas_compte_part_salarie_id: -9_000})

    def test_assiette_n_est_pas_le_salaire(self):
        declaration = self._declaration(salaire=200_000)
        ligne = declaration.ligne_ids[0]
        transport = self.env["cnas.exclusion_assiette"].search([("code", "=", "TRANSPORT")])
        ligne.write({"exclusion_ids": [(0, 0, {"exclusion_id": transport.id, "montant": 80_000})]})
        self.assertEqual((ligne.exclu, ligne.assiette, ligne.part_employeur, ligne.part_salarie), (50_000, 150_000, 5_250, 2_250))
        declaration.action_deposer()
        declaration.with_user(self.superviseur).action_valider()
        appel = declaration.sudo().appel_ids
        self.assertEqual((appel.ligne_ids.exclus, appel.ligne_ids.assiette, appel.montant), (50_000, 550_000, 27_500))
        with self.assertRaisesRegex(UserError, "déjà déposée"):
            ligne.exclusion_ids.write({"montant": 1})
        with self.assertRaisesRegex(UserError, "dépasse le salaire"):
            frais = self.env["cnas.exclusion_assiette"].search([("code", "=", "FRAIS")])
            autre = self._declaration("2026-08-01", 100_000)
            autre.ligne_ids[0].write({"exclusion_ids": [(0, 0, {"exclusion_id": frais.id, "montant": 100_001})]})

    def test_corriger_des_exclusions_a_requetes_constantes(self):
        """Une page de l'espace corrigée : quatre lignes ou vingt, autant de requêtes ; un salaire et son exclusion baissent ensemble."""
        lignes = self._declaration(assures=self._assures(25)).ligne_ids

        def corriger(siennes, salaire, montant):
            siennes._corriger({ligne: (salaire, {"TRANSPORT": montant}) for ligne in siennes})
        corriger(lignes[24:], 200_000, 30_000)
        for salaire, montant in ((200_000, 30_000), (20_000, 10_000)):
            quatre = self.requetes(lambda s=salaire, m=montant: corriger(lignes[:4], s, m))
            vingt = self.requetes(lambda s=salaire, m=montant: corriger(lignes[4:24], s, m))
            self.assertLessEqual(vingt - quatre, 3)
        self.assertEqual((set(lignes[:24].mapped("exclu")), lignes[24].exclu), ({10_000}, 30_000))

    def test_l_exclusion_suit_sa_ligne_jusqu_au_depot(self):
        """Plafond abaissé ou élément fermé après la saisie : le dépôt recopie, ou refuse ; déposé, plus rien ne bouge."""
        transport = self.env["cnas.exclusion_assiette"].search([("code", "=", "TRANSPORT")])
        aout, juillet = self._declaration("2026-08-01"), self._declaration("2026-07-01")
        for declaration in (aout, juillet):
            declaration.ligne_ids[0].write({"exclusion_ids": [(0, 0, {"exclusion_id": transport.id, "montant": 80_000})]})
        transport._ecrire({"plafond": 40_000})
        aout.action_deposer()
        transport._ecrire({"plafond": 30_000, "date_debut": "2026-08-01"})
        self.env.flush_all()
        self.env.invalidate_all()
        ligne = aout.ligne_ids[0]
        self.assertEqual((ligne.exclusion_ids.retenu, ligne.exclu, ligne.part_employeur), (40_000, 40_000, 5_600))
        with self.assertRaisesRegex(UserError, "ne s'exclut pas"):
            juillet.action_deposer()

    def test_plafond(self):
        appel = self.valider(salaire=900_000)
        self.assertEqual((appel.ligne_ids.salaires, appel.ligne_ids.assiette, appel.montant), (2_700_000, 1_500_000, 75_000))

    def test_sans_bareme(self):
        declaration = self._declaration("2024-06-01")
        declaration.action_deposer()
        with self.assertRaisesRegex(UserError, "Aucun barème.*juin 2024"), self.env.cr.savepoint():
            declaration.with_user(self.superviseur).action_valider()
        self.env.invalidate_all()
        self.assertEqual((declaration.state, len(declaration.sudo().appel_ids)), ("deposee", 0))

    def test_regulariser_par_complement(self):
        appel = self.valider()
        with self.assertRaisesRegex(UserError, "ne se modifie pas"):
            appel.with_user(self.agent).write({"montant_employeur": 1})
        with self.assertRaisesRegex(UserError, "ne s'annule pas"):
            appel.with_user(new_test_user(self.env, "superviseur2_cot", groups="cnas_base.group_superviseur")).action_annuler("essai")
        contexte = appel.with_user(self.agent).action_regulariser()["context"]
        complement = self.env["cnas.appel_cotisation"].with_user(self.agent).with_context(**contexte).create({
            "montant_employeur": -2_100, "montant_salarie": -900, "motif": "Salaire déclaré deux fois"})
        with self.assertRaisesRegex(UserError, "rôle"):
            complement.action_emettre()
        complement.with_user(self.superviseur).action_emettre()
        self.assertEqual((complement.state, complement.montant, self.compte().solde), ("emis", -3_000, 27_000))
        self.assertEqual(sum(complement.sudo().move_id.line_ids.mapped("balance")), 0)
        trop = self.env["cnas.appel_cotisation"].with_user(self.agent).create({
            "origine_id": appel.id, "montant_employeur": -40_000, "motif": "Trop"})
        with self.assertRaisesRegex(UserError, "ôterait plus"):
            trop.with_user(self.superviseur).action_emettre()

    def test_qui_remplit_un_complement_ne_l_emet_pas(self):
        """Le superviseur qui réécrit le brouillon d'un agent l'a rempli ; et un complément ne change pas d'appel, donc de cotisant."""
        appel, autre = self.valider("2026-08-01"), self.valider("2026-09-01")
        complement = self.env["cnas.appel_cotisation"].with_user(self.agent).create({
            "origine_id": appel.id, "montant_employeur": 700, "motif": "Prime oubliée"})
        complement.with_user(self.superviseur).write({"montant_employeur": -20_000})
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            complement.with_user(self.superviseur).action_emettre()
        with self.assertRaisesRegex(UserError, "ne change plus"):
            complement.write({"origine_id": autre.id})
        complement.write({"montant_employeur": 700})
        complement.with_user(self.superviseur).action_emettre()
        with self.assertRaisesRegex(UserError, "pas un autre complément"):
            self.env["cnas.appel_cotisation"].with_user(self.agent).create({"origine_id": complement.id, "montant_employeur": 1, "motif": "x"})

    def test_une_piece_ne_se_retouche_pas(self):
        """Le comptable lettre ; il n'écrit, n'ajoute, n'ôte, ne renverse rien d'une pièce de cotisation ni de sa contre-passation."""
        comptable = new_test_user(self.env, "comptable_cot", groups="account.group_account_manager")
        self.valider()
        recu = self.encaisser(30_000)
        recu.with_user(self.finance2).action_annuler("Chèque impayé")
        for piece in (recu.sudo().move_id, recu.sudo().annulation_id, recu.cotisant_id.sudo().appel_ids.move_id):
            sienne = piece.with_user(comptable)
            ligne = sienne.line_ids[0]
            neuve = {"move_id": piece.id, "account_id": ligne.account_id.id, "debit": 1}
            for geste in (sienne.button_draft, sienne.button_cancel, sienne._reverse_moves, sienne.unlink, ligne.unlink,
                          lambda p=sienne: p.write({"date": "2026-01-01"}), lambda p=sienne: p.write({"cnas_cotisation": False}),
                          lambda li=ligne: li.write({"partner_id": False}), lambda li=ligne: li.write({"date_maturity": "2030-01-01"}),
                          lambda p=sienne, n=neuve: p.write({"line_ids": [(0, 0, n)]}), lambda li=ligne, n=neuve: li.create([n, {**n, "debit": 0, "credit": 1}])):
                with self.assertRaisesRegex(UserError, "annulez-le"), self.env.cr.savepoint():
                    geste()

    def test_une_piece_saisie_ne_prend_pas_le_numero_suivant(self):
        """Une écriture du comptable dans le journal des appels suit sa propre suite : l'appel d'après s'émet."""
        premier = self.valider("2026-08-01")
        saisie = self.env["account.move"].create({
            "move_type": "entry", "journal_id": premier.move_id.journal_id.id, "date": "2026-11-20", "cnas_cotisation": True, "line_ids": [
                (0, 0, {"account_id": self.societe.cnas_compte_majoration_id.id, "debit": 5}),
                (0, 0, {"account_id": self.societe.cnas_compte_dotation_id.id, "credit": 5})]})
        saisie.action_post()
        self.assertFalse(saisie.name.startswith("APC") or saisie.cnas_cotisation)
        self.assertTrue(self.valider("2026-09-01").move_id)

    def test_le_compte_des_cotisants_ne_change_plus(self):
        """Les soldes s'y lisent : le remplacer les effacerait."""
        self.valider()
        autre = self.societe.cnas_compte_cotisant_id.copy()
        with self.assertRaisesRegex(UserError, "ne change plus"):
            self.societe.cnas_compte_cotisant_id = autre

    def test_periode_close(self):
        declaration = self._declaration()
        declaration.action_deposer()
        self.societe.fiscalyear_lock_date = date(2026, 11, 30)
        with self.assertRaisesRegex(UserError, "période est close"), self.env.cr.savepoint():
            declaration.with_user(self.superviseur).action_valider()
        self.assertFalse(declaration.sudo().appel_ids)

    def test_la_piece_est_celle_d_account(self):
        """Colonne à colonne, la pièce posée en SQL est celle que l'ORM de `account` aurait écrite."""
        piece = self.valider().move_id
        jumelle = self.env["account.move"].create({
            "move_type": "entry", "journal_id": piece.journal_id.id, "date": piece.date, "ref": piece.ref, "name": f"{piece.name[:-1]}9",
            "line_ids": [(0, 0, {"account_id": ligne.account_id.id, "partner_id": ligne.partner_id.id, "debit": ligne.debit, "credit": ligne.credit,
                                 "name": ligne.name, "date_maturity": ligne.date_maturity}) for ligne in piece.line_ids]})
        jumelle._post(soft=False)
        self.env.flush_all()
        for table, deux in (("account_move", (piece, jumelle)), ("account_move_line", (piece.line_ids.sorted("balance"), jumelle.line_ids.sorted("balance")))):
            lues = []
            for fiches in deux:
                self.env.cr.execute(f"SELECT * FROM {table} WHERE id = ANY(%s)", [fiches.ids])
                lues.append(sorted(([(c, v) for c, v in sorted(rang.items()) if c not in PROPRES and v is not None]
                                    for rang in self.env.cr.dictfetchall()), key=str))
            for notre, sienne in zip(*lues):
                self.assertEqual(dict(notre), dict(sienne))

    def test_requetes_constantes(self):
        """Appeler vingt employeurs coûte autant de requêtes que cinq."""
        employeurs = self.employeurs.create([{"raison_sociale": f"Atelier {rang}", "type_employeur": "ong"} for rang in range(25)])
        comptes = self.env["cnas.cotisant"]._de(employeurs)

        def appeler(siens):
            return self.env["cnas.appel_cotisation"]._emettre([{
                "sorte": "initial", "cotisant_id": comptes[e].id, "periode": date(2026, 9, 1),
                "lignes": [{"part_employeur": 700, "part_salarie": 300}]} for e in siens])
        appeler(employeurs[24:])
        cinq = self.requetes(lambda: appeler(employeurs[:5]))
        vingt = self.requetes(lambda: appeler(employeurs[5:24]))
        self.assertLessEqual(vingt - cinq, 3)

    def test_trimestre_des_independants_et_de_l_etat(self):
        appels = self.env["cnas.appel_cotisation"].with_user(self.superviseur)
        asi, amed = self.env.ref("cnas_base.regime_asi"), self.env.ref("cnas_base.regime_amed")
        independant = self.env["cnas.assure"].create({
            "nom": "Seul", "prenom": "Haroun", "genre": "masculin", "date_naissance": "1980-01-01", "date_affiliation": "2026-01-01", "regime_id": asi.id})
        independant.action_immatriculer()
        self.env["cnas.assure"].create({
            "nom": "Aidé", "prenom": "Fatimé", "genre": "feminin", "date_naissance": "1980-01-01", "date_affiliation": "2026-01-01",
            "regime_id": amed.id}).action_immatriculer()
        tetes = sum(appels.sudo()._tetes(amed, date(2026, 4, 1)).values())
        appels.appeler_trimestre("2026-05-10")
        appel = appels.search([("cotisant_id.assure_id", "=", independant.id)])
        self.assertEqual((appel.periode, appel.periode_fin, appel.montant), (date(2026, 4, 1), date(2026, 6, 30), 508 * 3))
        self.assertEqual(appel.sudo().cotisant_id.partner_id.name, independant.matricule, "tous les agents lisent les tiers")
        etat = appels.search([("type_cotisant", "=", "etat"), ("periode", "=", date(2026, 4, 1))])
        self.assertEqual(etat.montant, tetes * 423 * 3)
        # trois mois se disent à l'écran, sur la pièce et sur le papier
        self.assertEqual((etat.periode_dite, etat.with_context(lang="ar_001").periode_dite), ("avril – juin 2026", "أبريل – يونيو، 2026"))
        self.assertEqual(etat.sudo().move_id.ref, "Appel avril – juin 2026")
        self.assertIn(("Période", "avril – juin 2026"), etat._faits_du_papier("ac"))
        self.assertEqual(appels.appeler_trimestre("2026-04-01"), 0, "déjà appelé")
        with self.assertRaisesRegex(UserError, "n'a pas commencé"):
            appels.appeler_trimestre(fields.Date.to_string(date(2027, 1, 1)))
