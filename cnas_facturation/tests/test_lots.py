import base64
import csv
import io
from datetime import date, timedelta

import psycopg2
from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.ecriture import ecrire_csv, ecrire_xlsx
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.tests.pdf import texte_pdf
from odoo.addons.cnas_formations.rib import composer_rib

from ..adaptateurs import ADAPTATEURS
from .commun_facture import MOIS, CommunFacture

TITRES = ("ordre", "montant", "statut", "date", "reference", "motif")
RIB = composer_rib("60009", "00007", f"{77:011d}")


class CommunLots(CommunFacture):
    """Des lots transmis, et le fichier qu'en rend la banque."""

    def reponse(self, ordre, statut="payé", jour=None, reference="TRN-1", motif="", montant=None):
        return (ordre.numero, montant or int(ordre.montant), statut, jour or self.jour(), reference, motif)

    def rendre(self, lot, rangs, titres=TITRES, usager=None):
        """La banque rend un fichier de ces rangs : rend ce que rend `importer_retour`."""
        return self.retourner(lot, ecrire_csv(titres, rangs), usager=usager)

    def retourner(self, lot, contenu, nom="retour.csv", usager=None):
        return lot.with_user(usager or self.finance2).importer_retour(base64.b64encode(contenu).decode(), nom)

    def raisons(self, lot):
        return " | ".join(lot.retour_ids.ligne_ids.filtered("raison").mapped("raison"))

    def rembourser(self, prenom, numero, nature="airtel"):
        assure = self.creer_assure(prenom, "1990-01-01")
        self.compte_actif(assure, numero, nature)
        return self.remboursement(assure, "ordonnancee")


