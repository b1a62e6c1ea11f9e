from random import Random
from xmlrpc.client import dumps

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .commun_feuille import PDF, CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestImporter(CommunFeuille):

    def test_accepte_et_depose(self):
        resultat = self.importer(self.dossier())[0]
        self.assertEqual(resultat["erreurs"], [])
        self.assertEqual(resultat["state"], "deposee")
        self.assertEqual(resultat["numero"], "TST-2026-000001")
        feuille = self.feuilles.browse(resultat["id"])
        self.assertEqual(feuille.montant_facture, 2700)
        self.assertEqual(feuille.etat_droits, "ouverts")
        self.assertEqual(feuille.completude, "complet")
        self.assertEqual(feuille.nature, "ordinaire")
        self.assertEqual(feuille.saisie_par_id, self.agent)
        self.assertEqual(feuille.pathologie_id, self.palu)

    def test_rejouer_ne_cree_rien(self):
        envoi = [self.dossier(f"R-{n}") for n in range(5)]
        premier = self.importer(*envoi)
        avant = self.feuilles.search_count([])
        self.assertEqual(self.importer(*envoi), premier)
        self.assertEqual(self.feuilles.search_count([]), avant)

    def test_meme_reference_autre_contenu(self):
        self.importer(self.dossier())
        resultat = self.importer(self.dossier(urgence=True))[0]
        self.assertFalse(resultat["id"])
        self.assertIn("déjà prise", resultat["erreurs"][0])

    def test_l_ecart_se_dit_et_se_corrige(self):
        premiere = self.importer(self.dossier())[0]
        refus = self.importer(self.dossier(urgence=True))[0]["erreurs"]
        self.assertIn("Ce qui diffère : Urgence.", refus[1])
        self.assertIn(f"« remplace » : « {premiere['numero']} »", refus[1])
        envoi = self.dossier(urgence=True, remplace=premiere["numero"])
        corrigee = self.importer(envoi)[0]
        self.assertEqual((corrigee["erreurs"], corrigee["state"]), ([], "deposee"))
        ancienne = self.feuilles.browse(premiere["id"])
        self.assertEqual((ancienne.state, ancienne.motif_decision), ("annulee", "Corrigée et renvoyée"))
        self.assertEqual(self.importer(envoi)[0], corrigee, "rejouer ne crée rien")
        retour = self.importer(self.dossier(remplace=corrigee["numero"]))[0]
        self.assertEqual((retour["erreurs"], self.feuilles.browse(corrigee["id"]).state), ([], "annulee"), "on revient au premier contenu")

    def test_l_ecart_se_dit_par_lots_et_tait_le_diagnostic(self):
        self.importer(*(self.dossier(f"R-{n}") for n in range(30)))
        peu, beaucoup = (self.requetes(lambda n=n: self.importer(*(self.dossier(f"R-{i}", urgence=True) for i in range(n))))
                         for n in (3, 30))
        self.assertEqual(peu, beaucoup)
        for usager, dit in ((self.agent, False), (self.superviseur, True)):
            refus = self.importer(self.dossier("R-1", pathologie="X98.7"), user=usager)[0]["erreurs"][1]
            self.assertEqual("Diagnostic (CIM-10)" in refus, dit, usager.login)

    def test_on_ne_remplace_que_la_sienne_non_controlee(self):
        premiere = self.importer(self.dossier())[0]
        feuille = self.feuilles.browse(premiere["id"])
        for numero, phrase in (("INCONNU-1", "n'est pas une feuille de cette formation"), (12, "doit être un texte")):
            self.assertIn(phrase, self.importer(self.dossier("R-9", remplace=numero))[0]["erreurs"][0])
        deux = self.importer(*(self.dossier(reference, remplace=premiere["numero"]) for reference in ("R-2", "R-3")))
        self.assertEqual([bool(resultat["id"]) for resultat in deux], [True, False], "une seule la remplace")
        self.assertEqual(feuille.state, "annulee")
        controlee = self.feuilles.browse(deux[0]["id"])
        controlee.with_user(self.controleur).action_controler()
        refus = self.importer(self.dossier("R-4", remplace=controlee.numero))[0]
        self.assertTrue(refus["erreurs"] and not refus["id"])
        self.assertNotEqual(controlee.state, "annulee")

    def test_la_formation_retire_sa_feuille(self):
        usager = new_test_user(self.env, "t_retire", groups="cnas_base.group_portail_formation")
        self.formation.sudo()._ecrire({"user_ids": [(4, usager.id)]})
        deposee, controlee = (self.feuilles.browse(self.importer(self.dossier(r))[0]["id"]) for r in ("R-1", "R-2"))
        controlee.with_user(self.controleur).action_controler()
        with self.assertRaises(UserError):
            controlee.with_user(usager).action_retirer("Erreur")
        self.assertEqual(deposee.with_user(usager).action_retirer()["res_model"], "cnas.motif.wizard")
        self.assertIs(deposee.with_user(usager).action_retirer("Envoyée deux fois"), True)
        self.assertEqual((deposee.state, deposee.motif_decision, deposee.decidee_par_id), ("annulee", "Envoyée deux fois", usager))
        autre = new_test_user(self.env, "t_retire_autre", groups="cnas_base.group_portail_formation")
        encore = self.feuilles.browse(self.importer(self.dossier("R-5"))[0]["id"])
        with self.assertRaises(AccessError):
            encore.with_user(autre).action_retirer("Pas la mienne")

    def test_doublon_dans_le_meme_envoi(self):
        un, deux, trois = self.importer(self.dossier(), self.dossier(), self.dossier(urgence=True))
        self.assertEqual(un["id"], deux["id"])
        self.assertFalse(trois["id"])
        self.assertTrue(trois["erreurs"])

    def test_lot_mixte(self):
        mauvais = self.dossier("R-2", matricule="INCONNU")
        un, deux, trois = self.importer(self.dossier("R-1"), mauvais, self.dossier("R-3"))
        self.assertTrue(un["id"] and trois["id"])
        self.assertEqual(deux, {**deux, "id": False, "numero": False, "state": False, "reference": "R-2"})
        self.assertEqual([un["numero"], trois["numero"]], ["TST-2026-000001", "TST-2026-000002"])

    def test_refus(self):
        """Chaque entrée fausse est refusée par une phrase, et rien n'est écrit."""
        ligne = {"prestation": "T-ACT-1", "quantite": 1, "prix_unitaire": 1500}
        cas = [
            {"reference": None}, {"reference": 12}, {"reference": "x" * 65}, {"reference": "a\x00b"},
            {"formation": "ABSENTE"}, {"formation": ["T-CS-01"]}, {"matricule": False}, {"matricule": 3.5},
            {"date_soins": "2026-02-30"}, {"date_soins": "12/11/2026"}, {"date_soins": "2027-01-01"},
            {"date_soins": 20261110}, {"date_soins": "0001-01-01"}, {"date_depot": "2026-11-01"},
            {"date_depot": "2099-01-01"}, {"date_fin_soins": "2099-01-01"}, {"pathologie": ""},
            {"pathologie": "XXX"}, {"praticien": "inconnu"}, {"agence": "inconnue"}, {"entente": "EP-0"},
            {"urgence": "oui"}, {"type_soins": "dentaire"}, {"mode": 1}, {"total": "2700"}, {"total": -1},
            {"lignes": []}, {"lignes": "T-ACT-1"}, {"lignes": None}, {"lignes": [ligne] * 201}, {"lignes": [[]]},
            {"lignes": [{**ligne, "quantite": 0}]}, {"lignes": [{**ligne, "quantite": -2}]},
            {"lignes": [{**ligne, "quantite": "1"}]}, {"lignes": [{**ligne, "quantite": 1.5}]},
            {"lignes": [{**ligne, "quantite": True}]}, {"lignes": [{**ligne, "quantite": 10 ** 12}]},
            {"lignes": [{**ligne, "prix_unitaire": -1}]}, {"lignes": [{**ligne, "prix_unitaire": None}]},
            {"lignes": [{**ligne, "prix_unitaire": float("nan")}]},
            {"lignes": [{**ligne, "prix_unitaire": float("inf")}]},
            {"lignes": [{**ligne, "prestation": "INCONNUE"}]}, {"lignes": [{**ligne, "prestation": {}}]},
            {"pieces": "x"}, {"pieces": [{"type": "ORDONNANCE", "nom": "a.pdf", "contenu": "pas du base64 !"}]},
            {"pieces": [{"type": "ORDONNANCE", "nom": "a.pdf", "contenu": ""}]},
            {"pieces": [{"type": "ORDONNANCE", "nom": "a.pdf", "contenu": "PGh0bWw+"}]},
            {"pieces": [{"type": "INCONNU", "nom": "a.pdf", "contenu": PDF}]}, {"inconnu": 1},
        ]
        avant = self.feuilles.search_count([])
        for autres in cas:
            with self.subTest(autres=str(autres)[:80]):
                resultat = self.importer(self.dossier(**autres))[0]
                self.assertFalse(resultat["id"])
                self.assertTrue(resultat["erreurs"])
        for brute in (None, 3, "x", [], True):
            resultat = self.importer(brute)[0]
            self.assertEqual((resultat["reference"], resultat["id"]), (False, False))
            self.assertTrue(resultat["erreurs"])
        self.assertEqual(self.feuilles.search_count([]), avant)

    def test_terrain_20_code_cim10_comme_on_l_ecrit(self):
        """Terrain 20 : le point manque ou pas ; un code à trois signes nomme ses sous-codes."""
        for rang, code in enumerate(("X988", "x98.8", "X98-8 ")):
            resultat = self.importer(self.dossier(f"CIM-{rang}", pathologie=code))[0]
            self.assertFalse(resultat["erreurs"])
            self.assertEqual(self.feuilles.browse(resultat["id"]).pathologie_id.code, "X98.8")
        resultat = self.importer(self.dossier("CIM-9", pathologie="X98"))[0]
        self.assertIn("X98.6, X98.7, X98.8", resultat["erreurs"][0])

    def test_cle_de_matricule_fausse(self):
        faux = self.assure.matricule[:-1] + ("0" if self.assure.matricule[-1] != "0" else "1")
        resultat = self.importer(self.dossier(matricule=faux))[0]
        self.assertIn("clé de contrôle", resultat["erreurs"][0])

    def test_pas_une_liste(self):
        for envoi in ({}, "x", None, 3):
            with self.assertRaises(UserError):
                self.feuilles.with_user(self.agent).importer(envoi)

    def test_droits_fermes_enregistree(self):
        ferme = self.creer_assure("Brahim", "1990-01-01", ouvert=False)
        resultat = self.importer(self.dossier(matricule=ferme.matricule))[0]
        self.assertFalse(resultat["erreurs"])
        self.assertEqual(self.feuilles.browse(resultat["id"]).etat_droits, "fermes")

    def test_pieces_exigees(self):
        """Un remboursement sans facture acquittée part en instance ; avec, il est déposé."""
        resultat = self.importer(self.dossier("R-1", mode="remboursement"))[0]
        self.assertEqual(resultat["state"], "instance")
        feuille = self.feuilles.browse(resultat["id"])
        self.assertEqual(feuille.completude, "incomplet")
        self.assertEqual(feuille.demande_ids.state, "en_attente")
        self.assertTrue(feuille.date_limite_instance)
        pieces = [{"type": "FACTURE", "nom": "facture.pdf", "contenu": PDF},
                  {"type": "ORDONNANCE", "nom": "ordonnance.pdf", "contenu": PDF}]
        resultat = self.importer(self.dossier("R-2", mode="remboursement", pieces=pieces))[0]
        self.assertEqual((resultat["state"], resultat["erreurs"]), ("deposee", []))
        feuille = self.feuilles.browse(resultat["id"])
        self.assertEqual(len(feuille.piece_ids), 2)
        self.assertEqual(feuille.piece_ids[0].mimetype, "application/pdf")
        self.assertEqual(len(feuille.piece_ids[0].empreinte), 64)

    def test_roles(self):
        for user in (self.medecin, self.finance):
            with self.assertRaises(AccessError):
                self.importer(self.dossier(), user=user)
        resultat = self.importer(self.dossier(), user=self.portail)[0]
        self.assertEqual(resultat["state"], "deposee")
        resultat = self.importer(self.dossier("R-2", formation="T-HD-01"), user=self.portail)[0]
        self.assertFalse(resultat["id"])
        self.assertIn("pas la vôtre", resultat["erreurs"][0])

    def test_requetes_constantes(self):
        """Autant de requêtes pour 10 feuilles que pour 100."""
        def requetes(nombre, prefixe):
            envoi = [self.dossier(f"{prefixe}-{n}") for n in range(nombre)]
            self.env.flush_all()
            self.env.invalidate_all()
            avant = self.env.cr.sql_log_count
            resultats = self.importer(*envoi)
            self.env.flush_all()
            self.assertFalse([r for r in resultats if r["erreurs"]])
            return self.env.cr.sql_log_count - avant

        requetes(3, "chauffe")
        petit, grand = requetes(10, "petit"), requetes(100, "grand")
        self.assertLessEqual(grand, petit + 2)

    def test_cinq_cents_entrees_hostiles(self):
        """Quoi qu'on envoie : une réponse par feuille, jamais d'exception, jamais d'écriture sans numéro."""
        hasard = Random(65)
        poisons = (
            None, True, False, 0, -1, 1.5, float("nan"), float("inf"), 2 ** 70, "", " ", "\x00", "<script>alert(1)</script>",
            "=HYPERLINK(1)", "é" * 5000, "2026-13-45", "0000-00-00", "2026-11-10T10:00", "9" * 400, "' OR 1=1 --", [], {},
            [[]], [None], {"a": 1}, ("x",), b"octets", "\ud800", "２０２６-11-10", "T-ACT-1\n", "%s%n{0}",
        )
        champs = (*self.dossier(), "date_fin_soins", "date_depot", "praticien", "urgence", "type_soins", "mode", "agence",
                  "entente", "total", "pieces")
        envoi = []
        for rang in range(500):
            dossier = self.dossier(f"H-{rang}")
            for champ in hasard.sample(champs, hasard.randint(1, 3)):
                if champ == "lignes" and hasard.random() < 0.7:
                    ligne = {**dossier["lignes"][0], hasard.choice(("prestation", "quantite", "prix_unitaire")):
                             hasard.choice(poisons)}
                    dossier["lignes"] = [ligne]
                elif champ == "pieces" and hasard.random() < 0.7:
                    dossier["pieces"] = [{"type": hasard.choice((*poisons, "AUTRE")), "nom": hasard.choice(poisons),
                                          "contenu": hasard.choice((*poisons, PDF))}]
                else:
                    dossier[champ] = hasard.choice(poisons)
            envoi.append(dossier)
        avant = self.feuilles.search_count([])
        resultats = self.importer(*envoi)
        self.assertEqual(len(resultats), 500)
        for resultat in resultats:
            self.assertEqual(bool(resultat["id"]), not resultat["erreurs"], resultat)
            self.assertTrue(all(isinstance(phrase, str) for phrase in resultat["erreurs"]))
        ecrites = self.feuilles.browse({r["id"] for r in resultats if r["id"]})
        self.assertEqual(self.feuilles.search_count([]) - avant, len(ecrites))
        self.assertTrue(all(ecrites.mapped("numero")))
        dumps((resultats,), allow_none=False)
