import inspect
import re
from datetime import date, timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..liquidation import catalogue
from .commun_feuille import PDF, CommunFeuille
from .commun_moteur import JOUR, CommunMoteur


@tagged("post_install", "-at_install", "cnas")
class TestLever(CommunFeuille):
    """Qui a fait ce que dit la feuille, ou révisé la ligne, ne lève pas ses anomalies."""

    def setUp(self):
        super().setUp()
        self.agent.groups_id = [(4, self.env.ref("cnas_base.group_controleur").id)]
        self.feuille = self.deposee()
        self.feuille._controler(changer_etat=False)
        self.feuille._ecrire({"state": "controle"})
        self.anomalie = self.signaler(self.feuille)

    def signaler(self, feuille, severite="signalement", ligne=None):
        regle = self.env["cnas.regle_controle"].search([], limit=1)
        return self.env["cnas.anomalie"]._creer([{
            "feuille_id": feuille.id, "ligne_id": ligne and ligne.id, "regle_id": regle.id, "severite": severite,
            "message": "À voir"}])

    def refuse(self, anomalie, usager):
        self.assertFalse(anomalie.with_user(usager).peut_lever)
        with self.assertRaisesRegex(UserError, "Quatre yeux"), self.cr.savepoint():
            anomalie.with_user(usager).action_lever("Vu")

    def test_qui_a_saisi_ou_depose(self):
        self.refuse(self.anomalie, self.agent)
        brouillon = self.brouillon(user=self.agent2)
        brouillon.with_user(self.controleur).action_deposer()
        brouillon._ecrire({"state": "controle"})
        self.refuse(self.signaler(brouillon), self.controleur)
        self.anomalie.with_user(self.controleur).action_lever("Vu")
        self.assertEqual(self.anomalie.state, "levee")

    def test_qui_a_saisi_une_ligne(self):
        brouillon = self.brouillon(user=self.agent2)
        brouillon.with_user(self.controleur).write({"ligne_ids": [
            (0, 0, {"prestation_id": self.medicament.prestation_id.id, "quantite": 1, "prix_unitaire": 200})]})
        brouillon.with_user(self.agent2).action_deposer()
        brouillon._ecrire({"state": "controle"})
        self.refuse(self.signaler(brouillon), self.controleur)
        for action in ("valider", "rejeter", "reviser", "constater", "prendre"):
            with self.subTest(action), self.assertRaisesRegex(UserError, "Quatre yeux"):
                brouillon.with_user(self.controleur)._exiger(action)
        with self.assertRaisesRegex(UserError, "choisissez un autre"):
            brouillon.with_user(self.superviseur).action_affecter(self.controleur.id)

    def test_qui_a_revu_la_ligne(self):
        ligne, autre = self.feuille.ligne_ids
        ligne.with_user(self.controleur).write({"quantite_revue": 1, "prix_revu": 1000, "motif_revue": "Prix"})
        self.refuse(self.signaler(self.feuille, ligne=ligne), self.controleur)
        generale = self.signaler(self.feuille)
        self.refuse(generale, self.controleur)
        self.signaler(self.feuille, ligne=autre).with_user(self.controleur).action_lever("Autre ligne")
        generale.with_user(self.controleur2).action_lever("Vu")

    def test_qui_a_rectifie(self):
        feuille = self.deposee("R-9", total=2800, matricule=self.enfant.matricule)
        feuille._controler()
        self.assertEqual(feuille.state, "instance")
        feuille.with_user(self.controleur).action_accepter_total()
        feuille._ecrire({"state": "controle"})
        self.refuse(self.signaler(feuille), self.controleur)

    def test_reprise(self):
        """Les faits d'une reprise sont ceux du rejet : qui les a saisis ne juge pas la reprise."""
        self.feuille.with_user(self.controleur).action_rejeter("Non")
        reprise = self.feuilles.browse(self.feuille.with_user(self.agent2).action_reprendre()["res_id"])
        reprise.with_user(self.agent2).action_deposer()
        reprise._ecrire({"state": "controle"})
        self.refuse(self.signaler(reprise), self.agent)

    def test_qui_a_passe_outre_ne_valide_pas(self):
        self.signaler(self.feuille, "rejet").with_user(self.superviseur).action_lever("Urgence vitale")
        self.feuille.anomalie_ids.filtered(lambda a: a.state == "ouverte")._ecrire({"state": "levee"})
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            self.feuille.with_user(self.superviseur).action_valider()
        self.feuille.with_user(self.controleur2).action_valider()
        self.assertEqual(self.feuille.state, "validee")

    def test_autant_de_requetes_pour_dix_que_pour_deux(self):
        feuilles = self.feuilles.browse()
        for rang in range(12):
            feuilles |= self.deposee(f"Q-{rang}")
        comptes = []
        for lot in (feuilles[:2], feuilles[2:]):
            lot._ecrire({"controleur_id": False})
            self.env.flush_all()
            self.env.invalidate_all()
            avant = self.cr.sql_log_count
            lot._auteurs_par_feuille()
            comptes.append(self.cr.sql_log_count - avant)
        self.assertEqual(comptes[0], comptes[1])


