import base64
from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .commun import CasCotisations


@tagged("post_install", "-at_install", "cnas")
class TestEncaissements(CasCotisations):
    """Ce qui entre : un reçu, une pièce, lettrée ; rien ne s'encaisse deux fois, rien ne se perd."""

    def test_lettrage_du_plus_ancien_et_trop_percu_reporte(self):
        ancien, recent = self.valider("2026-08-01"), self.valider("2026-09-01")
        recu = self.encaisser(40_000)
        self.env.invalidate_all()
        self.assertEqual((ancien.reste, ancien.paiement, recent.reste, recent.paiement), (0, "paye", 20_000, "partiel"))
        self.assertEqual((recu.reste_du, recu.trop_percu, self.compte().solde), (20_000, 0, 20_000))
        avance = self.encaisser(50_000, "VIR-2")
        self.env.invalidate_all()
        self.assertEqual((recent.paiement, avance.trop_percu, avance.avance, self.compte().solde), ("paye", 30_000, 30_000, -30_000))
        suivant = self.valider("2026-10-01")
        self.env.invalidate_all()
        self.assertEqual((suivant.paiement, avance.trop_percu, self.compte().solde), ("paye", 0, 0), "le trop-perçu s'impute sur l'appel suivant")
        self.assertEqual((recu.avance, avance.avance), (0, 30_000), "le reçu redit ce qu'il disait")

    def test_le_lettrage_est_celui_d_account(self):
        """Quatre appels soldés par morceaux, une avance, un complément en moins : les mêmes restes, morceaux et groupes qu'`account`, au franc."""
        appels = self.valider("2026-04-01") | self.valider("2026-05-01") | self.valider("2026-06-01") | self.valider("2026-07-01")
        for rang, montant in enumerate((7_001, 30_000, 22_999, 41_500, 13)):
            self.encaisser(montant, f"MOR-{rang}", jour=f"2026-11-{10 + rang}")
        complement = self.env["cnas.appel_cotisation"].with_user(self.agent).create({
            "origine_id": appels[0].id, "montant_employeur": -5_000, "motif": "Salaire déclaré deux fois"})
        complement.with_user(self.superviseur).action_emettre()
        self.encaisser(20_000, "MOR-9")
        self.env.invalidate_all()
        compte = self.compte().sudo()
        lignes = (compte.appel_ids.move_id | compte.encaissement_ids.move_id).line_ids.filtered(
            lambda li: li.account_id == self.societe.cnas_compte_cotisant_id)

        def lus():
            self.env.flush_all()
            self.env.invalidate_all()
            groupes = {frozenset(siennes.ids) for numero, siennes in lignes.grouped("matching_number").items() if numero}
            morceaux = sorted((p.debit_move_id.id, p.credit_move_id.id, p.amount, p.max_date) for p in lignes.matched_debit_ids | lignes.matched_credit_ids)
            return ({li.id: (li.amount_residual, li.amount_residual_currency, li.reconciled) for li in lignes}, groupes, morceaux,
                    {a.numero: (a.reste, a.paiement) for a in compte.appel_ids}, {e.numero: e.trop_percu for e in compte.encaissement_ids},
                    {move.name: (move.payment_state, move.amount_residual) for move in lignes.move_id})
        lignes.remove_move_reconcile()
        self.assertFalse(lignes.matched_debit_ids | lignes.matched_credit_ids, "account défait ce que nous avons lettré")
        self.env.flush_all()
        lignes._cnas_lettrer(compte.partner_id, self.societe.cnas_compte_cotisant_id)
        notres = lus()
        # `account` ne numérote que si tout le compte est soldé ; ici chaque groupe soldé l'est.
        for siennes in lignes.grouped("matching_number").values():
            self.assertEqual(bool(siennes.full_reconcile_id), all(siennes.mapped("reconciled")))
        self.assertEqual(sum(reste for reste, *_deux in notres[0].values()), compte.solde)
        lignes.remove_move_reconcile()
        self.env.flush_all()
        self.env.invalidate_all()
        lignes._reconcile_plan([lignes.sorted("id")])
        for notre, sien in zip(notres, lus()):
            self.assertEqual(notre, sien)

    def test_encaisser_par_morceaux_a_requetes_constantes(self):
        """Vingt versements qui entament vingt appels, puis les soldent, coûtent autant de requêtes que cinq."""
        employeurs = self.employeurs.create([{"raison_sociale": f"Atelier {rang}", "type_employeur": "ong"} for rang in range(26)])
        employeurs.action_activer()
        comptes = list(self.env["cnas.cotisant"]._de(employeurs).values())
        self.env["cnas.appel_cotisation"]._emettre([{
            "sorte": "initial", "cotisant_id": compte.id, "periode": date(2026, 9, 1),
            "lignes": [{"part_employeur": 700 + rang, "part_salarie": 300}]} for rang, compte in enumerate(comptes)])

        def encaisser(siens, tour, part):
            self.env["cnas.encaissement"].with_user(self.finance).create([{
                "cotisant_id": compte.id, "mode": "virement", "reference": f"T{tour}-{compte.id}", "date": "2026-11-20",
                "montant": int(1_000 * part)} for compte in siens])
        encaisser(comptes[25:], 0, 0.5)
        for tour, part in enumerate((0.3, 0.5, 1.2)):
            cinq = self.requetes(lambda t=tour, p=part: encaisser(comptes[:5], t + 1, p))
            vingt = self.requetes(lambda t=tour, p=part: encaisser(comptes[5:25], t + 1, p))
            self.assertLessEqual(vingt - cinq, 3, part)

    def test_solde_a_toute_date(self):
        self.valider("2026-08-01")
        self.encaisser(10_000, "G-1", jour="2026-11-10")
        compte = self.compte()
        self.assertEqual(compte._situation_au(date(2026, 11, 1)), {})
        self.assertEqual(compte._situation_au(date(2026, 11, 15))[compte.id]["solde"], -10_000)
        self.assertEqual(compte._situation_au()[compte.id]["solde"], 20_000)
        plus_tard = compte._situation_au(date(2027, 1, 20))[compte.id]
        self.assertEqual((plus_tard["echu"], plus_tard["j60"], plus_tard["non_echu"]), (20_000, 20_000, 0))
        dite = self.env["cnas.balance_agee"].with_user(self.finance).balance("2027-01-20")
        self.assertIn(20_000, [rang["echu"] for rang in dite if rang["matricule"] == self.employeur.matricule])
        self.assertEqual(sum(compte.mouvement_ids.mapped("appele")) - sum(compte.mouvement_ids.mapped("verse")), 20_000)

    def test_entrees_fausses(self):
        self.valider()
        for montant in (0, -5):
            with self.assertRaisesRegex(UserError, "au moins 1 franc|négatif|positif"), self.env.cr.savepoint():
                self.encaisser(montant)
        with self.assertRaisesRegex(UserError, "à venir"), self.env.cr.savepoint():
            self.encaisser(100, jour="2026-12-01")
        with self.assertRaisesRegex(UserError, "référence du versement"), self.env.cr.savepoint():
            self.encaisser(100, reference="  ")
        self.encaisser(100, "vir  7")
        with self.assertRaisesRegex(UserError, "déjà encaissée"), self.env.cr.savepoint():
            self.encaisser(100, "VIR 7")
        self.societe.fiscalyear_lock_date = date(2026, 10, 31)
        with self.assertRaisesRegex(UserError, "période est close"), self.env.cr.savepoint():
            self.encaisser(100, "VIR-8", jour="2026-10-15")
        with self.assertRaisesRegex(UserError, "rôle"), self.env.cr.savepoint():
            self.env["cnas.encaissement"].with_user(self.agent).create({"cotisant_id": self.compte().id, "montant": 5})
        self.assertEqual(len(self.compte().encaissement_ids), 1)

    @mute_logger("odoo.sql_db")
    def test_deux_fois_refuse_en_base(self):
        self.valider()
        un = self.encaisser(100, "VIR-9")
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.env.cr.execute("INSERT INTO cnas_encaissement (cotisant_id, mode, reference, date, montant, state, numero) "
                                "SELECT cotisant_id, mode, reference, date, 5, 'encaisse', 'X' FROM cnas_encaissement WHERE id = %s", [un.id])

    def test_employeur_radie(self):
        self.valider()
        self.employeur.with_user(self.superviseur).action_radier("Cessation")
        self.encaisser(30_000, "VIR-10")
        with self.assertRaisesRegex(UserError, "radié"):
            self.encaisser(1, "VIR-11")

    def test_annuler_a_deux(self):
        appel = self.valider()
        recu = self.encaisser(30_000, mode="cheque", reference="CHQ-1")
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            recu.action_annuler("Chèque impayé")
        recu.with_user(self.finance2).action_annuler("Chèque impayé")
        self.env.invalidate_all()
        self.assertEqual((recu.state, appel.reste, appel.paiement, self.compte().solde), ("annule", 30_000, "a_payer", 30_000))
        self.encaisser(30_000, mode="cheque", reference="CHQ-1")
        with self.assertRaisesRegex(UserError, "ne se modifie pas"):
            recu.write({"montant": 1})
        with self.assertRaisesRegex(UserError, "annulez-le"):
            appel.sudo().move_id.button_draft()

    def test_papiers(self):
        appel = self.valider()
        recu = self.encaisser(30_000)
        for fiche in (appel.with_user(self.agent), recu):
            self.assertTrue(base64.b64decode(fiche.telecharger()["contenu"]).startswith(b"%PDF"))
        self.assertTrue(self.employeur.telecharger_situation().startswith(b"%PDF"))
        papiers, jeton = self.env["cnas.papier.mixin"], recu.sudo()._jeton_papier("rc")
        self.assertEqual(papiers._trouver_papier(jeton), ("rc", recu))
        self.assertFalse(papiers._trouver_papier(jeton.replace(str(recu.id), str(recu.id + 1), 1))[1])

    # ------------------------------------------------------------------ relevés
    def importer(self, *lignes, nom="releve.csv", entete="Date;Référence;Libellé;Montant"):
        contenu = "\n".join((entete, *lignes)).encode()
        return self.env["cnas.releve_cotisation"].with_user(self.finance).importer(base64.b64encode(contenu).decode(), nom, "virement")

    def test_releve(self):
        appel = self.valider()
        lignes = (f"12/11/2026;TX1;VIREMENT {self.employeur.matricule} SEPT;10 000", f"13/11/2026;TX2;COTIS {appel.numero};5000",
                  "14/11/2026;TX3;VIREMENT SANS NOM;7000", "15/11/2026;TX4;FRAIS DE TENUE;-500", "hier;TX5;illisible;abc",
                  f"16/11/2026;TX1;ENCORE {self.employeur.matricule};10 000")
        comptes = self.importer(*lignes)
        self.assertEqual((comptes["encaissees"], comptes["attente"], comptes["deja_vues"]), (2, 3, 1))
        self.assertEqual(self.compte().solde, 15_000)
        releve = self.env["cnas.releve_cotisation"].browse(comptes["id"])
        self.assertEqual(len(releve.ligne_ids), 6, "aucune ligne ne se perd")
        with self.assertRaisesRegex(UserError, "déjà importé"):
            self.importer(*lignes, nom="autre.csv")
        inconnue = releve.ligne_ids.filtered(lambda li: li.reference == "TX3").with_user(self.finance)
        with self.assertRaisesRegex(UserError, "de quel cotisant"):
            inconnue.action_encaisser()
        inconnue.cotisant_id = self.compte()
        inconnue.action_encaisser()
        self.assertEqual((inconnue.state, inconnue.encaissement_ids.montant, self.compte().solde), ("encaissee", 7_000, 8_000))
        frais = releve.ligne_ids.filtered(lambda li: li.reference == "TX4").with_user(self.finance)
        frais.action_ecarter("Frais de banque")
        self.assertEqual((frais.state, frais.raison), ("ecartee", "Frais de banque"))

    def test_releve_une_refusee_parmi_beaucoup(self):
        """Une ligne refusée n'oblige pas à encaisser les autres une à une."""
        self.valider()
        self.societe.fiscalyear_lock_date = date(2026, 10, 31)
        lignes = [f"12/11/2026;TY{rang};VIREMENT {self.employeur.matricule};100" for rang in range(31)]
        comptes = self.importer(*lignes, f"12/10/2026;TZ;VIREMENT {self.employeur.matricule};100")
        self.assertEqual((comptes["encaissees"], comptes["attente"]), (31, 1))
        attente = self.env["cnas.releve_cotisation"].browse(comptes["id"]).ligne_ids.filtered(lambda li: li.state == "attente")
        self.assertIn("close", attente.raison)

    def test_releve_employeur_radie_et_reference_deja_encaissee(self):
        """Un radié qui ne doit rien, une référence prise au guichet : la ligne attend ou s'écarte avec sa raison, rien n'est encaissé deux fois."""
        self.valider()
        self.encaisser(30_000, "TZ1")
        self.employeur.with_user(self.superviseur).action_radier("Cessation")
        comptes = self.importer(f"12/11/2026;TZ1;VIREMENT {self.employeur.matricule};30 000", f"13/11/2026;TZ2;VIREMENT {self.employeur.matricule};500")
        self.assertEqual((comptes["encaissees"], comptes["attente"], comptes["deja_vues"]), (0, 1, 1))
        raisons = self.env["cnas.releve_cotisation"].browse(comptes["id"]).ligne_ids.sorted("rang").mapped("raison")
        for raison, dit in zip(raisons, ("déjà encaissée", "radié")):
            self.assertIn(dit, raison)
        self.assertEqual(self.compte().solde, 0)

    def test_releve_illisible(self):
        for contenu, phrase in ((b"", "vide|lisible|lignes"), (b"\x00\x01\x02PK", "lisible|format|colonnes|titres|comprend|CSV"),
                                (b"a;b\n1;2\n", "olonne")):
            with self.assertRaisesRegex(UserError, phrase), self.env.cr.savepoint():
                self.env["cnas.releve_cotisation"].with_user(self.finance).importer(base64.b64encode(contenu).decode(), "r.csv", "virement")
        self.assertFalse(self.env["cnas.releve_cotisation"].search([("nom", "=", "r.csv")]))