@tagged("post_install", "-at_install", "cnas")
class TestLot(CommunLots):
    """Un lot par voie : préparé, signé par une autre personne, téléchargé, transmis."""

    def test_chaine(self):
        facture = self.ordonnancee()
        lot = self.lot(facture)
        self.assertEqual((lot.nature, lot.state, lot.preparateur_id), ("banque", "brouillon", self.finance2))
        for usager in (self.agent, self.superviseur, self.controleur):
            with self.assertRaises(AccessError):
                lot.with_user(usager).action_signer()
        for appel in (lot.with_user(self.finance2), lot.with_user(self.finance2).sudo()):
            with self.assertRaisesRegex(UserError, "Quatre yeux"):
                appel.action_signer()
        # Qui ordonnance peut signer ; il ne transmet ni ne paie.
        self.assertIs(lot.with_user(self.finance).action_signer(), True)
        self.assertEqual((lot.state, lot.signataire_id, lot.date_signature), ("signe", self.finance, aujourd_hui()))
        self.assertTrue(lot.with_user(self.finance2).telecharger("csv")["contenu"])
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            lot.with_user(self.finance).action_transmettre()
        self.assertIs(lot.with_user(self.finance2).action_transmettre(), True)
        self.assertEqual(set(lot.ordre_ids.mapped("state")), {"transmis"})

    def test_la_base_refuse_un_seul_signataire(self):
        lot = self.lot(self.ordonnancee())
        self.env.flush_all()
        for valeurs in ({"signataire_id": self.finance2.id}, {"state": "signe"}):
            with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.CheckViolation), self.env.cr.savepoint():
                lot._ecrire(valeurs)
                self.env.flush_all()

    def test_une_voie_par_lot(self):
        """Banque, Airtel, Moov et guichet choisis ensemble : quatre lots, chacun son fichier et son bordereau."""
        factures = self.ordonnancee() | self.rembourser("Airtel", "66112233") | self.rembourser("Moov", "99112233", "moov")
        factures |= self.rembourser("Guichet", False, "guichet") | self.remboursement(self.creer_assure("Rien", "1990-01-01"), "ordonnancee")
        action = factures.ordre_ids.with_user(self.finance2).action_creer_lot()
        lots = self.env["cnas.lot_paiement"].search(action["domain"])
        self.assertEqual({lot.nature: len(lot.ordre_ids) for lot in lots}, {"banque": 2, "airtel": 1, "moov": 1, "guichet": 2})
        lots.with_user(self.signataire).action_signer()
        for lot in lots:
            texte = texte_pdf(lot._pdf_etat())
            self.assertIn(str(ADAPTATEURS[lot.nature].titre), texte)
            self.assertIn(self.signataire.name, texte)
            self.assertIn(lot.numero, self.lire_csv(lot)[0]["lot"])
        moov = lots.filtered(lambda lot: lot.nature == "moov")
        self.assertEqual(self.lire_csv(moov)[0]["msisdn"], "23599112233")

    def lire_csv(self, lot):
        texte = base64.b64decode(lot.with_user(self.finance2).telecharger("csv")["contenu"]).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(texte), delimiter=";"))

    def test_compte_debite_banque_beneficiaires_groupes(self):
        rib = composer_rib("60002", "00001", f"{4242:011d}")
        self.env["cnas.parametre"]._dater("compte_debite_banque", "à régler", aujourd_hui())
        lot = self.lot(self.ordonnancee())
        self.assertIn("Le compte à débiter n'est pas réglé", lot.alerte)
        lot.with_user(self.finance2).action_annuler("Compte à débiter oublié")
        self.env["cnas.parametre"]._dater("compte_debite_banque", rib, aujourd_hui())
        banque = self.env["res.bank"].create({"name": "Banque du Chari"})
        self.autre_formation.compte_principal_id.sudo()._write({"bank_id": banque.id})
        self.feuille(formation="T-HD-01")
        autre = self.factures.browse(self.factures.with_user(self.agent2).preparer("T-HD-01", MOIS))
        autre.with_user(self.agent2).action_soumettre()
        self.decider(autre.feuille_ids)
        autre.with_user(self.controleur).action_controler()
        autre.with_user(self.superviseur).action_valider()
        autre.with_user(self.finance).action_ordonnancer()
        lot = self.lot(autre | self.ordonnancee())
        self.assertFalse(lot.alerte)
        lot.with_user(self.signataire).action_signer()
        rangs = self.lire_csv(lot)
        self.assertEqual({rang["compte_debite"] for rang in rangs}, {lot.compte_debite})
        self.assertEqual(lot.compte_debite.replace(" ", ""), rib)
        self.assertTrue(all(rang["banque"] and rang["beneficiaire"] and rang["rib"] for rang in rangs))
        self.assertIn("Banque 60003", {rang["banque"] for rang in rangs})
        self.assertEqual([rang["banque"] for rang in rangs], sorted(rang["banque"] for rang in rangs), "groupés par banque")
        texte = texte_pdf(lot._pdf_etat())
        self.assertIn(lot.compte_debite, texte)
        self.assertIn("Banque du Chari", texte)

    def test_compte_partage_ou_d_un_agent_signale(self):
        """Deux assurés payés au même téléphone, qui est celui d'un agent : le signataire le lit, rien ne se bloque."""
        self.agent.partner_id.phone = "66 77 88 99"
        lot = self.lot(self.rembourser("Un", "66778899") | self.rembourser("Deux", "66778899"))
        self.assertIn("+235 66 77 88 99 paie", lot.alerte)
        self.assertIn(f"{self.agent.name} (usager de la caisse)", lot.alerte)
        self.assertIs(lot.with_user(self.signataire).action_signer(), True)

    def test_lot_signe_ne_se_paie_ni_ne_s_annule_a_part(self):
        facture = self.ordonnancee()
        lot = self.lot(facture)
        lot.with_user(self.signataire).action_signer()
        with self.assertRaisesRegex(UserError, "lot signé"):
            facture.with_user(self.finance2).action_payer(self.jour(), "V")
        with self.assertRaisesRegex(UserError, "lot signé"):
            facture.with_user(self.finance).action_annuler_ordonnancement("Essai")
        lot.with_user(self.finance2).action_annuler("Essai")
        self.assertIs(facture.with_user(self.finance2).action_payer(self.jour(), "V"), True)

    def test_paye_a_la_main_quitte_le_lot_en_brouillon(self):
        """Sinon le fichier du lot le paierait une seconde fois."""
        facture, autre = self.ordonnancee(), self.ordonnancee()
        lot = self.lot(facture | autre)
        facture.with_user(self.finance2).action_payer(self.jour(), "CHQ-1")
        self.assertEqual(lot.ordre_ids, autre.ordre_ids)

    def test_rien_ne_se_rejette_ni_ne_se_reemet_avant_l_envoi(self):
        facture = self.ordonnancee()
        lot = self.lot(facture)
        for etape in (lambda: None, lambda: lot.with_user(self.signataire).action_signer()):
            etape()
            with self.assertRaisesRegex(UserError, "à l'état"):
                facture.ordre_ids.with_user(self.finance).action_rejeter_banque("Compte clos")
            with self.assertRaisesRegex(UserError, "à l'état"):
                facture.ordre_ids.with_user(self.finance).action_reemettre()