@tagged("post_install", "-at_install", "cnas")
class TestReglesForgees(CommunFeuille):
    """Ce qui règle une règle ne se forge pas : ni ligne rattachée, ni ligne avancée, ni champ que le catalogue lit."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.magasin = cls.env["cnas.parametre"]
        cls.admin = new_test_user(cls.env, "admin_forge", groups="cnas_base.group_administrateur")
        cls.regle = cls.env["cnas.regle_controle"].search([("code", "=", "REC-07")])
        cls.demain = fields.Date.context_today(cls.feuilles) + timedelta(days=1)
        cls.hier = cls.demain - timedelta(days=2)

    def refuse(self, quoi, geste):
        avant = self._en_vigueur()
        with self.subTest(quoi), self.assertRaises(UserError), self.cr.savepoint():
            geste()
            self.env.flush_all()
            self.fail(f"accepté : {quoi} ; {avant} → {self._en_vigueur()}")

    def _en_vigueur(self):
        self.env.flush_all()
        self.cr.execute("""
            SELECT r.code, p.valeur FROM cnas_regle_parametre r JOIN cnas_parametre p ON p.id = r.parametre_id
             WHERE r.regle_id = %s AND p.date_debut <= %s ORDER BY 1, 2""", [self.regle.id, fields.Date.today()])
        return self.cr.fetchall()

    def test_rattacher_une_ligne_en_vigueur(self):
        libre = self.magasin.with_user(self.admin).create({
            "code": "bidon", "name": "Bidon", "famille": "regles", "type_valeur": "texte", "valeur": "signalement",
            "date_debut": "1970-01-01"})
        liens = self.env["cnas.regle_parametre"].with_user(self.admin)
        lien = {"regle_id": self.regle.id, "code": "severite"}
        self.refuse("create", lambda: liens.create({**lien, "parametre_id": libre.id}))
        self.refuse("default_", lambda: liens.with_context(default_parametre_id=libre.id).create(
            {**lien, "valeur": "signalement", "date_debut": "1970-01-01"}))
        self.refuse("o2m du magasin", lambda: libre.write({"regle_parametre_ids": [(0, 0, lien)]}))
        self.refuse("o2m de la règle", lambda: self.regle.with_user(self.admin).write(
            {"parametre_ids": [(0, 0, {"code": "severite", "parametre_id": libre.id})]}))
        existant = self.regle.parametre_ids[0].with_user(self.admin)
        self.refuse("write", lambda: existant.write({"parametre_id": libre.id}))
        self.refuse("copy d'une ligne réglant une règle, sous un autre code", lambda: existant.parametre_id.copy(
            {"code": "libre_de_tout", "valeur": "9999", "date_debut": "1970-01-01", "date_fin": False}))
        self.refuse("le code même", lambda: self.env["cnas.regle_parametre"]._creer([{**lien, "parametre_id": libre.id}]))

    def test_avancer_une_ligne_a_venir(self):
        ligne = self.env["cnas.regle_parametre"].create({
            "regle_id": self.regle.id, "code": "severite", "valeur": "signalement", "date_debut": self.demain}).with_user(self.admin)
        for jour in ("1970-01-01", str(self.hier), str(fields.Date.today()), str(self.demain + timedelta(days=3))):
            self.refuse(jour, lambda jour=jour: ligne.write({"date_debut": jour}))
            self.refuse(jour, lambda jour=jour: ligne.parametre_id.write({"date_debut": jour}))
        with self.assertRaisesRegex(UserError, "se change à deux"):
            ligne.write({"valeur": "instance"})

    def test_tout_ce_que_lit_le_catalogue_se_change_a_deux(self):
        """La liste est celle de la requête du catalogue : un champ lu demain y est, et doit se changer à deux."""
        source = inspect.getsource(catalogue.charger)
        requete = source[source.index("SELECT r.id"):]
        champs = set(re.findall(r"\w+", requete)) & self.regle._fields.keys() - {"id", "version", "motif", "parametre_ids"}
        self.assertTrue({"famille", "sequence", "severite", "avis_medical"} <= champs, champs)
        regle = self.regle.with_user(self.admin)
        autres = {"famille": "plafonds", "sequence": 1, "severite": "signalement", "avis_medical": True, "code": "REC-99",
                  "date_debut": "2026-01-01", "date_fin": "2026-01-01", "active": False, "types_formation": "centre_sante"}
        for champ in sorted(champs):
            with self.subTest(champ), self.assertRaisesRegex(UserError, "se change à deux"), self.cr.savepoint():
                regle.write({champ: autres[champ]})
        version = regle.version
        demande = self.env["cnas.changement"].browse(regle.demander_changement({"famille": "plafonds", "sequence": 5}, "Arrêté"))
        demande.with_user(self.superviseur).action_accepter()
        self.assertEqual((self.regle.famille, self.regle.sequence), ("plafonds", 5))
        self.assertGreater(self.regle.version, version)


@tagged("post_install", "-at_install", "cnas")
class TestLigneGreffee(CommunFeuille):
    """Une ligne naît et reste dans sa feuille."""

    def test_greffer(self):
        deposee, sienne, autrui = self.deposee("G-1"), self.brouillon(reference="G-2"), self.brouillon(
            user=self.agent2, reference="G-3")
        ligne = sienne.ligne_ids
        for cible in (deposee, autrui):
            for quoi, geste in (
                    ("write", lambda c: ligne.with_user(self.agent).write({"feuille_id": c.id})),
                    ("(4, id)", lambda c: c.with_user(self.agent).write({"ligne_ids": [(4, ligne.id)]})),
                    ("(6, 0, ids)", lambda c: c.with_user(self.agent).write({"ligne_ids": [(6, 0, ligne.ids)]})),
                    ("(1, id)", lambda c: c.with_user(self.agent).write({"ligne_ids": [(1, ligne.id, {"feuille_id": c.id})]})),
                    ("web_save", lambda c: ligne.with_user(self.agent).web_save({"feuille_id": c.id}, {}))):
                with self.subTest(quoi=quoi, cible=cible.reference), self.assertRaises(UserError), self.cr.savepoint():
                    geste(cible)
                    self.env.flush_all()
                ligne.invalidate_recordset()
                self.assertEqual(ligne.feuille_id, sienne, quoi)
        ligne.with_user(self.agent).write({"feuille_id": sienne.id, "quantite": 2})
        sienne.with_user(self.agent).write({"ligne_ids": [(4, ligne.id)]})
        self.assertEqual(ligne.quantite, 2)


@tagged("post_install", "-at_install", "cnas")
class TestReprise(CommunFeuille):
    """Une reprise est jugée sur tous les faits du rejet."""

    def test_tous_les_faits(self):
        carte = self.env["cnas.carte"].create({"assure_id": self.assure.id})
        entente = self.env["cnas.entente_prealable"]._creer([{
            "assure_id": self.assure.id, "formation_id": self.formation.id, "prestation_id": self.acte.prestation_id.id,
            "quantite_demandee": 1, "montant_demande": 1000}])
        feuille = self.deposee()
        faits = {
            "nouveau_ne": True, "date_naissance_declaree": date(2026, 11, 9), "rang_naissance": 2, "entente_id": entente.id,
            "attestation_nouveau_ne": True, "signature_constatee": "absente", "numero_carnet": 12, "carte_id": carte.id,
            "multi_beneficiaire": True, "cause": "maladie", "fiche_reference": "absente", "date_ordonnance": date(2026, 11, 8),
            "numero_facture_formation": "F-1", "diagnostic_clair": True, "total_declare": 2700, "urgence": True,
            "praticien_id": self.praticien.id, "date_fin_soins": date(2026, 11, 11), "enfant_id": self.enfant.id}
        feuille._ecrire({**faits, "date_decision": fields.Datetime.now()})
        feuille.ligne_ids[0]._ecrire({
            "coefficient_facture": 2, "ticket_facture": 300, "duree_jours": 4, "posologie_jour": 3})
        feuille._ecrire({"state": "controle"})
        self.env["cnas.feuille_soin.piece"].sudo().create({"feuille_id": feuille.id, "name": "p.pdf", "contenu": PDF})
        feuille._ecrire({"state": "rejetee"})
        reprise = self.feuilles.browse(feuille.with_user(self.agent).action_reprendre()["res_id"])
        attendus = {*feuille._champs_papier, *feuille._champs_constats, "enfant_id"} - {
            "reference", "ligne_ids", "diagnostic_saisi_id"}
        self.assertTrue(faits.keys() <= attendus)
        for champ in sorted(attendus):
            self.assertEqual(reprise[champ], feuille[champ], champ)
            self.assertTrue(feuille[champ], f"« {champ} » n'est pas essayé")
        saisis = [nom for nom, champ in feuille.ligne_ids._fields.items()
                  if champ.store and champ.copy and not champ.compute and nom not in ("feuille_id", *models.MAGIC_COLUMNS)]
        self.assertTrue({"duree_jours", "ticket_facture", "coefficient_facture", "posologie_jour"} <= set(saisis))
        for avant, apres in zip(feuille.ligne_ids, reprise.ligne_ids, strict=True):
            for champ in saisis:
                self.assertEqual(apres[champ], avant[champ], champ)
        self.assertEqual(reprise.piece_ids.mapped("empreinte"), feuille.piece_ids.mapped("empreinte"))


    def test_dupliquer_ne_presume_rien(self):
        """Une copie pour un autre épisode ne reprend pas ce que montrait le document de l'autre."""
        feuille = self.deposee()
        feuille._ecrire({"signature_constatee": "presente", "fiche_reference": "presente", "attestation_nouveau_ne": True,
                         "nouveau_ne": True, "date_ordonnance": "2026-11-08", "cause": "maladie"})
        copie = self.feuilles.browse(feuille.with_user(self.agent).action_dupliquer()["res_id"])
        self.assertFalse(any(copie[champ] for champ in copie._champs_constats))
        self.assertEqual((copie.assure_id, len(copie.ligne_ids)), (feuille.assure_id, 2))


