import base64
import io

from openpyxl import load_workbook

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from odoo.addons.cnas_base.ecriture import ecrire_xlsx

from .commun_feuille import CommunFeuille

TITRES = ["N° feuille", "Matricule", "Date des soins", "Diagnostic", "Prestation", "Qté", "Prix unitaire (FCFA)"]


@tagged("post_install", "-at_install", "cnas")
class TestImportFeuilles(CommunFeuille):
    """Un classeur de feuilles : contrôlé à blanc, appliqué, corrigé d'après son rapport et renvoyé."""

    def recu(self, rangs, titres=TITRES, user=None, nom="feuilles.xlsx", contenu=None, formation=None):
        """Rend l'import contrôlé d'un classeur."""
        import_ = self.env["cnas.import_fichier"].with_user(user or self.agent).create({
            "sujet": "feuilles", "formation_id": (formation or self.formation).id, "nom_fichier": nom,
            "fichier": base64.b64encode(contenu or ecrire_xlsx(titres, rangs))})
        self.assertTrue(import_.action_controler())
        return import_

    def rang(self, reference="Q-1", code="T-ACT-1", quantite=1, prix=1500, matricule=None, jour="10/11/2026", cim="X988"):
        return [reference, self.assure.matricule if matricule is None else matricule, jour, cim, code, quantite, prix]

    def suite(self, code="T-MED-1", quantite=6, prix=200, reference=""):
        return [reference, "", "", "", code, quantite, prix]

    def de(self, reference):
        return self.feuilles.search([("reference", "=", reference), ("state", "!=", "annulee")])

    # ------------------------------------------------------------------ terrain 17
    def test_terrain_17_une_ligne_sans_reference_continue_la_feuille(self):
        import_ = self.recu([self.rang(), self.suite(), self.rang("Q-2"), self.suite()])
        self.assertEqual((import_.state, import_.nombre_creations, import_.nombre_refus), ("controle", 2, 0))
        self.assertFalse(self.de("Q-1"), "le contrôle à blanc n'écrit rien")
        import_.action_appliquer()
        self.assertEqual((import_.state, import_.nombre_faites), ("termine", 2))
        self.assertEqual([len(self.de(r).ligne_ids) for r in ("Q-1", "Q-2")], [2, 2])
        self.assertEqual(self.de("Q-1").saisie_par_id, self.agent)
        encore = self.recu([self.rang(), self.suite(), self.rang("Q-2"), self.suite()])
        self.assertEqual((encore.nombre_connues, encore.nombre_creations), (2, 0), "renvoyer ne crée rien")
        with self.assertRaisesRegex(UserError, "rien à créer"):
            encore.action_appliquer()

    def test_terrain_17_rien_d_une_feuille_dont_une_ligne_est_refusee(self):
        import_ = self.recu([self.rang(), self.suite(quantite="beaucoup"), self.rang("Q-2")])
        self.assertEqual((import_.nombre_creations, import_.nombre_refus), (1, 1))
        self.assertIn("Ligne 3 : la quantité", import_.ligne_ids[0].message)
        import_.action_appliquer()
        self.assertFalse(self.de("Q-1"))
        corrige = self.recu([self.rang(), self.suite(), self.rang("Q-2")])
        self.assertEqual((corrige.nombre_creations, corrige.nombre_connues), (1, 1))
        corrige.action_appliquer()
        self.assertEqual(self.de("Q-1").montant_facture, 2700)

    def test_sans_reference_et_autre_patient_le_groupe_attend(self):
        import_ = self.recu([self.rang(), self.rang("", matricule=self.enfant.matricule), self.rang("Q-2")])
        self.assertEqual((import_.nombre_refus, import_.nombre_creations), (1, 1))
        self.assertRegex(import_.ligne_ids[0].message, "Ligne 3 : sans référence.*« Q-1 ».*« matricule »")
        premiere = self.recu([self.rang("")])
        self.assertIn("reference", premiere.ligne_ids.message)

    # ------------------------------------------------------------------ corrections
    def test_meme_reference_autre_contenu_se_remplace(self):
        self.recu([self.rang()]).action_appliquer()
        premiere = self.de("Q-1")
        import_ = self.recu([self.rang(prix=1400)])
        ligne = import_.ligne_ids
        self.assertEqual((import_.nombre_corrections, ligne.state, ligne.res_id), (1, "correction", premiere.id))
        self.assertIn("Ce qui diffère", ligne.message)
        with self.assertRaisesRegex(UserError, "rien à créer"):
            import_.action_appliquer()
        import_.avec_corrections = True
        import_.action_appliquer()
        self.assertEqual((premiere.state, self.de("Q-1").montant_facture), ("annulee", 1400))
        controlee = self.de("Q-1")
        controlee.with_user(self.controleur).action_controler()
        refus = self.recu([self.rang(prix=1300)])
        self.assertEqual(refus.ligne_ids.state, "refus", "contrôlée, elle ne se remplace plus")

    # ------------------------------------------------------------------ en-têtes
    def test_colonnes_associees_et_retenues_par_expediteur(self):
        titres = [*TITRES[:-1], "Combien ça coûte"]
        import_ = self.recu([self.rang()], titres)
        self.assertEqual((import_.state, import_.ligne_ids.ids), ("brouillon", []))
        for mot in ("Prix unitaire", "Combien ça coûte", "Attendues"):
            self.assertIn(mot, import_.refus_lecture)
        inconnu = import_.titre_ids.filtered(lambda t: not t.colonne_id)
        self.assertEqual(inconnu.mapped("titre"), ["Combien ça coûte"])
        inconnu.colonne_id = self.env.ref("cnas_feuilles_soin.colonne_feuilles_prix_unitaire")
        import_.action_controler()
        self.assertEqual((import_.state, import_.nombre_creations, import_.refus_lecture), ("controle", 1, False))
        retenus = self.env["cnas.synonyme_colonne"].search([("expediteur", "=", f"cnas.formation_sanitaire,{self.formation.id}")])
        self.assertEqual(retenus.mapped("entete"), ["Combien ça coûte"], "ce qui se comprend déjà ne s'ajoute pas")
        self.assertEqual(self.recu([self.rang()], titres).state, "controle", "la prochaine fois, c'est lu")
        self.assertEqual(self.recu([self.rang()], titres, formation=self.autre_formation).state, "brouillon", "pour lui seul")
        with self.assertRaises(UserError):
            inconnu.colonne_id = self.env.ref("cnas_employeurs.colonne_employeurs_nif", False) or self.env["cnas.colonne"].create(
                {"sujet": "tarifs", "code": "essai", "name": "Essai"})

    def test_l_administrateur_complete_le_dictionnaire(self):
        titres = [*TITRES[:-1], "Débours"]
        self.assertEqual(self.recu([self.rang()], titres).state, "brouillon")
        colonne = self.env.ref("cnas_feuilles_soin.colonne_feuilles_prix_unitaire")
        with self.assertRaises(AccessError):
            self.env["cnas.synonyme_colonne"].with_user(self.agent).create({"colonne_id": colonne.id, "entete": "Débours"})
        synonyme = self.env["cnas.synonyme_colonne"].create({"colonne_id": colonne.id, "entete": "DÉBOURS :"})
        self.assertEqual(self.recu([self.rang()], titres).state, "controle")
        synonyme.active = False
        self.assertEqual(self.recu([self.rang()], titres).state, "brouillon")

    def test_terrain_09_fichiers_comme_ils_arrivent(self):
        """Terrain 9 : UTF-16 à tabulations, `sep=;`, titres au-dessus, « Lisez-moi » d'abord, référence fusionnée."""
        rangs = [[str(case) for case in self.rang(f"F-{n}")] for n in range(4)]
        texte = "\t".join(TITRES) + "\n" + "\t".join(rangs[0]) + "\nTOTAL\t\t\t\t\t\t1500\n"
        sep = "sep=;\n" + ";".join(TITRES) + "\n" + ";".join(rangs[1]) + "\n"
        titre = "Centre de santé d'essai\nNovembre 2026\n\n" + ";".join(TITRES) + "\n" + ";".join(rangs[2]) + "\n"
        for nom, contenu in (("tab.txt", texte.encode("utf-16")), ("sep.csv", sep.encode()), ("titre.csv", titre.encode("cp1252"))):
            self.assertEqual(self.recu(None, nom=nom, contenu=contenu).nombre_creations, 1, nom)

    # ------------------------------------------------------------------ rapport
    def test_terrain_17_rapport_corrige_et_renvoye(self):
        import_ = self.recu([self.rang(), self.suite(quantite="x", prix=0), self.rang("Q-2"), self.rang("Q-3", cim="J06")])
        import_.action_appliquer()
        livre = load_workbook(io.BytesIO(import_._rapport()))
        feuille = livre.active
        titres = [case.value for case in feuille[1]]
        self.assertEqual(titres, [*TITRES, "Résultat", "Que faire"])
        lignes = [[case.value for case in rang][-2:] for rang in feuille.iter_rows(min_row=2)]
        self.assertEqual([resultat for resultat, _quoi in lignes], ["En attente", "Refusée", "Écrite", "Refusée"])
        self.assertIn("corrigez la ligne 3", lignes[0][1])
        self.assertIn("la quantité", lignes[1][1])
        self.assertIn("J06.9", lignes[3][1], "les sous-codes sont donnés")
        self.assertEqual(feuille["G3"].value, 0, "un zéro n'est pas une case vide")
        feuille["F3"], feuille["D5"] = 6, "j069"
        tampon = io.BytesIO()
        livre.save(tampon)
        corrige = self.recu(None, contenu=tampon.getvalue())
        self.assertEqual((corrige.nombre_creations, corrige.nombre_connues, corrige.nombre_refus), (2, 1, 0))
        corrige.action_appliquer()
        self.assertEqual(self.de("Q-3").pathologie_id.code, "J06.9")
        self.assertEqual(load_workbook(io.BytesIO(corrige._rapport())).active.max_column, len(TITRES) + 2)

    def test_zeros_de_tete(self):
        livre = load_workbook(io.BytesIO(ecrire_xlsx(TITRES, [self.rang(12)])))
        livre.active["A2"].number_format = "00000"
        tampon = io.BytesIO()
        livre.save(tampon)
        self.assertEqual(self.recu(None, contenu=tampon.getvalue()).ligne_ids.cle, "00012")

    # ------------------------------------------------------------------ droits
    def test_chacun_les_siens(self):
        import_ = self.recu([self.rang()])
        self.assertFalse(self.env["cnas.import_fichier"].with_user(self.agent2).search([("id", "=", import_.id)]))
        self.assertTrue(self.env["cnas.import_fichier"].with_user(self.superviseur).search([("id", "=", import_.id)]))
        for modele, ids in (("cnas.import_fichier", import_.ids), ("cnas.import_fichier.ligne", import_.ligne_ids.ids),
                            ("cnas.import_fichier.titre", import_.titre_ids.ids)):
            with self.assertRaises(AccessError):
                self.env[modele].with_user(self.agent2).browse(ids).read(["display_name"])
            with self.assertRaises(AccessError):
                self.env[modele].with_user(self.portail).search([])
        du_superviseur = import_.with_user(self.superviseur)
        self.assertFalse(du_superviseur.peut_appliquer, "qui applique est qui saisit")
        with self.assertRaisesRegex(UserError, "qui l'a reçu"):
            du_superviseur.action_appliquer()
        with self.assertRaises(AccessError):
            du_superviseur.avec_corrections = True
        du_portail = import_.sudo().with_user(self.portail).sudo().create({
            "sujet": "feuilles", "formation_id": self.formation.id, "nom_fichier": "a.xlsx", "fichier": import_.fichier})
        du_portail.action_controler()
        for geste in ("action_controler", "action_appliquer"):
            with self.assertRaisesRegex(UserError, "qui l'a reçu"):
                getattr(du_portail.with_user(self.superviseur).sudo(False), geste)()
        self.assertEqual(du_superviseur.action_telecharger_rapport()["type"], "ir.actions.act_url")
        for geste in ("action_telecharger_rapport", "action_telecharger_modele", "action_controler"):
            with self.assertRaises(AccessError):
                getattr(import_.with_user(self.agent2), geste)()
        for valeurs in ({"state": "termine"}, {"lot_id": 1}, {"refus_lecture": "x"},
                        {"ligne_ids": [(1, import_.ligne_ids.id, {"state": "creation", "donnees": {}})]}):
            with self.assertRaises(UserError):
                import_.with_user(self.agent).write(valeurs)
        with self.assertRaises(UserError):
            import_.titre_ids[0].with_user(self.agent).write({"import_id": 1})

    def test_change_apres_controle_se_controle_a_nouveau(self):
        import_ = self.recu([self.rang()])
        import_.fichier = base64.b64encode(ecrire_xlsx(TITRES, [self.rang("Q-9")]))
        self.assertEqual((import_.state, import_.nombre), ("brouillon", 0))
        with self.assertRaises(UserError):
            import_.action_appliquer()
        import_.action_controler()
        import_.action_appliquer()
        with self.assertRaisesRegex(UserError, "a commencé"):
            import_.fichier = base64.b64encode(b"x")
        with self.assertRaises(UserError):
            import_.unlink()
        with self.assertRaises(UserError):
            import_.copy()

    def test_lire_le_fichier_d_un_autre_se_trace(self):
        import_ = self.recu([self.rang()]).with_user(self.superviseur)
        for lu, champ in ((import_, "fichier"), (import_.ligne_ids, "donnees")):
            lu.read([champ])
            self.env["cnas.journal"]._verser()
            self.assertTrue(self.env["cnas.journal"].search([
                ("modele", "=", lu._name), ("evenement", "=", "lecture"), ("res_id", "=", lu.id),
                ("user_id", "=", self.superviseur.id)]), champ)

    def test_commence_il_ne_change_plus_d_avis(self):
        import_ = self.recu([self.rang()])
        import_.action_appliquer()
        for valeurs in ({"avec_corrections": True}, {"titre_ids": [(1, import_.titre_ids[0].id, {"colonne_id": False})]}):
            with self.assertRaisesRegex(UserError, "a commencé"):
                import_.write(valeurs)

    def test_requetes_du_controle_constantes(self):
        peu, beaucoup = (self.recu([self.rang(f"N-{n}-{i}") for i in range(n)]) for n in (3, 60))
        comptes = [self.requetes(import_.action_controler) for import_ in (peu, beaucoup)]
        self.assertLessEqual(comptes[1], comptes[0] + 3)
