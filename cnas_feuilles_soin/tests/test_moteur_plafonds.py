from datetime import date, timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import new_test_user, tagged
from odoo.tools import mute_logger

from ..regles import registre
from .commun_moteur import JOUR, CommunMoteur


@tagged("post_install", "-at_install", "cnas")
class TestMoteurPlafonds(CommunMoteur):
    """Franchises, montants et nombres, par feuille, bénéficiaire et famille ; consommés et rendus."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.actes = [cls.prestation("acte", 1000) for _i in range(4)]  # part 800 chacun

    def plafond(self, portee, **champs):
        """Ajoute un plafond au régime d'essai."""
        return self.env["cnas.plafond"].create({
            "regime_id": self.regime.id, "portee": portee, "date_debut": "2020-01-01", **champs})

    def le(self, jours=0, assure=None, prestations=None, **champs):
        """Rend une feuille d'une ligne par prestation, `jours` après le jour de base."""
        prestations = prestations or self.actes[:1]
        return self.feuille(*[(p, 1, 1000) for p in prestations], assure_id=(assure or self.assure).id,
                            date_soins=JOUR + timedelta(days=jours), **champs)

    def parts(self, *feuilles):
        """Contrôle ensemble et rend les parts CNAS."""
        self.controler(*feuilles)
        self.verifier_equilibre(self.env["cnas.feuille_soin"].concat(*feuilles))
        return [int(f.montant_cnas) for f in feuilles]

    def test_beneficiaire_dans_l_ordre_des_soins(self):
        self.plafond("beneficiaire", montant_max=2000)
        tard, tot, milieu = self.le(20), self.le(0), self.le(10)
        self.assertEqual(self.parts(tard, tot, milieu), [400, 800, 800])
        self.assertEqual(tard.anomalie_ids.message, "Plafond atteint (reste 400)")
        self.assertRecordValues(tard.anomalie_ids, [{"montant_avant": 800, "montant_apres": 400}])
        self.assertEqual((tard.ticket_moderateur, tard.state), (600, "validee"))
        self.assertEqual(self.parts(self.le(30)), [0])

    def test_annee_de_droits(self):
        """L'année court d'un anniversaire de l'ouverture des droits à la veille du suivant."""
        self.plafond("beneficiaire", montant_max=1000)
        assure = self.creer_assure(droits="2025-03-20")
        veille, anniversaire = date(2026, 3, 19), date(2026, 3, 20)
        self.assertEqual(self.parts(
            self.le((veille - JOUR).days, assure, [self.actes[0]]), self.le((veille - JOUR).days, assure, [self.actes[1]]),
            self.le((anniversaire - JOUR).days, assure, [self.actes[2]])), [800, 200, 800])

    def test_famille(self):
        self.plafond("famille", montant_max=1000)
        principal = self.creer_assure()
        enfant = self.creer_assure(naissance="2015-01-01", principal=principal)
        voisin = self.creer_assure()
        self.assertEqual(self.parts(self.le(0, principal), self.le(1, enfant), self.le(2, voisin)), [800, 200, 800])

    def test_feuille(self):
        self.plafond("feuille", montant_max=1500)
        feuille = self.le(0, prestations=self.actes[:3])
        self.assertEqual(self.parts(feuille), [1500])
        self.assertEqual(feuille.ligne_ids.mapped("montant_cnas"), [800, 700, 0])
        self.assertEqual(self.codes(feuille), ["PLF-02", "PLF-02"])

    def test_categorie_et_type_de_soins(self):
        visite = self.prestation("acte", 1000, categorie="visite")
        self.plafond("beneficiaire", montant_max=500, categorie="visite", type_soins="hospitalisation")
        self.assertEqual(self.parts(
            self.le(0, prestations=[visite]), self.le(1, prestations=[visite, self.actes[0]], type_soins="hospitalisation")),
            [800, 1300])

    def test_franchise_puis_plafond(self):
        self.plafond("beneficiaire", franchise=1000, montant_max=900)
        un, deux, trois = self.le(0), self.le(1), self.le(2)
        self.assertEqual(self.parts(un, deux, trois), [0, 600, 300])
        self.assertEqual(un.anomalie_ids.message, "Franchise : 800 FCFA à la charge du bénéficiaire")

    def test_annulation_rend(self):
        self.plafond("beneficiaire", montant_max=800)
        un, deux = self.le(0), self.le(1)
        self.assertEqual(self.parts(un, deux), [800, 0])
        un._ecrire({"state": "annulee"})
        self.assertEqual(self.parts(self.le(2)), [800])

    def test_un_a_un_comme_ensemble(self):
        self.plafond("beneficiaire", montant_max=2000)
        ensemble = [self.le(i, self.creer_assure()) for i in range(1)]
        a, b = self.creer_assure(), self.creer_assure()
        un_a_un = [self.le(i, a) for i in range(4)]
        ensemble = [self.le(i, b) for i in range(4)]
        for feuille in un_a_un:
            self.controler(feuille)
        self.assertEqual([int(f.montant_cnas) for f in un_a_un], [800, 800, 400, 0])
        self.assertEqual(self.parts(*ensemble), [800, 800, 400, 0])

    def test_droits_restants(self):
        self.plafond("beneficiaire", montant_max=2000, nombre_max=3)
        espace = self.prestation("acte", 1000, frequence_min_jours=30, quantite_max=2)
        self.controler(self.le(0, prestations=[espace]))
        reste = self.env["cnas.assure"].droits_restants(
            self.assure.matricule, (JOUR + timedelta(days=5)).isoformat(), espace.code)
        self.assertEqual(reste["plafonds"], [{
            "portee": "beneficiaire", "type_soins": "tous", "categorie": False, "franchise": 0, "montant_max": 2000,
            "montant_consomme": 800, "montant_restant": 1200, "nombre_max": 3, "nombre_consomme": 1, "nombre_restant": 2,
            "date_debut": "2026-01-01", "date_fin": "2026-12-31"}])
        self.assertEqual(reste["prestations"], [{
            "code": espace.code, "name": espace.name, "quantite_max": 2, "quantite_consommee": 1, "quantite_restante": 0,
            "prochaine_date": (JOUR + timedelta(days=30)).isoformat()}])