@tagged("post_install", "-at_install", "cnas")
class TestRetour(CommunLots):
    """Le retour dit payé ou rejeté, ligne par ligne ; douteux, il ne paie rien."""

    def setUp(self):
        super().setUp()
        self.une, self.autre = self.ordonnancee(), self.ordonnancee()
        self.bon = self.transmettre(self.une | self.autre)
        self.ordres = self.bon.ordre_ids

    def test_tout_paye(self):
        rangs = [self.reponse(ordre, reference=f"TRN-{rang}") for rang, ordre in enumerate(self.ordres)]
        self.assertEqual(self.rendre(self.bon, rangs), {"payes": 4, "rejetes": 0, "inconnus": 0, "deja_vus": 0})
        self.assertEqual((self.bon.state, self.bon.date_execution), ("execute", aujourd_hui()))
        self.assertEqual(set((self.une | self.autre).mapped("state")), {"payee"})
        self.assertEqual(set(self.une.feuille_ids.mapped("state")), {"payee"})
        self.assertEqual({o.reference_paiement for o in self.ordres}, {f"TRN-{rang}" for rang in range(4)})
        self.assertTrue(all(o.reference_paiement in o.facture_id.reference_paiement for o in self.ordres))
        self.assertEqual(set(self.ordres.payeur_id.ids), {self.finance2.id})

    def test_rejoue_ne_change_rien(self):
        rangs = [self.reponse(self.ordres[0]), self.reponse(self.ordres[1], "Rejeté", motif="Compte clos")]
        self.assertEqual(self.rendre(self.bon, rangs), {"payes": 1, "rejetes": 1, "inconnus": 0, "deja_vus": 0})
        avant = self.ordres.read(), self.bon.retour_ids, len(self.bon.message_ids)
        for _fois in range(2):
            self.assertEqual(self.rendre(self.bon, rangs), {"payes": 0, "rejetes": 0, "inconnus": 0, "deja_vus": 2})
        self.assertEqual((self.ordres.read(), self.bon.retour_ids, len(self.bon.message_ids)), avant)

    def test_partiel_puis_complet(self):
        """Le lot attend tant que des ordres n'ont pas de réponse ; une facture n'est payée que tout entière."""
        siens = self.une.ordre_ids
        self.rendre(self.bon, [self.reponse(siens[0])])
        self.assertEqual((self.bon.state, self.bon.nb_attendus, self.une.state), ("transmis", 3, "ordonnancee"))
        self.assertEqual(self.rendre(self.bon, [self.reponse(ordre) for ordre in self.ordres]),
                         {"payes": 3, "rejetes": 0, "inconnus": 0, "deja_vus": 1})
        self.assertEqual((self.bon.state, self.une.state), ("execute", "payee"))

    def test_rejet_reemission_et_vieux_retour_rejoue(self):
        """Rejeté, réémis au compte alors en vigueur, payé une fois : rejouer le premier retour ne paie ni ne rejette rien."""
        perdu = self.une.ordre_ids[0]
        rangs = [self.reponse(o) for o in self.ordres - perdu] + [self.reponse(perdu, "Rejeté", motif="Compte clos")]
        self.assertEqual(self.rendre(self.bon, rangs), {"payes": 3, "rejetes": 1, "inconnus": 0, "deja_vus": 0})
        self.assertEqual((self.bon.state, perdu.motif_rejet, self.une.state), ("execute", "Compte clos", "ordonnancee"))
        self.assertIn("Compte clos", " ".join(self.une.message_ids.mapped("body")))
        neuf = self.env["res.partner.bank"].create({"acc_number": RIB, "partner_id": self.formation.partner_id.id})
        self.formation._ecrire({f"compte_{perdu.compte}_id": neuf.id})
        perdu.with_user(self.finance).action_reemettre()
        nouveau = perdu.remplacant_ids
        self.assertEqual(nouveau.rib.replace(" ", ""), RIB)
        second = self.transmettre(self.une)
        self.assertEqual(self.rendre(self.bon, rangs), {"payes": 0, "rejetes": 0, "inconnus": 0, "deja_vus": 4})
        self.assertEqual(self.rendre(self.bon, [self.reponse(nouveau)]), {"payes": 0, "rejetes": 0, "inconnus": 1, "deja_vus": 0})
        self.assertIn(f"est du lot {second.numero}", self.raisons(self.bon))
        # La banque dit soudain le rejeté payé : elle ne le paie plus ici.
        self.assertEqual(self.rendre(self.bon, [self.reponse(perdu, reference="TARD")])["inconnus"], 1)
        self.rendre(second, [self.reponse(nouveau, reference="TRN-9")])
        self.assertEqual((self.une.state, second.state), ("payee", "execute"))
        payes = self.une.ordre_ids.filtered(lambda o: o.state == "paye")
        self.assertEqual(sum(payes.mapped("montant")), self.une.net_a_payer)

    def test_rendu_apres_paiement(self):
        """Payé puis rendu : la facture rouvre, une fois ; le retour d'avant, rejoué, ne la referme pas."""
        premier = [self.reponse(ordre) for ordre in self.ordres]
        self.rendre(self.bon, premier)
        rendu = [self.reponse(self.ordres[0], "Rejeté", motif="Retour d'impayé")]
        self.assertEqual(self.rendre(self.bon, rendu)["rejetes"], 1)
        facture = self.ordres[0].facture_id
        self.assertEqual((facture.state, set(facture.feuille_ids.mapped("state"))), ("ordonnancee", {"validee"}))
        for rangs in (premier, rendu):
            self.assertEqual(self.rendre(self.bon, rangs), {"payes": 0, "rejetes": 0, "inconnus": 0, "deja_vus": len(rangs)})
        self.assertEqual((facture.state, self.ordres[0].state), ("ordonnancee", "rejete"))

    def test_lignes_douteuses(self):
        """Chaque ligne douteuse dit pourquoi ; rien n'est payé ; les bonnes du même fichier passent."""
        ailleurs = self.transmettre(self.ordonnancee()).ordre_ids[0]
        un, deux, trois, quatre = self.ordres
        hier, demain = (str(aujourd_hui() + timedelta(days=n)) for n in (-1, 1))
        titres = ("lot", *TITRES, "rib")
        lot = self.bon.numero
        cas = [
            (lot, "OP/1999/000001", 500, "payé", self.jour(), "R", "", ""),
            (lot, *self.reponse(ailleurs), ""),
            ("LP/1999/0001", *self.reponse(un), ""),
            (lot, *self.reponse(un, montant=int(un.montant) + 1), ""),
            (lot, *self.reponse(un, montant="mille"), ""),
            (lot, *self.reponse(un, "peut-être"), ""),
            (lot, *self.reponse(un, ""), ""),
            (lot, *self.reponse(un, jour=hier), ""),
            (lot, *self.reponse(un, jour=demain), ""),
            (lot, *self.reponse(un, jour="32/13/2026"), ""),
            (lot, *self.reponse(un), RIB),
            (lot, *self.reponse(deux), ""), (lot, *self.reponse(deux, "rejeté"), ""),
            (lot, *self.reponse(trois), trois.rib),
        ]
        self.assertEqual(self.rendre(self.bon, cas, titres=titres), {"payes": 1, "rejetes": 0, "inconnus": 13, "deja_vus": 0})
        self.assertEqual([o.state for o in (un, deux, trois, quatre, ailleurs)], ["transmis", "transmis", "paye", "transmis", "transmis"])
        self.assertEqual((self.bon.state, un.date_paiement, un.reference_paiement), ("transmis", False, False))
        lignes = self.bon.retour_ids.ligne_ids.filtered(lambda ligne: ligne.resultat != "paye")
        self.assertEqual([bool(ligne.raison) for ligne in lignes], [True] * 13)
        for phrase in ("Aucun ordre de ce lot", "est du lot", "La ligne est du lot", "l'ordre porte", "Montant illisible",
                       "ni payé ni rejeté", "attend encore", "n'est parti que le", "à venir", "calendrier", "ce n'est pas celui",
                       "payé et rejeté"):
            self.assertIn(phrase, self.raisons(self.bon))

    def test_illisible_ou_tronque(self):
        entier = ecrire_csv(TITRES, [self.reponse(ordre) for ordre in self.ordres])
        # Du binaire, rien, un titre seul, des colonnes manquantes, un classeur coupé : refusé d'une phrase, rien d'écrit.
        for contenu, nom in ((b"\x00\x01\x02\x03", "r.csv"), (b"", "r.csv"), (ecrire_csv(TITRES, []), "r.csv"),
                             (b"a;b\r\n1;2", "r.csv"), (ecrire_xlsx(TITRES, [self.reponse(self.ordres[0])])[:400], "r.xlsx"),
                             (entier, "r.pdf")):
            with self.subTest(nom=nom, debut=contenu[:9]), self.assertRaises(UserError):
                self.retourner(self.bon, contenu, nom)
        for fichier in (None, False, "", "ce n'est pas du base64 !", 12, ["x"]):
            with self.subTest(fichier=fichier), self.assertRaises(UserError):
                self.bon.with_user(self.finance2).importer_retour(fichier, "r.csv")
        self.assertFalse(self.bon.retour_ids)
        # Coupé n'importe où : seules les lignes entières comptent, et le fichier entier finit le travail.
        coupe = self.retourner(self.bon, entier[:-len(str(self.reponse(self.ordres[3])[-2])) - 14])
        self.assertEqual((coupe["payes"] + coupe["inconnus"], self.bon.state), (4, "transmis"))
        self.assertEqual(coupe["inconnus"], 1)
        self.assertEqual(self.retourner(self.bon, entier), {"payes": 1, "rejetes": 0, "inconnus": 0, "deja_vus": 3})
        self.assertEqual(self.bon.state, "execute")

    def test_synonymes_et_classeur(self):
        """Ce qu'écrivent les banques : d'autres titres, des montants avec espaces, des dates d'ici, un classeur."""
        jour = aujourd_hui()
        titres = ("Relevé", "N° ordre", "Montant (FCFA)", "Status", "Date d'exécution", "Transaction ID", "Raison")
        rangs = [("", o.numero.replace("/", "-"), f"{int(o.montant):,}".replace(",", " "), "SUCCESS", f"{jour:%d/%m/%Y}", f"T{o.id}", "")
                 for o in self.ordres[:3]] + [("", self.ordres[3].numero, int(self.ordres[3].montant), "Échec", "", "", "Solde")]
        retour = self.retourner(self.bon, ecrire_xlsx(titres, rangs), "retour.xlsx")
        self.assertEqual(retour, {"payes": 3, "rejetes": 1, "inconnus": 0, "deja_vus": 0})
        self.assertEqual((self.ordres[3].motif_rejet, self.ordres[0].date_paiement), ("Solde", jour))

    def test_qui_importe(self):
        rangs = [self.reponse(ordre) for ordre in self.ordres]
        for usager in (self.agent, self.superviseur, self.controleur, self.portail):
            with self.assertRaises(AccessError):
                self.rendre(self.bon, rangs, usager=usager)
        for appel in (self.bon.with_user(self.finance), self.bon.with_user(self.finance).sudo()):
            with self.assertRaisesRegex(UserError, "Quatre yeux"):
                appel.importer_retour(base64.b64encode(ecrire_csv(TITRES, rangs)).decode(), "r.csv")
        brouillon = self.lot(self.ordonnancee())
        with self.assertRaisesRegex(UserError, "à l'état « Brouillon »"):
            self.rendre(brouillon, [self.reponse(brouillon.ordre_ids[0])])

    def test_un_agent_sans_courriel_importe_quand_meme(self):
        """Vu : sans adresse de courriel, le message du fil arrêtait tout, et le retour de la banque ne s'importait pas."""
        self.finance2.partner_id.email = False
        facture = self.ordonnancee()
        lot = self.transmettre(facture)
        self.assertEqual(self.rendre(lot, [self.reponse(ordre) for ordre in lot.ordre_ids], usager=self.finance2)["payes"], 2)
        self.assertEqual((facture.state, lot.message_ids[:1].author_id), ("payee", self.finance2.partner_id))

    def test_le_retour_ne_s_ecrit_pas_a_la_main(self):
        self.rendre(self.bon, [self.reponse(self.ordres[0])])
        retour = self.bon.retour_ids
        for cible, valeurs in ((retour, {"payes": 9}), (retour, {"nom": "x"}), (retour.ligne_ids, {"resultat": "rejete"}),
                               (retour.ligne_ids, {"montant": 1}), (retour, {"ligne_ids": [(1, retour.ligne_ids.id, {"montant": 1})]}),
                               (self.bon, {"retour_ids": [(1, retour.id, {"payes": 9})]})):
            for usager in (self.finance2, self.tout):
                for appel in (cible.with_user(usager), cible.with_user(usager).sudo()):
                    with self.subTest(cible=cible, valeurs=valeurs), self.assertRaises(UserError):
                        appel.with_context(install_mode=True).write(valeurs)
        for modele, valeurs in (("cnas.retour_paiement", {"lot_id": self.bon.id, "nom": "x", "empreinte": "x"}),
                                ("cnas.retour_paiement.ligne", {"retour_id": retour.id, "resultat": "paye"})):
            for appel in (self.env[modele].with_user(self.tout), self.env[modele].with_user(self.tout).sudo()):
                with self.assertRaises(UserError):
                    appel.create(valeurs)
        for cible in (retour, retour.ligne_ids):
            with self.assertRaises(UserError):
                cible.with_user(self.tout).sudo().unlink()

    def test_une_reponse_une_fois_en_base(self):
        self.rendre(self.bon, [self.reponse(self.ordres[0])])
        ligne = self.bon.retour_ids.ligne_ids
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.UniqueViolation), self.env.cr.savepoint():
            self.env[ligne._name].sudo()._creer([{c: ligne[c] for c in ("numero", "ordre", "verdict", "montant", "date", "reference", "resultat")}
                                 | {"retour_id": ligne.retour_id.id, "ordre_id": ligne.ordre_id.id}])

    def test_execution_sans_fichier_puis_fichier(self):
        """Constaté d'un bloc, puis le fichier arrive : tout est déjà vu, et une autre référence se signale."""
        self.bon.with_user(self.finance2).action_executer(self.jour(), "AVIS-1")
        self.assertEqual((self.bon.state, self.bon.reference, self.une.reference_paiement), ("execute", "AVIS-1", "AVIS-1"))
        self.assertEqual(self.rendre(self.bon, [self.reponse(o) for o in self.ordres]),
                         {"payes": 0, "rejetes": 0, "inconnus": 0, "deja_vus": 4})
        self.assertEqual(len(self.bon.retour_ids.ligne_ids.filtered("raison")), 4, "l'alerte se garde, rien n'ayant été payé")
        self.assertIn("parti deux fois", self.raisons(self.bon))
        self.rendre(self.bon, [self.reponse(o) for o in self.ordres])
        self.assertEqual(len(self.bon.retour_ids), 1, "une fois")

    def test_paye_deux_fois_dans_un_fichier(self):
        """La banque dit deux paiements d'un ordre, deux références : le second ne compte pas, et se signale ; redit mot pour mot, non."""
        un, deux, *_autres = self.ordres
        rangs = [self.reponse(un, reference="A"), self.reponse(un, reference="B"), self.reponse(deux), self.reponse(deux)]
        self.assertEqual(self.rendre(self.bon, rangs), {"payes": 2, "rejetes": 0, "inconnus": 0, "deja_vus": 2})
        self.assertEqual(un.reference_paiement, "A")
        self.assertEqual(self.bon.retour_ids.ligne_ids.filtered("raison").mapped("reference"), ["B"])
        self.assertIn("parti deux fois", self.raisons(self.bon))

    def test_sans_date_ni_reference_rien_ne_se_compare(self):
        """Un opérateur qui ne dit ni jour ni référence redit le lendemain ses paiements : ce n'est pas un second paiement."""
        titres, rangs = ("ordre", "montant", "statut"), [(o.numero, int(o.montant), "payé") for o in self.ordres]
        self.assertEqual(self.rendre(self.bon, rangs[:2], titres=titres)["payes"], 2)
        with freeze_time(aujourd_hui() + timedelta(days=1)):
            self.assertEqual(self.rendre(self.bon, rangs, titres=titres), {"payes": 2, "rejetes": 0, "inconnus": 0, "deja_vus": 2})
        self.assertFalse(self.raisons(self.bon))

    def test_rejets_a_la_main_closent_le_lot(self):
        self.ordres.with_user(self.finance).action_rejeter_banque("Fichier refusé")
        self.assertEqual((self.bon.state, self.bon.nb_rejetes, self.bon.reference), ("execute", 4, False))

    def test_assistant(self):
        action = self.bon.with_user(self.finance2).action_ouvrir_retour()
        fichier = base64.b64encode(ecrire_csv(TITRES, [self.reponse(o) for o in self.ordres]))
        for attendu in ("cnas.retour_paiement", None):
            resultat = self.env[action["res_model"]].with_user(self.finance2).create(
                {"lot_id": self.bon.id, "fichier": fichier, "nom": "r.csv"}).action_importer()
            self.assertEqual(resultat.get("res_model"), attendu)