@tagged("post_install", "-at_install", "cnas")
class TestEnInstance(CommunFeuille):
    """En instance, on complète ce qui manque : on ne change pas un fait, fût-ce d'un « non » à un « oui »."""

    def test_un_non_n_est_pas_un_vide(self):
        feuille = self.deposee()
        feuille.with_user(self.controleur).action_demander_pieces("Ordonnance")
        papier = {*feuille._champs_papier, *feuille._champs_constats}
        booleens = [champ for champ in papier if feuille._fields[champ].type == "boolean"]
        self.assertIn("urgence", booleens)
        for champ in booleens:
            for usager in (self.agent, self.agent2, self.controleur):
                with self.subTest(champ=champ, usager=usager.login), self.assertRaises(UserError), self.cr.savepoint():
                    feuille.with_user(usager).write({champ: True})

    def test_ce_qui_se_rectifie_a_son_geste(self):
        feuille = self.deposee()
        feuille.with_user(self.controleur).action_demander_pieces("Ordonnance")
        for vals in ({"date_fin_soins": "2026-11-20"}, {"total_declare": 2700}, {"ligne_ids": [(0, 0, {
                "prestation_id": self.medicament.prestation_id.id, "quantite": 1, "prix_unitaire": 200})]}):
            with self.subTest(vals=vals), self.assertRaises(UserError), self.cr.savepoint():
                feuille.with_user(self.agent2).write(vals)
        feuille.with_user(self.agent2).praticien_id = self.praticien

    def test_qui_complete_est_un_auteur(self):
        """Et le journal le dit, avant et après, sans le diagnostic."""
        feuille = self.brouillon(pathologie_id=False)
        feuille.action_deposer()
        self.assertEqual(feuille.state, "instance")
        feuille.with_user(self.controleur).write({"fiche_reference": "presente", "praticien_id": self.praticien.id})
        feuille.with_user(self.agent2).write({"pathologie_id": self.palu.id})
        lignes = self.env["cnas.journal"].search(
            [("modele", "=", feuille._name), ("res_id", "=", feuille.id), ("evenement", "=", "completion")], order="id")
        self.assertEqual([(li.user_id, li.avant, li.apres) for li in lignes], [
            (self.controleur, {"praticien_id": False, "fiche_reference": False},
             {"praticien_id": self.praticien.display_name, "fiche_reference": "presente"}),
            (self.agent2, {"pathologie_id": False}, {"pathologie_id": "codé"})])
        self.assertNotIn(self.palu.code, "".join(feuille.message_ids.mapped("body")))
        feuille._ecrire({"state": "controle"})
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            feuille.with_user(self.controleur).action_rejeter("Non")
        feuille.with_user(self.controleur2).action_rejeter("Non")


