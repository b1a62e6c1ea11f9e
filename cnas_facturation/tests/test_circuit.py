from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import tagged

from .commun_facture import CommunFacture

# action → (arguments, état de départ, rôles permis)
ACTIONS = {
    "action_soumettre": ((), "brouillon", ("agent", "controleur", "superviseur", "portail")),
    "action_controler": ((), "soumise", ("controleur", "superviseur")),
    "action_valider": ((), "controle", ("superviseur",)),
    "action_ordonnancer": ((), "validee", ("finance",)),
    "action_payer": (("2026-11-21", "VIR"), "ordonnancee", ("finance",)),
    "action_rejeter": (("Motif",), "soumise", ("controleur", "superviseur")),
    "action_contre_passer": (("Motif",), "validee", ("superviseur",)),
    "action_annuler_ordonnancement": (("Motif",), "ordonnancee", ("finance",)),
}
ROLES = ("agent", "controleur", "medecin", "superviseur", "finance", "portail")
ETAPES = {"brouillon": "preparee", "soumise": "soumise", "controle": "en_controle", "validee": "validee",
          "ordonnancee": "ordonnancee", "payee": "payee"}


@tagged("post_install", "-at_install", "cnas")
class TestCircuit(CommunFacture):
    """Chaque transition × chaque rôle × chaque état ; write et create ne contournent rien."""

    def _appeler(self, facture, action, usager):
        arguments = ACTIONS[action][0]
        if action == "action_payer":
            arguments = (self.jour(), "VIR")
            # Qui ordonnance ne paie pas.
            usager = self.finance2 if usager == self.finance else usager
        return getattr(facture.with_user(usager), action)(*arguments)

    def test_circuit_entier_par_les_vraies_actions(self):
        """Import, contrôle par les règles, validation, ordonnancement, paiement : tout rend True."""
        feuille = self.feuille()
        facture = self.preparee(feuilles=feuille)
        self.assertIs(facture.with_user(self.agent2).action_soumettre(), True)
        self.assertIs(facture.with_user(self.controleur).action_controler(), True)
        self.assertEqual(facture.state, "controle")
        self.assertEqual(feuille.state, "validee")
        self.assertTrue(facture.montant_cnas)
        self.assertEqual(facture.montant_cnas, feuille.montant_cnas)
        self.assertEqual(facture.montant_pharmacie, sum(
            ligne.montant_cnas for ligne in feuille.ligne_ids if ligne.type_prestation == "medicament"))
        self.assertEqual(facture.montant_soins + facture.montant_pharmacie, facture.montant_cnas)
        self.assertIs(facture.with_user(self.superviseur).action_valider(), True)
        self.assertIs(facture.with_user(self.finance).action_ordonnancer(), True)
        self.assertIs(facture.with_user(self.finance2).action_payer(self.jour(), "VIR-77"), True)
        self.assertEqual((facture.state, feuille.state), ("payee", "payee"))
        self.assertEqual(facture.reference_paiement, "VIR-77")

    def test_role_de_chaque_action(self):
        for action, (_arguments, etat, permis) in ACTIONS.items():
            facture = getattr(self, ETAPES[etat])()
            for role in ROLES:
                if role in permis:
                    continue
                with self.subTest(action=action, role=role), self.assertRaises(AccessError):
                    self._appeler(facture, action, getattr(self, role))
            self.assertEqual(facture.state, etat)
            bon = self.portail if permis[-1] == "portail" else getattr(self, permis[-1])
            self.assertIs(self._appeler(facture, action, bon), True)
            self.assertNotEqual(facture.state, etat)
            self._liberer(facture)

    def _liberer(self, facture):
        """Vide le mois pour l'essai suivant."""
        feuilles = facture.feuille_ids
        feuilles._ecrire({"facture_id": False})
        feuilles._ecrire({"state": "annulee"})

    def test_etat_de_chaque_action(self):
        facture = self.preparee()
        etapes = (
            ("brouillon", lambda: facture.with_user(self.agent2).action_soumettre()),
            ("soumise", lambda: (self.decider(facture.feuille_ids),
                                 facture.with_user(self.controleur).action_controler())),
            ("controle", lambda: facture.with_user(self.superviseur).action_valider()),
            ("validee", lambda: facture.with_user(self.finance).action_ordonnancer()),
            ("ordonnancee", lambda: facture.with_user(self.finance2).action_payer(self.jour(), "V")),
            ("payee", lambda: None),
        )
        permises = {
            "action_controler": {"soumise", "controle"}, "action_rejeter": {"soumise", "controle"},
        }
        for etat, avancer in etapes:
            self.assertEqual(facture.state, etat)
            for action, (_arguments, depart, roles) in ACTIONS.items():
                if etat in permises.get(action, {depart}):
                    continue
                usager = getattr(self, roles[0] if roles[0] != "agent" else "agent2")
                with self.subTest(etat=etat, action=action), self.assertRaises(UserError):
                    self._appeler(facture, action, usager)
            avancer()

    def test_write_ne_contourne_rien(self):
        facture = self.en_controle()
        for usager in (self.agent, self.controleur, self.superviseur, self.finance, self.tout):
            for valeurs in ({"state": "validee"}, {"state": "controle"}, {"state": "payee"}, {"montant_cnas": 1}, {"net_a_payer": 1},
                            {"validateur_id": usager.id}, {"premier_validateur_id": False, "date_paiement": "2026-11-01"},
                            {"preparateur_id": usager.id}, {"nb_non_decidees": 4}, {"montant_pharmacie": 3}):
                with self.subTest(usager=usager.login, valeurs=valeurs), self.assertRaises(UserError):
                    facture.with_user(usager).with_context(cnas_verrou=True, cnas_facturation=True).write(valeurs)

    def test_identite_fixe(self):
        facture = self.preparee()
        for valeurs in ({"formation_id": self.autre_formation.id}, {"periode": "2026-10-01"}, {"mode": "remboursement"}):
            with self.subTest(valeurs=valeurs), self.assertRaises(UserError):
                facture.with_user(self.agent2).write(valeurs)
        facture.with_user(self.agent2).write({"numero_formation": "F-12", "montant_declare": 9000})
        self.assertEqual(facture.ecart_declare, 9000 - facture.montant_facture)

    def test_cas_27_t60_facture_papier_presentee_une_seule_fois(self):
        """Le même numéro de la formation ne revient ni un autre mois ni autrement écrit ; rejetée, elle se représente."""
        premiere = self.preparee()
        premiere.with_user(self.agent2).write({"numero_formation": "FAC-014/2026"})
        mois_avant, an_dernier = (self.factures.with_user(self.agent2).create({
            "formation_id": premiere.formation_id.id, "periode": premiere.periode - delai,
        }) for delai in (relativedelta(months=1), relativedelta(months=13)))
        for numero in ("FAC-014/2026", "fac 14 / 2026"):
            with self.subTest(numero=numero), self.assertRaisesRegex(ValidationError, premiere.numero):
                mois_avant.with_user(self.agent2).write({"numero_formation": numero})
        mois_avant.with_user(self.agent2).write({"numero_formation": "FAC-013/2026"})
        an_dernier.with_user(self.agent2).write({"numero_formation": "FAC-014/2026"})
        premiere.with_user(self.agent2).action_soumettre()
        premiere.with_user(self.controleur).action_rejeter("Illisible")
        mois_avant.with_user(self.agent2).write({"numero_formation": "FAC-014/2026"})

    def test_suppression_et_copie_refusees(self):
        facture = self.preparee()
        with self.assertRaises(UserError):
            facture.with_user(self.tout).unlink()
        with self.assertRaises(UserError):
            facture.with_user(self.agent).copy()

    def test_quatre_yeux_validation(self):
        facture = self.preparee(usager=self.superviseur)
        facture.with_user(self.superviseur2).action_soumettre()
        self.decider(facture.feuille_ids)
        facture.with_user(self.controleur).action_controler()
        for usager in (self.superviseur, self.superviseur2):
            self.assertFalse(facture.with_user(usager).peut_valider)
            with self.subTest(usager=usager.login), self.assertRaisesRegex(UserError, "Quatre yeux"):
                facture.with_user(usager).action_valider()
        self.assertTrue(facture.with_user(self.tout).peut_valider)
        facture.with_user(self.tout).action_valider()
        self.assertEqual(facture.validateur_id, self.tout)

    def test_administrateur_ne_s_echappe_pas(self):
        facture = self.preparee(usager=self.tout)
        facture.with_user(self.tout).action_soumettre()
        self.decider(facture.feuille_ids)
        facture.with_user(self.tout).action_controler()
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            facture.with_user(self.tout).action_valider()
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            facture.with_user(self.tout).sudo().action_valider()
        facture.with_user(self.superviseur).action_valider()
        facture2 = self.validee_par_tout()
        self.assertFalse(facture2.with_user(self.tout).peut_ordonnancer)
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            facture2.with_user(self.tout).action_ordonnancer()

    def validee_par_tout(self):
        self.feuille()
        facture = self.preparee(feuilles=self.feuilles)
        facture.with_user(self.agent2).action_soumettre()
        self.decider(facture.feuille_ids)
        facture.with_user(self.controleur).action_controler()
        facture.with_user(self.tout).action_valider()
        return facture

    def test_saisisseur_de_feuille_ne_valide_pas(self):
        assure = self.creer_assure("Saisi", "1980-01-01")
        self.importer(self.dossier("SAI-1", matricule=assure.matricule), user=self.superviseur)
        facture = self.preparee(feuilles=self.feuilles)
        facture.with_user(self.agent2).action_soumettre()
        self.decider(facture.feuille_ids)
        facture.with_user(self.controleur).action_controler()
        with self.assertRaisesRegex(UserError, "saisi une feuille"):
            facture.with_user(self.superviseur).action_valider()
        self.assertIs(facture.with_user(self.superviseur2).action_valider(), True)

    def test_feuille_non_decidee_bloque(self):
        facture = self.en_controle(nombre=3)
        for etat in ("deposee", "instance", "controle", "avis_medical"):
            facture.feuille_ids[0]._ecrire({"state": etat})
            with self.subTest(etat=etat), self.assertRaisesRegex(UserError, "ne sont pas décidées"):
                facture.with_user(self.superviseur).action_valider()
            self.assertIn("ne sont pas décidées", facture.with_user(self.superviseur).raisons_actions)
        facture.feuille_ids[0]._ecrire({"state": "rejetee"})
        self.decider(facture.feuille_ids[0], "rejetee")
        facture.with_user(self.superviseur).action_valider()
        self.assertEqual(facture.montant_rejete, facture.feuille_ids[0].montant_facture)

    def test_seconde_validation_au_dessus_du_seuil(self):
        self.env["cnas.parametre"]._dater("seuil_seconde_validation", 1000, date(2019, 1, 1))
        facture = self.en_controle()
        self.assertIs(facture.with_user(self.superviseur).action_valider(), True)
        self.assertEqual((facture.state, facture.premier_validateur_id), ("controle", self.superviseur))
        self.assertFalse(facture.decompte_ids)
        with self.assertRaisesRegex(UserError, "Quatre yeux.*Première validation"):
            facture.with_user(self.superviseur).action_valider()
        facture.with_user(self.superviseur2).action_valider()
        self.assertEqual((facture.state, facture.validateur_id), ("validee", self.superviseur2))
        for usager in (self.superviseur, self.superviseur2):
            usager.groups_id |= self.env.ref("cnas_base.group_finance")
            with self.assertRaisesRegex(UserError, "Quatre yeux"):
                facture.with_user(usager).action_ordonnancer()

    def test_seuil_de_seconde_validation_atteint_au_franc(self):
        """La seconde validation se doit dès que la part CNAS atteint le seuil, pas seulement au-dessus."""
        facture = self.en_controle()
        jour, dater = fields.Date.context_today(facture), self.env["cnas.parametre"]._dater
        dater("seuil_seconde_validation", str(int(facture.montant_cnas)), jour)
        facture.with_user(self.superviseur).action_valider()
        self.assertEqual((facture.state, facture.premier_validateur_id), ("controle", self.superviseur))
        self.feuille()
        autre = self.en_controle(feuilles=self.feuilles)
        dater("seuil_seconde_validation", str(int(autre.montant_cnas) + 1), jour)
        autre.with_user(self.superviseur).action_valider()
        self.assertEqual(autre.state, "validee")

    def test_feuilles_gelees_apres_validation(self):
        for etape in ("validee", "ordonnancee", "payee"):
            facture = getattr(self, etape)()
            feuille = facture.feuille_ids[0]
            ligne = feuille.ligne_ids[0]
            tentatives = (
                lambda f=feuille: f.with_user(self.superviseur).write({"urgence": True}),
                lambda f=feuille: f.with_user(self.superviseur).action_annuler("Erreur"),
                lambda f=feuille: f._ecrire({"state": "rejetee"}),
                lambda f=feuille: f.with_user(self.controleur)._controler(),
                lambda n=ligne: n._ecrire({"montant_cnas": 1}),
                lambda n=ligne: n.with_user(self.controleur).write({"quantite_revue": 1, "motif_revue": "x"}),
                lambda n=ligne: n._supprimer(),
                lambda f=feuille: self.env["cnas.feuille_soin.ligne"]._creer([{
                    "feuille_id": f.id, "prestation_id": self.acte.prestation_id.id, "quantite": 1,
                    "prix_unitaire": 5}]),
                lambda f=facture: f.with_user(self.superviseur).action_retirer_feuilles(f.feuille_ids[:1].ids, "x"),
                lambda f=facture: f.with_user(self.agent).action_reporter_instances(),
                lambda f=facture: f.with_user(self.agent).write({"montant_declare": 1}),
                lambda f=facture: f.with_user(self.superviseur).action_annuler("x"),
            )
            avant = facture.read(["montant_cnas", "net_a_payer", "montant_facture"])
            for rang, tentative in enumerate(tentatives):
                with self.subTest(etape=etape, rang=rang), self.assertRaises(UserError):
                    tentative()
            facture._actualiser_montants()
            self.assertEqual(facture.read(["montant_cnas", "net_a_payer", "montant_facture"]), avant)

    def test_seul_le_paiement_mene_une_feuille_gelee(self):
        """Ouvrir d'autres champs d'une feuille gelée ne l'ouvre pas ; l'écran dit pourquoi elle ne s'annule pas."""
        feuille = self.validee().feuille_ids[0]
        for valeurs in ({"state": "payee", "completude": "incomplet"}, {"state": "annulee"}, {"montant_cnas": 0}):
            with self.subTest(valeurs=valeurs), self.assertRaisesRegex(UserError, "gelées"):
                feuille._ecrire(valeurs)
        with self.assertRaisesRegex(UserError, "gelées"):
            feuille.write({"state": "payee"})
        self.assertIn("gelées", feuille.with_user(self.superviseur).raison_annuler)

    def test_feuille_annulee_quitte_la_facture(self):
        facture = self.soumise(nombre=2)
        facture.feuille_ids[0].with_user(self.superviseur).action_annuler("Doublon papier")
        self.assertEqual(facture.nb_feuilles, 1)

    def test_retirer_une_feuille_depuis_la_liste(self):
        facture = self.soumise(nombre=2)
        feuille = facture.feuille_ids[0]
        with self.assertRaises(AccessError):
            feuille.with_user(self.agent2).action_retirer_facture("Doublon")
        self.assertEqual(feuille.with_user(self.controleur).action_retirer_facture()["res_model"], "cnas.motif.wizard")
        self.assertIs(feuille.with_user(self.controleur).action_retirer_facture("Doublon"), True)
        self.assertEqual((facture.nb_feuilles, feuille.facture_id.id), (1, False))

    def test_motif_vide_rend_l_assistant(self):
        facture = self.soumise()
        for motif in (None, "", "   "):
            action = facture.with_user(self.controleur).action_rejeter(motif)
            self.assertEqual(action["res_model"], "cnas.motif.wizard")
        self.assertEqual(facture.state, "soumise")

    def test_facture_vide_ne_se_soumet_pas(self):
        facture = self.factures.with_user(self.agent).create({"formation_id": self.formation.id, "periode": "2026-10-01"})
        with self.assertRaisesRegex(UserError, "aucune feuille"):
            facture.action_soumettre()

    def test_controleur_ne_voit_pas_le_bouton_du_superviseur(self):
        facture = self.en_controle()
        self.assertFalse(facture.with_user(self.controleur).peut_valider)
        self.assertTrue(facture.with_user(self.superviseur).peut_valider)