@tagged("post_install", "-at_install", "cnas")
class TestCasDePaiement(CommunLots):
    """Les cas du terrain, et les bornes de date."""

    def test_cas_26_t59_rib_change_apres_l_envoi(self):
        """Deux factures, un lot, RIB changé et approuvé, la banque confirme tout : tout est payé une fois, au compte de l'ordre."""
        facture, autre = self.ordonnancee(), self.ordonnancee()
        lot = self.transmettre(facture | autre)
        ancien = autre.ordre_ids.filtered(lambda o: o.compte == "principal").rib
        self.env["cnas.demande_rib"].with_user(self.agent).create({
            "formation_id": self.formation.id, "rib_nouveau": RIB, "justification": "Changement de banque"}).with_user(
                self.agent2).action_valider()
        rangs = [self.reponse(ordre) for ordre in lot.ordre_ids]
        with self.assertRaisesRegex(UserError, "à l'état"):
            lot.ordre_ids.with_user(self.finance).action_reemettre()
        self.assertEqual(self.rendre(lot, rangs)["payes"], 4)
        self.assertEqual(set((facture | autre).mapped("state")), {"payee"})
        self.assertIn(ancien, " ".join(autre.message_ids.mapped("body")))
        self.assertEqual(autre.ordre_ids.filtered(lambda o: o.compte == "principal").rib, ancien)
        with self.assertRaisesRegex(UserError, "à l'état"):
            lot.ordre_ids.with_user(self.finance).action_reemettre()
        self.assertEqual(sum((facture | autre).ordre_ids.mapped("montant")), facture.net_a_payer + autre.net_a_payer)

    def test_compte_mobile_ferme_apres_l_ordre(self):
        """Rien de ce qui arrive au compte de l'assuré ne bloque ni ne déroute un ordre émis."""
        facture = self.rembourser("Mobile", "66112233")
        facture.ordre_ids.compte_paiement_id.with_user(self.superviseur2).action_fermer("Téléphone volé")
        lot = self.transmettre(facture)
        self.assertEqual(self.rendre(lot, [self.reponse(facture.ordre_ids)])["payes"], 1)
        self.assertEqual((facture.state, facture.ordre_ids.telephone), ("payee", "+235 66 11 22 33"))

    def test_exercice(self):
        """Un ordre du 1er janvier ne se paie pas le 31 décembre ; un ordre de décembre se paie en janvier."""
        annee = aujourd_hui().year + 1
        with freeze_time(f"{annee - 1}-12-30 09:00:00"):
            vieille = self.ordonnancee()
        with freeze_time(f"{annee}-01-01 09:00:00"):
            facture = self.ordonnancee()
            lot = self.transmettre(facture | vieille)
            veille = str(date(annee - 1, 12, 31))
            with self.assertRaisesRegex(UserError, "n'est parti que le 01/01"):
                lot.with_user(self.finance2).action_executer(veille, "V")
            self.assertEqual(self.rendre(lot, [self.reponse(o, jour=veille) for o in lot.ordre_ids])["inconnus"], 4)
            self.assertEqual(self.rendre(lot, [self.reponse(o, jour=f"{annee}-01-01") for o in lot.ordre_ids])["payes"], 4)
            self.assertEqual({o.numero[:8] for o in facture.ordre_ids}, {f"OP/{annee}/"})
            hors_lot = self.ordonnancee()
            with self.assertRaisesRegex(UserError, "pas pu être payée avant"):
                hors_lot.with_user(self.finance2).action_payer(veille, "V")

    def test_parcours_a_quatre(self):
        """Préparateur, signataire, ordonnateur, importateur : la banque rejette un ordre, l'opérateur un autre, réémis puis payés."""
        importateur = self.tout
        banque = self.ordonnancee()
        airtel, moov = self.rembourser("Airtel", "66112233"), self.rembourser("Moov", "99112233", "moov")
        factures = banque | airtel | moov
        action = factures.ordre_ids.with_user(self.finance2).action_creer_lot()
        lots = self.env["cnas.lot_paiement"].search(action["domain"])
        lots.with_user(self.signataire).action_signer()
        lots.with_user(self.finance2).action_transmettre()
        rejetes = banque.ordre_ids[0] | airtel.ordre_ids
        for lot in lots:
            rangs = [self.reponse(o, "Rejeté" if o in rejetes else "Payé", motif="Compte fermé" if o in rejetes else "") for o in lot.ordre_ids]
            self.rendre(lot, rangs, usager=importateur)
        self.assertEqual((set(lots.mapped("state")), banque.state, airtel.state, moov.state),
                         ({"execute"}, "ordonnancee", "ordonnancee", "payee"))
        neuf = self.compte_a_jour(airtel.assure_id)
        rejetes.with_user(self.finance).action_reemettre()
        self.assertEqual(airtel.ordre_ids.filtered(lambda o: o.state == "emis").telephone, neuf)
        action = (banque | airtel).ordre_ids.filtered(lambda o: o.state == "emis").with_user(self.finance2).action_creer_lot()
        seconds = self.env["cnas.lot_paiement"].search(action["domain"])
        seconds.with_user(self.signataire).action_signer()
        seconds.with_user(self.finance2).action_transmettre()
        for lot in seconds:
            self.rendre(lot, [self.reponse(o, reference="R2") for o in lot.ordre_ids], usager=importateur)
        self.assertEqual(set(factures.mapped("state")), {"payee"})
        payes = factures.ordre_ids.filtered(lambda o: o.state == "paye")
        self.assertEqual(sum(payes.mapped("montant")), sum(factures.mapped("net_a_payer")))

    def compte_a_jour(self, assure):
        """L'assuré change de numéro : le nouveau paie, l'ancien finit ; rend le nouveau numéro."""
        with freeze_time(aujourd_hui() - timedelta(days=4)):
            self.env["cnas.compte_paiement"].search([("assure_id", "=", assure.id)]).with_user(self.superviseur2).action_fermer("Perdu")
        return self.compte_actif(assure, "66445566").numero