@tagged("post_install", "-at_install", "cnas")
class TestFaitsAppris(CommunMoteur):
    """C'est l'écriture du fait qui ramène les feuilles, non le bouton : import, tâche planifiée, changement à deux."""

    def validee(self, **champs):
        feuille = self.controler(self.feuille((self.pansement, 1, 1000), **champs))
        self.assertEqual(feuille.state, "validee")
        return feuille

    def verifier(self, feuille, code):
        self.assertEqual((feuille.state, CommunMoteur.codes(feuille)), ("controle", [code]))

    def test_suspension_de_droits_par_import(self):
        feuille = self.validee()
        self.assure.droit_ids._ecrire({"date_fin": JOUR - timedelta(days=1)})
        self.env["cnas.droit"]._creer([{
            "assure_id": self.assure.id, "regime_id": self.regime.id, "date_debut": JOUR, "motif": "Importée",
            "origine": "suspension", "state": "ferme"}])
        self.assertEqual(feuille.state, "validee", "le geste n'est pas fini")
        self.cr.flush()
        self.verifier(feuille, "DRT-02")

    def test_periode_effacee(self):
        feuille = self.validee()
        self.assure.droit_ids._supprimer()
        self.cr.flush()
        self.verifier(feuille, "DRT-02")

    def test_couper_puis_rouvrir_ne_rappelle_rien(self):
        feuille = self.validee()
        autre = self.env["cnas.regime"].create({"numero": 7, "code": "AUT", "name": "Autre régime"})
        self.assure.action_changer_regime(autre.id, "Emploi", str(JOUR))
        self.cr.flush()
        self.assertEqual(feuille.state, "validee")

    def test_lien_fini_et_justificatif_retire(self):
        enfant = self.creer_assure(naissance="2020-01-01", principal=self.assure)
        feuille = self.validee(assure_id=enfant.id)
        self.dater_lien(enfant, date_fin=JOUR - timedelta(days=1))
        self.cr.flush()
        self.verifier(feuille, "DRT-04")
        grand = self.creer_assure(naissance="2006-01-01", principal=self.assure)
        certificat = self.env["cnas.prolongation_age"].create({
            "assure_id": grand.id, "nature": "scolarite", "reference": "C-1", "date_debut": "2025-09-01", "date_fin": "2026-08-31"})
        feuille = self.validee(assure_id=grand.id)
        certificat.write({"date_fin": JOUR - timedelta(days=1)})
        self.cr.flush()
        self.verifier(feuille, "DRT-05")

    def test_ancien_membre_de_la_famille(self):
        """Une fermeture du principal datée d'avant la sortie touche aussi qui est sorti depuis."""
        enfant = self.creer_assure(naissance="2020-01-01", principal=self.assure)
        feuille = self.validee(assure_id=enfant.id)
        self.dater_lien(enfant, date_fin=JOUR + timedelta(days=30))
        enfant._ecrire({"assure_principal_id": False, "lien": False, "type_assure": "principal"})
        self.cr.flush()
        self.assure._fermer_droits(JOUR, "Fraude", "radiation")
        self.cr.flush()
        self.verifier(feuille, "DRT-02")

    def test_carte_perdue_datee(self):
        carte = self.env["cnas.carte"].create({"assure_id": self.assure.id})
        feuille = self.validee(carte_id=carte.id)
        carte._ecrire({"date_perte": JOUR})
        self.verifier(feuille, "DRT-10")

    def test_suspension_de_formation_allongee(self):
        feuille = self.validee()
        suspension = self.env["cnas.suspension"]._creer([{
            "formation_id": self.formation.id, "date_debut": JOUR - timedelta(days=9), "date_fin": JOUR - timedelta(days=5),
            "motif": "Enquête"}])
        self.assertEqual(feuille.state, "validee")
        suspension._ecrire({"date_fin": JOUR})
        self.verifier(feuille, "FOR-02")