@tagged("post_install", "-at_install", "cnas")
class TestMoteurHumain(CommunMoteur):
    """Lever, justifier, régler : ce que l'humain peut, ce qu'il ne peut pas."""

    def usager(self, groupe):
        """Rend un usager de ce groupe."""
        rang = next(self.rangs)
        return new_test_user(self.env, login=f"moteur_{rang}", groups=f"cnas_base.group_{groupe}")

    def signalee(self):
        """Rend une feuille en contrôle, avec un signalement CLI-05."""
        une, meme = [self.prestation("medicament", 100, dci="double") for _i in range(2)]
        feuille = self.feuille((une, 1, 100), (meme, 1, 100), assure_id=self.creer_assure().id)
        self.controler(feuille)
        self.assertEqual(feuille.state, "controle")
        return feuille

    def test_lever_exige_une_justification(self):
        feuille = self.signalee()
        controleur = self.usager("controleur")
        anomalie = feuille.anomalie_ids.with_user(controleur)
        self.assertEqual(anomalie.action_lever()["res_model"], "cnas.motif.wizard")
        self.assertEqual(anomalie.action_lever("  ")["res_model"], "cnas.motif.wizard")
        self.assertEqual(anomalie.state, "ouverte")
        self.assertTrue(anomalie.action_lever("deux dosages prescrits"))
        self.assertEqual((anomalie.state, anomalie.justification, anomalie.levee_par_id),
                         ("levee", "deux dosages prescrits", controleur))
        with self.assertRaises(UserError):
            anomalie.action_lever("encore")

    def test_levee_le_reste_et_la_feuille_se_valide(self):
        feuille = self.signalee()
        feuille.anomalie_ids.with_user(self.usager("controleur")).action_lever("vu")
        self.controler(feuille)
        self.assertEqual((feuille.state, self.codes(feuille), self.codes(feuille, "levee")), ("validee", [], ["CLI-05"]))

    def test_lever_refuse(self):
        anomalie = self.signalee().anomalie_ids
        for groupe in ("agent", "finance"):
            with self.assertRaises(AccessError):
                anomalie.with_user(self.usager(groupe)).action_lever("je voudrais")
        with self.assertRaises(UserError):
            anomalie.with_user(self.usager("controleur")).write({"state": "levee"})
        with self.assertRaises(UserError):
            anomalie.with_user(self.usager("controleur")).write({"justification": "glissée"})

    def test_passer_outre_un_rejet(self):
        rejetee = self.prestation("acte", 1000, niveau_min=4)
        feuille = self.feuille((self.consultation, 1, 1500), (rejetee, 1, 1000), assure_id=self.creer_assure().id)
        self.regler("PLF-03", "seuil", "2500")
        self.controler(feuille)
        self.assertEqual((feuille.state, int(feuille.montant_cnas)), ("avis_medical", 1200))
        rejet = feuille.anomalie_ids.filtered(lambda a: a.severite == "rejet")
        with self.assertRaisesRegex(UserError, "seul le rôle Superviseur"):
            rejet.with_user(self.usager("controleur")).action_lever("urgence vitale")
        rejet.with_user(self.usager("superviseur")).action_lever("urgence vitale")
        self.assertEqual((feuille.state, int(feuille.montant_cnas)), ("avis_medical", 2000))

    def test_avis_rendu_leve_le_seuil(self):
        acte = self.prestation("acte", 600_000)
        feuille = self.feuille((acte, 1, 600_000), assure_id=self.creer_assure().id)
        self.controler(feuille)
        feuille.with_user(self.usager("medecin_conseil")).action_rendre_avis("accord", "indication claire")
        self.assertEqual(self.codes(feuille), [])
        self.controler(feuille)
        self.assertEqual(feuille.state, "validee")

    def test_severite_datee(self):
        """La sévérité est celle en vigueur à la date des soins."""
        acte = self.prestation("acte", 1000, niveau_min=4)
        self.regle("FOR-03")._dater_parametre("severite", "signalement", date(2026, 3, 1))
        avant = self.feuille((acte, 1, 1000), date_soins=date(2026, 2, 28), assure_id=self.creer_assure().id)
        apres = self.feuille((acte, 1, 1000), date_soins=date(2026, 3, 1), assure_id=self.creer_assure().id)
        self.controler(avant, apres)
        self.assertEqual((avant.state, apres.state), ("rejetee", "controle"))

    def test_regle_visee(self):
        """Dates, régimes et types de formation visés."""
        acte = self.prestation("acte", 1000, niveau_min=4)
        autre = self.env.ref("cnas_base.regime_ass")

        def etat(**champs):
            regle = self.regle("FOR-03")
            regle.write(champs)
            feuille = self.feuille((acte, 1, 1000), assure_id=self.creer_assure().id)
            self.controler(feuille)
            return feuille.state
        self.assertEqual(etat(), "rejetee")
        self.assertEqual(etat(regime_ids=[(6, 0, autre.ids)]), "validee")
        self.assertEqual(etat(regime_ids=[(6, 0, (autre | self.regime).ids)]), "rejetee")
        self.assertEqual(etat(types_formation="centre_sante"), "validee")
        self.assertEqual(etat(types_formation="centre_sante, hopital_district"), "rejetee")
        self.assertEqual(etat(date_fin=JOUR), "rejetee")
        self.assertEqual(etat(date_fin=JOUR - timedelta(days=1)), "validee")
        self.assertEqual(etat(date_fin=False, active=False), "validee")

    def test_reglages_refuses(self):
        qte, nom = self.regle("QTE-01"), self.regle("NOM-01")
        for essai in (lambda: nom.write({"severite": "abattement"}), lambda: qte.write({"types_formation": "clinique"}),
                      lambda: self.regler("REC-07", "delai_tiers_payant", "-3"),
                      lambda: self.regler("REC-07", "delai_tiers_payant", "trois"),
                      lambda: self.regler("REC-07", "inconnu", "3"),
                      lambda: self.regler("TAR-03", "rangs", "100,150")):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                essai()
        with self.assertRaisesRegex(UserError, "se change à deux"):
            qte.with_user(self.usager("superviseur")).write({"severite": "rejet"})

    def test_catalogue_complet(self):
        """Soixante-huit règles actives, chacune avec sa fonction, et pas une fonction sans sa ligne de données."""
        d_ici = {code for code, regle in registre.REGLES.items() if ".cnas_feuilles_soin." in regle.fonction.__module__}
        regles = self.env["cnas.regle_controle"].search([("code", "in", list(d_ici))])
        self.assertEqual(len(regles), 68)
        self.assertEqual(set(regles.mapped("code")), d_ici)
        for regle in regles:
            fonction = registre.REGLES[regle.code]
            self.assertTrue(fonction.fonction.__doc__, regle.code)
            self.assertTrue(fonction.abat or regle.severite != "abattement", regle.code)

    def test_base_garde_les_invariants(self):
        """Ni le code ni personne ne peut écrire une ligne ou une feuille déséquilibrée."""
        feuille = self.feuille()
        self.controler(feuille)
        for table, ident in (("cnas_feuille_soin", feuille.id), ("cnas_feuille_soin_ligne", feuille.ligne_ids.id)):
            for valeurs in ("montant_cnas = montant_cnas + 1", "montant_base = montant_facture + 1",
                            "montant_cnas = -1, ticket_moderateur = ticket_moderateur + 1 + montant_cnas"):
                with self.subTest(table=table, valeurs=valeurs), mute_logger("odoo.sql_db"), \
                        self.assertRaises(IntegrityError), self.env.cr.savepoint():
                    self.env.cr.execute(f"UPDATE {table} SET {valeurs} WHERE id = %s", [ident])

    def test_versions_tracees(self):
        regle = self.regle("REC-07")
        version = regle.version
        regle._dater_parametre("delai_tiers_payant", "45", date(2026, 1, 1))
        self.assertGreater(regle.version, version)
        self.assertIn("delai_tiers_payant = 45", "".join(regle.message_ids.mapped("body")))

    def test_essai_a_blanc(self):
        feuilles = [self.feuille((self.pansement, 1, 1000), assure_id=self.creer_assure().id,
                                 date_depot=JOUR + timedelta(days=j)) for j in (10, 50)]
        self.controler(*feuilles)
        avant = [f.read() for f in feuilles]
        essai = self.env["cnas.essai_regle.wizard"].with_user(self.usager("administrateur")).create({
            "regle_id": self.regle("REC-07").id, "severite": "rejet", "formation_id": self.formation.id,
            "date_debut": JOUR, "date_fin": JOUR, "date_effet": date(2026, 12, 1),
            "parametre_ids": [(0, 0, {"code": "delai_tiers_payant", "actuelle": "90", "valeur": "30"})]})
        with self.assertRaises(UserError):
            essai.action_appliquer()
        essai.action_essayer()
        self.assertEqual((essai.nombre, essai.touchees, essai.anomalies_avant, essai.anomalies_apres), (2, 1, 0, 1))
        self.assertEqual((int(essai.montant_avant), int(essai.montant_apres)), (1600, 800))
        self.assertEqual(essai.exemple_ids.feuille_id, feuilles[1])
        self.assertEqual([f.read() for f in feuilles], avant)
        demande = self.env["cnas.changement"].browse(essai.action_appliquer()["res_id"])
        self.assertEqual((demande.date_effet, demande.demandeur_id), (date(2026, 12, 1), essai.env.user))
        demande._changer_etat("accepte")
        demande._appliquer()
        valeurs = self.regle("REC-07").parametre_ids.filtered(lambda p: p.code == "delai_tiers_payant").sorted("date_debut")
        self.assertEqual(valeurs.mapped("valeur"), ["90", "30"])
        self.assertEqual(valeurs[0].date_fin, date(2026, 11, 30))

    def test_selection_reproductible(self):
        feuilles = [self.feuille((self.pansement, 1, 1000), assure_id=self.creer_assure().id) for _i in range(30)]
        self.controler(*feuilles)

        def ids(**champs):
            choix = self.env["cnas.selection_revue.wizard"].with_user(self.usager("superviseur")).create({
                "date_debut": JOUR, "date_fin": JOUR, "formation_ids": self.formation.ids, **champs})
            return choix.action_selectionner()["domain"][0][2]
        self.assertEqual(len(ids()), 30)
        moitie = ids(taux=50)
        self.assertTrue(5 < len(moitie) < 25)
        self.assertEqual(ids(taux=50), moitie)
        self.assertNotEqual(ids(taux=50, graine=1), moitie)
        chere = self.feuille((self.pansement, 3, 1000), assure_id=self.creer_assure().id)
        self.controler(chere)
        self.assertEqual(ids(ecart_min=100), chere.ids)

    def test_invariants_quotidiens(self):
        feuille = self.feuille()
        self.controler(feuille)
        self.assertFalse(self.env["cnas.feuille_soin"]._verifier_invariants())
        self.env.cr.execute("UPDATE cnas_feuille_soin SET montant_cnas = montant_cnas - 1,"
                            " ticket_moderateur = ticket_moderateur + 1 WHERE id = %s", [feuille.id])
        with self.assertLogs("odoo.addons.cnas_feuilles_soin.models.feuille_soin.invariants", "ERROR"):
            defauts = self.env["cnas.feuille_soin"]._verifier_invariants()
        self.assertEqual(defauts, {"Σ des lignes ≠ feuille": [feuille.numero]})
        self.assertTrue(feuille.activity_ids)

    def test_instance_perd_son_rang(self):
        """Une feuille suspendue ne bloque pas la suivante ; régularisée, elle passe après elle."""
        suspendue = self.feuille((self.pansement, 1, 1000), total_declare=999)
        envoi_suivant = self.feuille((self.pansement, 1, 1000))
        self.controler(suspendue, envoi_suivant)
        self.assertEqual((suspendue.state, envoi_suivant.state), ("instance", "validee"))
        self.controler(suspendue)
        self.assertEqual(suspendue.state, "instance")
        suspendue._ecrire({"state": "deposee", "total_declare": 1000})
        self.controler(suspendue)
        self.assertEqual((suspendue.state, self.codes(suspendue)), ("rejetee", ["DBL-01"]))

    def test_rang_garde_en_controle(self):
        """Une feuille en contrôle, rejouée après une autre, n'en devient pas le doublon."""
        seuil = self.regle("PLF-03")
        seuil.avis_medical = False
        self.regler("PLF-03", "seuil", "1000")
        premiere = self.feuille((self.pansement, 1, 1000))
        self.controler(premiere)
        self.regler("PLF-03", "seuil", "500000")
        seconde = self.feuille((self.pansement, 1, 1000), formation_id=self.creer_formation(2).id,
                               date_soins=JOUR)
        self.controler(seconde)
        self.assertEqual((premiere.state, self.codes(seconde)), ("controle", ["DBL-02"]))
        self.controler(premiere)
        self.assertEqual((premiere.state, self.codes(premiere)), ("validee", []))