@tagged("post_install", "-at_install", "cnas")
class TestLotEnNombre(CommunLots):
    """Un lot de 5 000 ordres coûte les requêtes d'un petit, à l'unité d'écriture près."""

    def _factures(self, nombre):
        """Rend des remboursements ordonnancés à un ordre chacun, recopiés en base de celui d'un assuré."""
        modele = self.rembourser(f"Lot{nombre}", f"66{nombre:06d}")
        self.env.flush_all()
        cr = self.env.cr
        for table, jointure, propres in (
                ("cnas_facture", "", {"numero": "'LOT-%s-' || g" % nombre}),
                ("cnas_ordre_paiement", "JOIN cnas_facture f ON f.numero = 'LOT-%s-' || g" % nombre,
                 {"numero": "'OP/LOT/%s/' || g" % nombre, "facture_id": "f.id"})):
            cr.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'", (table,))
            colonnes = [nom for nom, in cr.fetchall()]
            valeurs = ", ".join(propres.get(nom, f't."{nom}"') for nom in colonnes)
            source = modele if table == "cnas_facture" else modele.ordre_ids
            cr.execute(f"""INSERT INTO {table} ({", ".join(f'"{nom}"' for nom in colonnes)})
                SELECT {valeurs} FROM {table} t CROSS JOIN generate_series(1, {nombre}) g {jointure} WHERE t.id = %s""", (source.id,))
        self.env.invalidate_all()
        return self.factures.search([("numero", "=like", f"LOT-{nombre}-%")])

    def _mesurer(self, nombre):
        """Rend {étape: requêtes} d'un lot de `nombre` ordres, préparé, signé, transmis, payé et rejeté par un retour."""
        factures, mesures = self._factures(nombre), {}
        ordres = factures.ordre_ids.browse(factures.ordre_ids.ids)  # comme un appel de dehors : des identifiants
        mesures["preparer"] = self.requetes(lambda: ordres.with_user(self.finance2).action_creer_lot())
        lot = ordres.lot_id.browse(ordres.lot_id.ids)
        mesures["signer"] = self.requetes(lambda: lot.with_user(self.signataire).action_signer())
        mesures["transmettre"] = self.requetes(lambda: lot.with_user(self.finance2).action_transmettre())
        contenu = ecrire_csv(TITRES, [self.reponse(o, "Rejeté" if rang % 10 == 0 else "Payé", reference=f"T{rang}", motif=f"M{rang}")
                                      for rang, o in enumerate(ordres)])
        mesures["importer"] = self.requetes(lambda: self.retourner(lot, contenu))
        mesures["rejouer"] = self.requetes(lambda: self.assertEqual(self.retourner(lot, contenu)["deja_vus"], nombre))
        self.assertEqual((lot.state, lot.nb_rejetes), ("execute", nombre // 10))
        self.assertEqual(len(factures.filtered(lambda f: f.state == "payee")), nombre - nombre // 10)
        return mesures

    def test_cinq_mille(self):
        petit, grand = self._mesurer(100), self._mesurer(5000)
        for etape, requetes in grand.items():
            # Odoo lit par 1 000 et insère par 100 : une requête de plus pour dix ordres serait déjà trop.
            with self.subTest(etape=etape, petit=petit[etape], grand=requetes):
                self.assertLess(requetes - petit[etape], 490)