@tagged("post_install", "-at_install", "cnas")
class TestEssaiDate(CommunMoteur):
    """À l'essai, ce qui ne change pas garde sa valeur du jour des soins : sévérité et paramètres."""

    def essayer(self, severite=None, **parametres):
        regle = self.regle("REC-07")
        actuels = {p.code: p.valeur for p in regle.parametre_ids if p.code != "severite" and p.parametre_id.en_vigueur}
        essai = self.env["cnas.essai_regle.wizard"].create({
            "regle_id": regle.id, "severite": severite or "rejet", "formation_id": self.formation.id,
            "date_debut": JOUR, "date_fin": JOUR + timedelta(days=1),
            "parametre_ids": [(0, 0, {"code": code, "actuelle": valeur, "valeur": parametres.get(code, valeur)})
                              for code, valeur in actuels.items()]})
        essai.action_essayer()
        return essai

    def test_severite_et_parametre_dates(self):
        lendemain = JOUR + timedelta(days=1)
        self.regle("REC-07")._dater_parametre("severite", "signalement", date(1970, 1, 1))
        self.regle("REC-07")._dater_parametre("severite", "rejet", lendemain)
        self.regle("REC-07")._dater_parametre("delai_tiers_payant", "30", lendemain)
        self.regle("REC-07").invalidate_recordset()
        feuilles = [self.feuille((self.pansement, 1, 1000), assure_id=self.creer_assure().id, date_soins=jour,
                                 date_depot=jour + timedelta(days=60)) for jour in (JOUR, lendemain)]
        self.controler(*feuilles)
        self.assertEqual([f.state for f in feuilles], ["validee", "rejetee"])
        essai = self.essayer()
        self.assertEqual((essai.nombre, essai.touchees), (2, 0))
        self.assertEqual(self.essayer(severite="signalement").touchees, 1)
        self.assertEqual(self.essayer(delai_tiers_payant="10").touchees, 1)

    def test_propose_et_applique_celle_du_jour(self):
        """La fiche dit « rejet », la valeur datée « signalement » : c'est elle qu'on propose et qu'on compare."""
        regle = self.regle("REC-07")
        self.assertEqual(regle.severite, "rejet")
        regle._dater_parametre("severite", "signalement", date(1970, 1, 1))
        regle.invalidate_recordset()
        neuf = self.env["cnas.essai_regle.wizard"].new({"regle_id": regle.id})
        neuf._onchange_regle_id()
        self.assertEqual(neuf.severite, "signalement")
        self.controler(self.feuille((self.pansement, 1, 1000)))
        essai = self.essayer(severite="signalement")
        essai.date_effet = fields.Date.context_today(essai) + timedelta(days=5)
        essai.action_appliquer()
        self.assertEqual(len(regle.parametre_ids.filtered(lambda p: p.code == "severite")), 1)
        retour = self.essayer(severite="rejet")
        retour.date_effet = fields.Date.context_today(essai) + timedelta(days=5)
        demande = self.env["cnas.changement"].browse(retour.action_appliquer()["res_id"])
        demande._changer_etat("accepte")
        demande._appliquer()
        regle.invalidate_recordset()
        self.assertEqual(sorted(regle.parametre_ids.filtered(lambda p: p.code == "severite").mapped("valeur")),
                         ["rejet", "signalement"])


