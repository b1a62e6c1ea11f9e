from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.cnas_base.jour import aujourd_hui

from ..models.comptabilite import Mouvement
from .commun import CommunCompta


@tagged("post_install", "-at_install", "cnas")
class TestReleves(CommunCompta):
    """Les relevés se rapprochent seuls de nos lots ; l'inconnu attend ; le déjà importé se refuse."""

    def lots_payes(self, nombre):
        lots = self.env["cnas.lot_paiement"]
        for rang in range(nombre):
            lot = self.transmettre(self.ordonnancee(nombre=1))
            lot.with_user(self.finance2).action_executer(self.jour(), f"BEAC-{rang + 100}")
            lots |= lot
        return lots

    def test_rapproches_seuls(self):
        """Le total d'un lot, sa référence écrite de trois façons ; un ordre seul ; des frais qui attendent."""
        lots = self.lots_payes(4)
        jour = "25/11/2026"
        facons = (lambda lot: (f"VIR {lot.numero}", ""), lambda lot: (f"REGLEMENT {lot.numero.replace('/', ' ')} CNAS", ""),
                  lambda lot: ("DEBIT", lot.reference.replace("-", "")))
        rangs = [(jour, *facon(lot), int(lot.montant_paye), "") for facon, lot in zip(facons, lots)]
        rangs += [(jour, "virement", ordre.numero, int(ordre.montant), "") for ordre in lots[3].ordre_ids]
        recu = self.releve("BQ", *rangs, (jour, "FRAIS DE TENUE", "", 3500, ""))
        self.assertEqual(recu.nombre_refus, 0, recu.ligne_ids.mapped("message"))
        recu.action_appliquer()
        lignes = self.env["cnas.releve.ligne"].search([("releve_id.import_id", "=", recu.id)])
        attente = lignes.filtered(lambda li: li.state == "attente")
        self.assertEqual(attente.libelle, "FRAIS DE TENUE")
        self.assertTrue(all((lignes - attente).mapped("automatique")))
        self.assertEqual((lignes - attente).fait_ids.mapped("modele"), ["cnas.ordre_paiement"] * len(lots.ordre_ids))

    def test_plus_de_95_sur_cent(self):
        """Cent ordres, une banque qui cite chacun : au moins 95 se rapprochent seuls."""
        journal = self.env["account.journal"].search([("code", "=", "BQ")], limit=1)
        self.env["cnas.comptabilite"]._passer([Mouvement(
            fait=("cnas.ordre_paiement", -rang), evenement="paiement", source=("cnas.lot_paiement", -rang // 10), piece=f"LPX/2026/{rang // 10:04d}",
            jour=aujourd_hui(), operation="paiement_principal", montant=1000 + rang, voie="banque", tresorerie=-1,
            references=(f"OPX/2026/{rang:06d}", f"LPX/2026/{rang // 10:04d}")) for rang in range(1, 101)])
        rangs = [("25/11/2026", f"VIR EMIS {rang % 7} OPX 2026 {rang:06d} TCHAD", "", 1000 + rang, "") for rang in range(1, 101)]
        rangs[10:13] = [("25/11/2026", "COMMISSION", f"C{rang}", 10 + rang, "") for rang in range(3)]
        recu = self.releve("BQ", *rangs)
        recu.action_appliquer()
        lignes = self.env["cnas.releve.ligne"].search([("releve_id.import_id", "=", recu.id)])
        self.assertEqual((len(lignes), lignes.journal_id), (100, journal))
        self.assertGreaterEqual(len(lignes.filtered("automatique")), 95)
        self.assertEqual(len(lignes.filtered(lambda li: li.state == "attente")), 3)

    def test_deja_importe(self):
        rang = ("25/11/2026", "FRAIS", "X1", 3500, "")
        recu = self.releve("BQ", rang)
        recu.action_appliquer()
        with self.assertRaisesRegex(UserError, "déjà importé"):
            self.releve("BQ", rang)
        autre = self.releve("BQ", rang, ("25/11/2026", "AUTRE", "X2", "", 10))
        self.assertEqual((autre.nombre_connues, autre.nombre_creations), (1, 1))
        autre.action_appliquer()
        self.assertEqual(self.env["cnas.releve.ligne"].search_count([("reference", "in", ("X1", "X2"))]), 2)
        self.assertTrue(self.releve("AIR", rang).ligne_ids, "un autre compte est un autre relevé")

    def test_deux_frais_identiques(self):
        """Deux fois dans un relevé, ce sont deux lignes ; un relevé qui redit l'une n'en ajoute pas, un jour de plus en est une autre."""
        frais = ("25/11/2026", "FRAIS DE TENUE", "", 3500, "")
        self.releve("BQ", frais, frais).action_appliquer()
        redit = self.releve("BQ", frais, ("24/11/2026", *frais[1:]))
        self.assertEqual((redit.nombre_connues, redit.nombre_creations), (1, 1))
        redit.action_appliquer()
        lignes = self.env["cnas.releve.ligne"].search([("libelle", "=", "FRAIS DE TENUE"), ("date", ">=", "2026-11-24")])
        self.assertEqual(sorted(str(ligne.date) for ligne in lignes), ["2026-11-24", "2026-11-25", "2026-11-25"])

    def test_lignes_fausses(self):
        """Montant nul ou double, date illisible ou à venir : une phrase par ligne, les autres s'écrivent."""
        recu = self.releve(
            "BQ", ("25/11/2026", "a", "", "", ""), ("25/11/2026", "b", "", 10, 20), ("45/11/2026", "c", "", 10, ""), ("25/11/2030", "d", "", 10, ""),
            ("25/11/2026", "e", "", "dix", ""), ("25/11/2026", "bonne", "", 10, ""))
        phrases = recu.ligne_ids.filtered(lambda li: li.state == "refus").mapped("message")
        self.assertEqual((recu.nombre_refus, recu.nombre_creations), (5, 1), phrases)
        for attendu, phrase in zip(("aucun montant", "un débit et un crédit", "Date", "à venir", "Débit"), phrases):
            self.assertIn(attendu, phrase)

    def test_illisible(self):
        recu = self.releve("BQ", ("x",), titres=("Colonne inconnue",))
        self.assertEqual(recu.state, "brouillon")
        self.assertTrue(recu.refus_lecture)
        sans_compte = self.env["cnas.import_fichier"].with_user(self.comptable).create(
            {"sujet": "releves", "nom_fichier": "r.csv", "fichier": recu.with_context(bin_size=False).fichier})
        sans_compte.write({"fichier": "RGF0ZTtMaWJlbGzDqTtEw6liaXQKMjUvMTEvMjAyNjtmcmFpczsxMAo="})
        with self.assertRaisesRegex(UserError, "De quel compte|de quel compte"):
            sans_compte.action_controler()

    def test_montant_signe(self):
        recu = self.releve("AIR", ("25/11/2026", "envoi", "T1", "-1 500"), ("25/11/2026", "reçu", "T2", "2 000"),
                           titres=("Date", "Description", "Transaction ID", "Amount"))
        recu.action_appliquer()
        self.assertEqual(self.env["cnas.releve.ligne"].search([("reference", "in", ("T1", "T2"))], order="numero").mapped("montant"), [-1500, 2000])

    def test_a_la_main(self):
        """Une ligne inconnue : un fait choisi, une pièce passée, ou écartée ; jamais perdue."""
        facture = self.payee()
        self.comptabilite.comptabiliser()
        montants = [int(o.montant) for o in facture.ordre_ids]
        recu = self.releve("BQ", ("25/11/2026", "INCONNU", "Z1", montants[0], ""), ("25/11/2026", "FRAIS", "Z2", 3500, ""),
                           ("25/11/2026", "ERREUR", "Z3", "", 77))
        recu.action_appliquer()
        lignes = {li.reference: li.with_user(self.comptable) for li in self.env["cnas.releve.ligne"].search([("reference", "in", ("Z1", "Z2", "Z3"))])}
        self.assertEqual({li.state for li in lignes.values()}, {"attente"})
        with self.assertRaisesRegex(UserError, "choisissez le fait"):
            lignes["Z1"].action_rapprocher()
        lignes["Z1"].fait_choisi_id = self.env["cnas.fait_comptable"].search(
            [("modele", "=", "cnas.ordre_paiement"), ("res_id", "=", facture.ordre_ids[0].id)])
        lignes["Z1"].action_rapprocher()
        self.assertEqual((lignes["Z1"].state, len(lignes["Z1"].fait_ids)), ("rapprochee", 1))
        lignes["Z2"].compte_id = self.env["account.account"].search([("code", "=like", "631%")], limit=1)
        lignes["Z2"].action_imputer()
        self.assertEqual(self.ecritures(lignes["Z2"].move_id), {lignes["Z2"].compte_id.code: 3500, "521110": -3500})
        self.assertEqual(lignes["Z3"].action_ecarter()["res_model"], "cnas.motif.wizard")
        lignes["Z3"].action_ecarter("Écriture de la banque annulée le lendemain")
        lignes["Z1"].action_rendre("Mauvais ordre")
        self.assertEqual((lignes["Z1"].state, lignes["Z3"].state, len(lignes["Z1"].fait_ids)), ("attente", "ecartee", 0))
        for ligne in lignes.values():
            with self.assertRaises(UserError):
                ligne.unlink()

    def test_une_imputation_se_contre_passe(self):
        """Au mauvais compte : la pièce se défait aujourd'hui, la ligne attend, et s'impute ailleurs."""
        self.releve("BQ", ("20/11/2026", "FRAIS", "Y1", 3500, "")).action_appliquer()
        ligne = self.env["cnas.releve.ligne"].search([("reference", "=", "Y1")]).with_user(self.comptable)
        premier, second = self.env["account.account"].search([("code", "=like", "631%")], limit=2)
        ligne.compte_id = premier
        ligne.action_imputer()
        piece = ligne.move_id
        ligne.action_rendre("Mauvais compte")
        inverse = self.env["account.move"].search([("reversed_entry_id", "=", piece.id)])
        self.assertEqual((ligne.state, ligne.move_id.id, inverse.date, inverse.journal_id), ("attente", False, aujourd_hui(), piece.journal_id))
        self.assertEqual(self.ecritures(piece | inverse), {})
        self.assertEqual(ligne.fait_ids, (piece | inverse).fait_ids, "aucun n'attend une autre ligne")
        ligne.compte_id = second
        ligne.action_imputer()
        self.assertEqual(self.ecritures(ligne.move_id), {second.code: 3500, "521110": -3500})
        ligne.action_rendre("Encore")
        self.assertEqual(self.ecritures(ligne.fait_ids.move_id), {})

    def test_qui(self):
        recu = self.releve("BQ", ("25/11/2026", "FRAIS", "Q1", 3500, ""))
        recu.action_appliquer()
        ligne = self.env["cnas.releve.ligne"].search([("reference", "=", "Q1")])
        for usager in (self.finance, self.superviseur):
            with self.assertRaises(AccessError):
                ligne.with_user(usager).action_ecarter("Non")
        importe = self.env["cnas.import_fichier"].with_user(self.agent).create({
            "sujet": "releves", "nom_fichier": "r.csv", "fichier": "RGF0ZTtMaWJlbGzDqTtEw6liaXQKMjUvMTEvMjAyNjtmcmFpczsxMAo="})
        with self.assertRaisesRegex(UserError, "Agent comptable"):
            importe.action_controler()
