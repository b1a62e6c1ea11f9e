from datetime import date, timedelta

from odoo.tests.common import tagged

from odoo.addons.cnas_base.tests.common import JOUR as JOUR_FIGE

from .commun_moteur import CommunMoteur

AN = JOUR_FIGE.year - 1
UN_JOUR = timedelta(days=1)


@tagged("post_install", "-at_install", "cnas")
class TestPlafondsAnnee(CommunMoteur):
    """Ce que l'année de droits a pris reste pris : plafonds révisés, ordre, franchise, majoration, exclusion."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.taux = cls.env["cnas.taux"].search([("regime_id", "=", cls.regime.id)])
        cls.taux.taux = 100
        cls.actes = [cls.prestation("acte", 5000, categorie="autre") for _i in range(5)]

    def plafond(self, portee="beneficiaire", debut="2020-01-01", fin=False, **champs):
        """Ajoute un plafond au régime d'essai."""
        return self.env["cnas.plafond"].create({
            "regime_id": self.regime.id, "portee": portee, "date_debut": debut, "date_fin": fin, **champs})

    def le(self, jour, *montants, assure=None, prestations=None, **champs):
        """Rend une feuille : une ligne par montant, chacune d'une prestation différente."""
        return self.feuille(*[(p, 1, montant) for p, montant in zip(prestations or self.actes, montants or (1000,))],
                            assure_id=(assure or self.assure).id, date_soins=jour, **champs)

    def parts(self, *feuilles):
        """Contrôle ensemble et rend les parts CNAS."""
        self.controler(*feuilles)
        self.verifier_equilibre(self.env["cnas.feuille_soin"].concat(*feuilles))
        return [int(f.montant_cnas) for f in feuilles]

    def restants(self, jour, assure=None):
        """Rend [(maximum, consommé, restant)] que dit `droits_restants`."""
        reste = self.env["cnas.assure"].droits_restants((assure or self.assure).matricule, jour.isoformat())
        return [(p["montant_max"], p["montant_consomme"], p["montant_restant"]) for p in reste["plafonds"]]

    # ------------------------------------------------------------------ révisés, ils se souviennent
    def test_revision_garde_la_consommation(self):
        self.plafond(fin=date(AN, 5, 31), montant_max=1500)
        self.plafond(debut=date(AN, 6, 1), montant_max=2000)
        feuilles = [self.le(jour) for jour in (date(AN, 4, 10), date(AN, 5, 31), date(AN, 6, 1), date(AN, 12, 31),
                                               date(AN + 1, 1, 1))]
        self.assertEqual(self.parts(*feuilles), [1000, 500, 500, 0, 1000])
        self.assertEqual(self.restants(date(AN, 5, 31)), [(1500, 2000, 0)])
        self.assertEqual(self.restants(date(AN, 12, 31)), [(2000, 2000, 0)])
        self.assertEqual(self.restants(date(AN + 1, 1, 1)), [(2000, 1000, 1000)])

    def test_au_franc_pres(self):
        """Atteint, un plafond ne réduit rien ; dépassé d'un franc, il en ôte un, qu'il vise l'année, la famille ou la feuille."""
        for portee in ("beneficiaire", "famille", "feuille"):
            for maximum, attendu in ((2000, 2000), (1999, 1999)):
                with self.subTest(portee=portee, maximum=maximum):
                    plafond = self.plafond(portee, montant_max=maximum)
                    feuille = self.le(date(AN, 4, 10), 1500, 500)
                    self.assertEqual(self.parts(feuille), [attendu])
                    self.assertEqual(len(self.codes(feuille)), 2000 - attendu)
                    feuille._ecrire({"state": "annulee"})
                    plafond.unlink()

    def test_revision_un_a_un(self):
        """Lot par lot, l'historique vient de la base : même résultat."""
        self.plafond(fin=date(AN, 5, 31), montant_max=1500)
        self.plafond(debut=date(AN, 6, 1), montant_max=2000)
        self.assertEqual([self.parts(self.le(date(AN, mois, 15)))[0] for mois in (4, 5, 6)], [1000, 500, 500])

    def test_revision_du_nombre(self):
        visites = [self.prestation("acte", 1000, categorie="visite") for _i in range(4)]
        self.plafond(fin=date(AN, 5, 31), categorie="visite", nombre_max=2)
        self.plafond(debut=date(AN, 6, 1), categorie="visite", nombre_max=2)
        feuilles = [self.le(date(AN, mois, 1), prestations=[visite]) for mois, visite in zip((4, 5, 6, 7), visites)]
        self.assertEqual(self.parts(*feuilles), [1000, 1000, 0, 0])
        self.assertEqual(self.codes(feuilles[2]), ["QTE-10"])

    def test_revision_de_la_franchise(self):
        self.plafond(fin=date(AN, 5, 31), franchise=600)
        self.plafond(debut=date(AN, 6, 1), franchise=700)
        feuilles = [self.le(date(AN, mois, 1)) for mois in (5, 6, 7)]
        self.assertEqual(self.parts(*feuilles), [400, 900, 1000])
        self.assertEqual([int(f.ligne_ids.franchise) for f in feuilles], [600, 100, 0])

    def test_nouveau_plafond_de_categorie(self):
        """Ouvert en cours d'année, il compte ce que l'année a déjà pris."""
        self.assertEqual(self.parts(self.le(date(AN, 4, 1))), [1000])
        self.plafond(debut=date(AN, 11, 1), categorie="autre", montant_max=1200)
        self.assertEqual(self.parts(self.le(date(AN, 11, 1))), [200])

    # ------------------------------------------------------------------ l'année de droits
    def test_suspendre_n_ouvre_pas_une_annee(self):
        jour = date.today()
        assure = self.creer_assure(droits=jour - timedelta(days=100))
        self.plafond(montant_max=1500)
        self.assertEqual(self.parts(self.le(jour - timedelta(days=10), assure=assure)), [1000])
        assure.action_suspendre("Pièces en retard")
        assure.action_reactiver()
        self.assertEqual(self.parts(self.le(jour, assure=assure)), [500])

    def test_un_trou_d_un_jour_non_plus(self):
        assure = self.creer_assure(droits=date(AN, 3, 20))
        assure.droit_ids._ecrire({"date_fin": date(AN, 5, 31)})
        self.env["cnas.droit"].create({"assure_id": assure.id, "regime_id": self.regime.id,
                                       "date_debut": date(AN, 6, 2), "state": "ouvert"})
        enfant = self.creer_assure(naissance="2015-01-01", principal=assure)
        self.plafond("famille", montant_max=1500)
        self.assertEqual(self.parts(self.le(date(AN, 5, 31), assure=assure), self.le(date(AN, 6, 2), assure=enfant)),
                         [1000, 500])

    def test_anniversaire_ou_civile(self):
        self.plafond(montant_max=1500)
        jours = (date(AN, 12, 31), date(AN + 1, 1, 1))
        for mode, attendu in (("anniversaire", [1000, 500]), ("civile", [1000, 1000])):
            with self.subTest(mode=mode):
                self.regler("PLF-01", "annee_de_droits", mode)
                assure = self.creer_assure(droits=date(AN, 3, 20))
                self.assertEqual(self.parts(*[self.le(jour, assure=assure) for jour in jours]), attendu)

    def test_ouverture_un_29_fevrier(self):
        """L'année pleine court jusqu'au 28 février inclus ; la suivante part du 1er mars, puis du 29 quand il revient."""
        self.plafond(montant_max=1500)
        assure = self.creer_assure(droits=date(2020, 2, 29))
        jours = [date(2020, 2, 29), date(2021, 2, 28), date(2021, 3, 1), date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
        feuilles = [self.le(jour, assure=assure) for jour in jours]
        self.assertEqual(self.parts(*feuilles), [1000, 500, 1000, 1000, 1000, 500])
        reste = self.env["cnas.assure"].droits_restants(assure.matricule, "2021-02-28")["plafonds"][0]
        self.assertEqual((reste["date_debut"], reste["date_fin"]), ("2020-02-29", "2021-02-28"))

    def test_suspendre_depuis_l_ouverture(self):
        """La suspension écrite après coup depuis le premier jour efface la période ouverte, pas l'année."""
        jour = date.today()
        assure = self.creer_assure(droits=jour - timedelta(days=100))
        self.plafond(montant_max=1500)
        self.regle("DRT-02").severite = "signalement"
        self.assertEqual(self.parts(self.le(jour - timedelta(days=10), assure=assure)), [1000])
        assure.action_suspendre("Pièces en retard", str(jour - timedelta(days=100)))
        assure.action_reactiver()
        self.assertEqual(self.parts(self.le(jour, assure=assure)), [500])

    def test_maintien_continue_l_annee_du_principal(self):
        chef = self.creer_assure(droits=date(AN, 3, 20))
        enfant = self.creer_assure(naissance="2015-01-01", principal=chef)
        chef.droit_ids._ecrire({"date_fin": date(AN, 9, 1)})
        self.env["cnas.droit"].create({"assure_id": enfant.id, "regime_id": self.regime.id, "origine": "maintien",
                                       "date_debut": date(AN, 9, 2), "date_fin": date(AN + 1, 6, 1), "state": "ouvert"})
        self.plafond(montant_max=1500)
        jours = [date(AN, 8, 1), date(AN, 9, 2), date(AN + 1, 3, 19), date(AN + 1, 3, 20)]
        self.assertEqual(self.parts(*[self.le(jour, assure=enfant) for jour in jours]), [1000, 500, 0, 1000])

    def test_changer_de_principal_continue_l_annee(self):
        """La famille passe au nouveau principal : chacun garde ce qu'il a pris, et la famille aussi ; un bébé la rejoint."""
        jour = date.today() - timedelta(days=1)
        debut, change = jour - timedelta(days=100), jour - timedelta(days=20)
        chef = self.creer_assure(droits=debut)
        nouveau = self.creer_assure(naissance="1992-01-01", principal=chef)
        enfant = self.creer_assure(naissance="2015-01-01", principal=chef)
        self.plafond(montant_max=1500)
        self.plafond("famille", montant_max=3500)
        avant = [self.le(change - UN_JOUR, assure=qui) for qui in (chef, enfant)]
        self.assertEqual(self.parts(*avant), [1000, 1000])
        chef.action_changer_principal(nouveau.id, "Départ", str(change))
        bebe = self.creer_assure(naissance=str(change), principal=nouveau)
        self.dater_lien(bebe, date_debut=change)
        apres = [self.le(jour, assure=qui) for qui in (enfant, nouveau, bebe)]
        self.assertEqual(self.parts(*apres), [500, 1000, 0])
        self.assertEqual([r[1:] for r in self.restants(jour, bebe)], [(0, 1500), (3500, 0)])

    def test_veuvage_continue_la_famille(self):
        """Le survivant prend la suite sans droits à transmettre : les siens l'ont suivi, la famille continue."""
        jour = date.today() - timedelta(days=1)
        debut, change = jour - timedelta(days=100), jour - timedelta(days=20)
        chef = self.creer_assure(droits=debut)
        nouveau, enfant = [self.creer_assure(naissance=ne, principal=chef) for ne in ("1992-01-01", "2015-01-01")]
        self.plafond("famille", montant_max=1500)
        self.assertEqual(self.parts(self.le(change - 9 * UN_JOUR, assure=chef)), [1000])
        chef.droit_ids._ecrire({"date_fin": change - 2 * UN_JOUR})
        chef._ecrire({"date_deces": change - 2 * UN_JOUR, "state": "radie"})
        for survivant in (nouveau, enfant):
            self.env["cnas.droit"].create({"assure_id": survivant.id, "regime_id": self.regime.id, "origine": "maintien",
                                           "date_debut": change - UN_JOUR, "date_fin": jour, "state": "ouvert"})
        chef.action_changer_principal(nouveau.id, "Veuvage", str(change))
        self.assertEqual(self.parts(self.le(jour, assure=enfant)), [500])

    def test_changer_de_famille_garde_son_annee(self):
        """Un enfant passe de l'un à l'autre de ses parents : son année court toujours ; la famille qu'il quitte n'est plus la sienne."""
        pere, mere = self.creer_assure(droits=date(AN, 3, 20)), self.creer_assure(genre="feminin", droits=date(AN, 6, 10))
        enfant = self.creer_assure(naissance="2015-01-01", principal=pere)
        enfant.action_sortir_famille("Divorce", str(date(AN, 9, 1)))
        enfant.action_rattacher(mere.id, "enfant", str(date(AN, 9, 1)))
        self.plafond(montant_max=1500)
        self.plafond("famille", montant_max=1800)
        jours = [date(AN, 8, 1), date(AN, 9, 2), date(AN + 1, 3, 19), date(AN + 1, 3, 20)]
        feuilles = [self.le(jour, assure=enfant) for jour in jours]
        self.assertEqual(self.parts(*feuilles, self.le(date(AN, 8, 2), assure=pere)), [1000, 500, 0, 1000, 800])

    # ------------------------------------------------------------------ la famille au jour des soins
    def test_membre_detache_depuis(self):
        """Il comptait, et comptait pour un, le jour de ses soins ; ensuite il ne compte plus."""
        jour = date.today() - timedelta(days=1)
        chef = self.creer_assure(droits=jour - timedelta(days=300))
        partis = [self.creer_assure(naissance="2010-01-01", principal=chef) for _i in range(2)]
        self.plafond("famille", montant_max=1000, majoration_membre=500, seuil_membres=2)
        partis[0].action_sortir_famille("Départ", str(jour - timedelta(days=20)))
        soins = jour - timedelta(days=30)
        self.assertEqual(self.parts(self.le(soins, assure=partis[0]), self.le(soins + UN_JOUR, assure=chef)), [1000, 500])
        self.assertEqual(self.parts(self.le(soins + 2 * UN_JOUR, assure=partis[0], prestations=self.actes[1:])), [0])
        self.assertEqual(self.restants(jour, chef), [(1000, 1500, 0)])

    def test_membre_arrive_depuis(self):
        """Ses soins d'avant ne sont pas ceux de la famille qu'il a rejointe."""
        jour = date.today() - timedelta(days=1)
        chef, arrive = [self.creer_assure(droits=jour - timedelta(days=300)) for _i in range(2)]
        self.plafond("famille", montant_max=1500)
        self.assertEqual(self.parts(self.le(jour - timedelta(days=30), assure=arrive)), [1000])
        arrive.action_rattacher(chef.id, "conjoint", str(jour - timedelta(days=20)))
        feuilles = [self.le(jour - timedelta(days=n), assure=qui) for n, qui in ((29, chef), (10, arrive))]
        self.assertEqual(self.parts(*feuilles), [1000, 500])

    # ------------------------------------------------------------------ l'année, puis la feuille
    def test_annuel_avant_feuille(self):
        examen = self.prestation("examen", 5000)
        self.plafond("feuille", montant_max=1000)
        self.plafond(categorie="examen", montant_max=300)
        feuille = self.le(date(AN, 4, 1), 800, 800, prestations=[examen, self.actes[0]])
        self.assertEqual(self.parts(feuille), [1000])
        self.assertEqual(feuille.ligne_ids.mapped("montant_cnas"), [300, 700])
        self.assertEqual(self.codes(feuille), ["PLF-01", "PLF-02"])

    def test_franchise_puis_feuille(self):
        self.plafond("feuille", montant_max=1000)
        self.plafond(franchise=600)
        self.assertEqual(self.parts(self.le(date(AN, 4, 1), 1500)), [900])

    def test_reglages_asi(self):
        self.taux.taux = 70
        examen, chirurgie = self.prestation("examen", 800_000), self.prestation("acte", 1_200_000, categorie="chirurgie")
        self.plafond("feuille", montant_max=1_000_000)
        self.plafond(categorie="examen", montant_max=300_000)
        self.assertEqual(self.parts(self.le(date(AN, 4, 1), 800_000, 1_200_000, prestations=[examen, chirurgie])),
                         [1_000_000])

    def test_ce_que_la_feuille_retire_ne_se_consomme_pas(self):
        examen = self.prestation("examen", 5000)
        self.plafond("feuille", categorie="examen", montant_max=300)
        self.plafond(montant_max=1000)
        feuille = self.le(date(AN, 4, 1), 800, 800, prestations=[examen, self.actes[0]])
        self.assertEqual(self.parts(feuille, self.le(date(AN, 4, 2))), [1000, 0])
        self.assertEqual(feuille.ligne_ids.mapped("montant_cnas"), [300, 700])

    def test_plafond_de_feuille_seulement_signale(self):
        """S'il ne réduit pas, l'année compte la part entière."""
        examen = self.prestation("examen", 5000)
        self.regle("PLF-02").severite = "signalement"
        self.plafond("feuille", categorie="examen", montant_max=300)
        self.plafond(montant_max=1000)
        self.assertEqual(self.parts(self.le(date(AN, 4, 1), 800, 800, prestations=[examen, self.actes[0]])), [1000])

    def test_rejouer_garde_les_motifs(self):
        """Rejouée après d'autres, une feuille à contrôler garde ses montants et ses motifs ; grandie, elle n'excède rien."""
        self.plafond("feuille", montant_max=1000)
        self.plafond(montant_max=1500)
        self.regle("PLF-03").avis_medical = False
        self.regler("PLF-03", "seuil", "1200")
        premiere = self.le(date(AN, 4, 1), 1200)
        self.assertEqual(self.parts(premiere, self.le(date(AN, 4, 2))), [1000, 500])
        attendu = (1000, ["PLF-02", "PLF-03"])
        self.assertEqual((int(premiere.montant_cnas), self.codes(premiere)), attendu)
        self.controler(premiere)
        self.assertEqual((int(premiere.montant_cnas), self.codes(premiere)), attendu)
        premiere.anomalie_ids.filtered(lambda a: a.regle_id.code == "PLF-02")._ecrire({"state": "levee"})
        premiere._recalculer()
        self.assertEqual((int(premiere.montant_cnas), self.codes(premiere)), (1000, ["PLF-01", "PLF-03"]))

    def test_rejouer_apres_une_revision(self):
        """Ce que les feuilles d'après prennent sous un plafond relevé n'ôte rien à celle d'avant, rejouée."""
        visites = [self.prestation("acte", 1500, categorie="visite") for _i in range(4)]
        for debut, fin, montant, nombre in (("2020-01-01", date(AN, 5, 31), 2000, 2), (date(AN, 6, 1), False, 4000, 3)):
            self.plafond(debut=debut, fin=fin, montant_max=montant)
            self.plafond(debut=debut, fin=fin, categorie="visite", nombre_max=nombre)
        self.regle("PLF-03").avis_medical = False
        self.regler("PLF-03", "seuil", "1400")
        feuilles = [self.le(date(AN, mois, 1), 1500, prestations=[visite]) for mois, visite in zip((4, 5, 6, 7), visites)]
        attendu = [1500, 500, 1500, 0]
        self.assertEqual(self.parts(*feuilles), attendu)
        self.assertEqual(self.codes(feuilles[3]), ["QTE-10"])
        self.assertEqual(self.parts(*feuilles), attendu)
        self.assertEqual(self.parts(feuilles[1]), [500])

    # ------------------------------------------------------------------ franchise avant ou après le taux
    def test_franchise_avant_ou_apres_le_taux(self):
        self.taux.taux = 80
        self.plafond(franchise=600)
        self.regle("PLF-01")._dater_parametre("franchise", "avant", date(AN, 6, 1))
        apres, avant = [self.le(jour, assure=self.creer_assure()) for jour in (date(AN, 5, 31), date(AN, 6, 1))]
        self.assertEqual(self.parts(apres, avant), [200, 320])
        self.assertEqual([int(f.ligne_ids.franchise) for f in (apres, avant)], [600, 600])
        self.assertIn("Franchise, ôtée avant le taux : 600 FCFA", avant.ligne_ids.explication)
        self.assertIn("Franchise : 600 FCFA", apres.ligne_ids.explication)

    def test_franchise_levee_ne_compte_pas(self):
        """Passée outre, une franchise n'est pas retenue : la feuille suivante la doit entière."""
        self.plafond(franchise=600)
        feuille = self.le(date(AN, 4, 1))
        self.regler("PLF-03", "seuil", "1000")
        self.controler(feuille)
        feuille.anomalie_ids.filtered(lambda a: a.regle_id.code == "PLF-01")._ecrire({"state": "levee"})
        feuille._recalculer()
        self.assertEqual((int(feuille.montant_cnas), int(feuille.ligne_ids.franchise)), (1000, 0))
        self.assertEqual(self.parts(self.le(date(AN, 4, 2), 900)), [300])

    # ------------------------------------------------------------------ majoration par membre
    def test_majoration_par_membre(self):
        self.plafond("famille", montant_max=2000, majoration_membre=500, seuil_membres=2)
        jour = date(AN, 4, 1)
        chef, seul = self.creer_assure(), self.creer_assure()
        enfants = [self.creer_assure(naissance="2010-01-01", principal=chef) for _i in range(5)]
        self.dater_lien(enfants[4], date_debut=jour + UN_JOUR)  # la famille compte cinq membres ce jour-là
        self.assertEqual(self.restants(jour, chef), [(3500, 0, 3500)])
        self.assertEqual(self.restants(jour + UN_JOUR, chef), [(4000, 0, 4000)])
        self.assertEqual(self.parts(*[self.le(jour, assure=membre) for membre in (chef, *enfants[:3])]),
                         [1000, 1000, 1000, 500])
        self.assertEqual(self.parts(self.le(jour, 2500, assure=seul)), [2000])

    # ------------------------------------------------------------------ hors plafond
    def test_hors_plafond_selon_l_age(self):
        self.plafond(montant_max=700)
        exclu = self.actes[0]
        exclu.hors_plafond_enfant = "toujours"
        jour = date(AN, 4, 1)
        for naissance, attendu in ((date(AN - 30, 1, 1), 700), (date(AN - 18, 4, 1), 700), (date(AN - 18, 4, 2), 1200),
                                   (date(AN - 3, 1, 1), 1200)):
            with self.subTest(naissance=naissance):
                assure = self.creer_assure(naissance=naissance)
                self.assertEqual(self.parts(self.le(jour, 1200, assure=assure)), [attendu])
        # ce qui est hors plafond n'en consomme rien
        self.assertEqual(self.parts(self.le(jour, 1200, assure=assure, prestations=[self.actes[1]])), [700])

    def test_hors_plafond_selon_le_lieu(self):
        self.plafond(montant_max=700)
        self.plafond(categorie="autre", nombre_max=1)
        self.actes[0].hors_plafond_adulte = "hospitalisation"
        jour = date(AN, 4, 1)
        sejours = [self.le(jour + i * UN_JOUR, 1200, type_soins="hospitalisation") for i in (0, 2)]
        ambulatoires = [self.le(jour + i * UN_JOUR, 1200) for i in (5, 6)]
        self.assertEqual(self.parts(*sejours, *ambulatoires), [1200, 1200, 700, 0])
        self.assertEqual(self.codes(ambulatoires[1]), ["QTE-10"])