@tagged("post_install", "-at_install", "cnas")
class TestParLots(CommunMoteur):
    """Signaler, rectifier : autant de requêtes pour beaucoup que pour peu ; ce qui attend ne se rappelle pas."""

    def test_plafond_libere(self):
        self.env["cnas.plafond"].create({
            "regime_id": self.regime.id, "portee": "beneficiaire", "montant_max": 800, "date_debut": "2020-01-01"})
        comptes = []
        for nombre in (2, 2, 8):  # la première fois remplit les caches
            acte, autres = self.prestation("acte", 1000), [self.prestation("acte", 100) for _rang in range(nombre)]
            qui = self.creer_assure().id
            prise = self.feuille((acte, 1, 1000), assure_id=qui)
            reduites = [self.feuille((autre, 1, 100), assure_id=qui, date_soins=JOUR + timedelta(days=rang + 1))
                        for rang, autre in enumerate(autres)]
            self.controler(prise, *reduites)
            comptes.append(self.requetes(lambda prise=prise: prise.action_annuler("Erreur")))
            self.assertTrue(all(f.plafond_libere for f in reduites))
            messages = len(reduites[0].message_ids)
            prise._signaler_plafonds_liberes(prise.assure_id.famille_id.ids, JOUR, JOUR + timedelta(days=30))
            self.assertEqual(len(reduites[0].message_ids), messages, "déjà signalée, elle attend son rejeu")
        self.assertEqual(comptes[1], comptes[2])

    def test_accepter_des_totaux(self):
        comptes = []
        for nombre in (2, 2, 8):
            feuilles = self.controler(*(self.feuille(total_declare=1600 + rang, assure_id=self.creer_assure().id)
                                        for rang in range(nombre)))
            self.assertEqual(set(feuilles.mapped("state")), {"instance"})
            comptes.append(self.requetes(lambda feuilles=feuilles: feuilles.action_accepter_total()))
            self.assertEqual(set(feuilles.mapped("state")), {"deposee"})
        self.assertEqual(comptes[1], comptes[2])
