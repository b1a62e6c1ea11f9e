from datetime import date
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.queue_job.job import Job

from ..liquidation import execution, moteur
from ..models.feuille_soin import controle
from .commun_moteur import JOUR, CommunMoteur


@tagged("post_install", "-at_install", "cnas")
class TestMoteurCalcul(CommunMoteur):
    """Le calcul d'une ligne, franc par franc, et l'état d'arrivée de la feuille."""

    def test_cas_courant_se_valide_seul(self):
        feuille = self.feuille((self.consultation, 1, 1500), (self.comprime, 6, 200))
        self.controler(feuille)
        self.assertEqual(feuille.state, "validee")
        self.assertFalse(feuille.anomalie_ids)
        self.assertTrue(feuille.automatique)
        self.assertRecordValues(feuille.ligne_ids, [
            {"tarif": 1500, "quantite_retenue": 1, "montant_base": 1500, "taux": 80, "montant_cnas": 1200,
             "ticket_moderateur": 300, "depassement": 0, "montant_rejete": 0, "decision": "acceptee"},
            {"tarif": 200, "quantite_retenue": 6, "montant_base": 1200, "taux": 80, "montant_cnas": 960,
             "ticket_moderateur": 240, "depassement": 0, "montant_rejete": 0, "decision": "acceptee"},
        ])
        self.verifier_equilibre(feuille)

    def test_exemple_de_l_explication(self):
        consultation = self.prestation("acte", 1500, quantite_max=3)
        feuille = self.feuille((consultation, 5, 1500))
        self.controler(feuille)
        self.assertRecordValues(feuille.ligne_ids, [{
            "quantite_retenue": 3, "montant_base": 4500, "montant_cnas": 3600, "ticket_moderateur": 900,
            "depassement": 3000, "decision": "abattue"}])
        self.assertEqual(
            feuille.ligne_ids.explication.replace("\u00a0", " "),
            "tarif 1 500 au 12/03/2026, niveau 2 ; 3 retenues sur 5 (QTE-01) ; 80 % ; part CNAS 3 600 ; ticket 900 ; "
            "dépassement 3 000")
        self.assertIn(feuille.ligne_ids.explication, str(feuille.calcul_explique).replace("&nbsp;", "\u00a0"))
        self.assertEqual(feuille.state, "validee")

    def test_demi_franc_arrondi_au_dessus(self):
        self.env["cnas.taux"].search([("regime_id", "=", self.regime.id)]).taux = 50
        for prix, part in ((1, 1), (3, 2), (4, 2), (5, 3)):
            with self.subTest(prix=prix):
                feuille = self.feuille((self.prestation("acte", prix), 1, prix))
                self.controler(feuille)
                self.assertEqual((feuille.montant_cnas, feuille.ticket_moderateur), (part, prix - part))

    def test_taux_a_decimales(self):
        self.env["cnas.taux"].search([("regime_id", "=", self.regime.id)]).taux = 33.33
        feuille = self.feuille((self.prestation("acte", 10000), 1, 10000))
        self.controler(feuille)
        self.assertEqual((feuille.montant_cnas, feuille.ticket_moderateur), (3333, 6667))

    def test_taux_du_plus_precis_au_plus_general(self):
        self.env["cnas.taux"].create([
            {"regime_id": self.regime.id, "taux": 60, "type_prestation": "medicament", "date_debut": "2020-01-01"},
            {"regime_id": self.regime.id, "taux": 90, "nature": "ald", "date_debut": "2020-01-01"},
            {"regime_id": self.regime.id, "taux": 95, "nature": "ald", "type_prestation": "medicament",
             "date_debut": "2026-03-12"}])
        ald = self.pathologie(ald=True)
        cas = ((self.palu, self.comprime, JOUR, 60), (self.palu, self.consultation, JOUR, 80),
               (ald, self.consultation, JOUR, 90), (ald, self.comprime, JOUR, 95),
               (ald, self.comprime, date(2026, 3, 11), 90))
        for patho, prestation, jour, taux in cas:
            with self.subTest(patho=patho.code, prestation=prestation.code, jour=jour):
                feuille = self.feuille((prestation, 1, 100), pathologie_id=patho.id, date_soins=jour,
                                       assure_id=self.creer_assure().id)
                self.controler(feuille)
                self.assertEqual(feuille.ligne_ids.taux, taux)

    def test_tarif_du_niveau_exact_sinon_tous(self):
        acte = self.prestation("acte", 1000)
        self.tarif(acte, 1400, niveau=2, debut="2026-01-01", fin="2026-06-30")
        for jour, tarif in ((date(2025, 12, 31), 1000), (date(2026, 1, 1), 1400), (date(2026, 6, 30), 1400),
                            (date(2026, 7, 1), 1000)):
            with self.subTest(jour=jour):
                feuille = self.feuille((acte, 1, 2000), date_soins=jour)
                self.controler(feuille)
                self.assertEqual(feuille.ligne_ids.tarif, tarif)
                self.assertEqual(feuille.ligne_ids.montant_base, tarif)

    def test_cotation(self):
        lettre = self.env["cnas.lettre_cle"].create({"code": "ZK", "name": "Lettre d'essai"})
        self.env["cnas.config_lettre_cle"].create(
            {"lettre_cle_id": lettre.id, "montant": 333, "date_debut": "2020-01-01"})
        acte = self.prestation("acte", mode_tarif="cotation", lettre_cle_id=lettre.id, coefficient=1.5)
        feuille = self.feuille((acte, 1, 600))
        self.controler(feuille)
        self.assertEqual(feuille.ligne_ids.tarif, 500)  # 499,5 → 500
        self.assertEqual((feuille.montant_cnas, feuille.ticket_moderateur, feuille.depassement), (400, 100, 100))

    def places_sur_le_disque(self, feuille):
        """Rend où la base garde la feuille, ses lignes et ses anomalies : récrire déplace."""
        self.env.cr.execute("""
            SELECT ctid FROM cnas_feuille_soin WHERE id = %(id)s
             UNION ALL (SELECT ctid FROM cnas_feuille_soin_ligne WHERE feuille_id = %(id)s ORDER BY id)
             UNION ALL (SELECT ctid FROM cnas_anomalie WHERE feuille_id = %(id)s ORDER BY id)""", {"id": feuille.id})
        return self.env.cr.fetchall()

    def test_rejouer_ne_change_rien(self):
        cher = self.prestation("acte", 1000, quantite_max=2)
        feuille = self.feuille((cher, 3, 1200), (self.comprime, 1, 200), (self.comprime, 1, 200))
        self.regle("QTE-01").severite = "signalement"
        self.controler(feuille)
        self.assertEqual(feuille.state, "controle")
        avant = feuille.read(), feuille.ligne_ids.read(), feuille.anomalie_ids.read()
        places = self.places_sur_le_disque(feuille)
        self.controler(feuille)
        self.assertEqual(self.places_sur_le_disque(feuille), places, "rien n'a été récrit")
        for ancien, nouveau in zip(avant, (feuille.read(), feuille.ligne_ids.read(), feuille.anomalie_ids.read())):
            self.assertEqual(ancien, nouveau)

    def test_regle_eteinte_laisse_son_constat(self):
        """Une règle éteinte n'a rien réévalué : son constat reste, et la feuille attend toujours un humain."""
        self.regle("PLF-03").avis_medical = False
        self.regler("PLF-03", "seuil", "1000")
        feuille = self.feuille((self.consultation, 1, 1500))
        self.controler(feuille)
        self.assertEqual((feuille.state, self.codes(feuille)), ("controle", ["PLF-03"]))
        self.regle("PLF-03")._ecrire({"active": False})
        self.controler(feuille)
        self.assertEqual((feuille.state, self.codes(feuille)), ("controle", ["PLF-03"]))
        feuille.anomalie_ids._ecrire({"state": "levee"})
        self.controler(feuille)
        self.assertEqual(feuille.state, "validee")

    def test_passage_partiel_ne_touche_que_ses_regles(self):
        """Revoir la complétude n'efface pas ce que d'autres règles ont constaté."""
        self.regle("PLF-03").avis_medical = False
        self.regler("PLF-03", "seuil", "1000")
        feuille = self.feuille((self.consultation, 1, 1500))
        self.controler(feuille)
        feuille._calculer_recevabilite()
        self.assertEqual(self.codes(feuille), ["PLF-03"])
        self.controler(feuille)
        self.assertEqual(self.codes(feuille), ["PLF-03"])

    def test_revision_humaine_prime(self):
        feuille = self.feuille((self.prestation("acte", 1000, quantite_max=2), 5, 1500))
        self.regle("TAR-01").severite = "signalement"
        self.controler(feuille)
        self.assertEqual(feuille.state, "controle")
        feuille.ligne_ids._ecrire({"quantite_revue": 4, "prix_revu": 900, "motif_revue": "vu au dossier"})
        feuille._recalculer()
        self.assertEqual((feuille.ligne_ids.quantite_retenue, self.codes(feuille)), (2, ["QTE-01"]), "une révision se coupe aussi")
        feuille.ligne_ids.write({"motif_revue": "vu au dossier, quatre"})
        self.assertEqual(feuille.state, "controle")
        self.assertEqual((feuille.ligne_ids.quantite_retenue, feuille.montant_base), (4, 3600))
        self.assertFalse(self.codes(feuille))
        self.assertEqual(self.codes(feuille, "levee"), ["QTE-01"])
        self.verifier_equilibre(feuille)

    def test_un_controleur_ne_releve_pas_ce_qu_une_regle_a_coupe(self):
        """1 608 → 12 008 : quantité au-dessus du maximum, prix au-dessus du tarif, accord médical dépassé."""
        feuille = self.feuille((self.prestation("acte", 1000, quantite_max=2), 5, 3000), (self.comprime, 1, 10))
        self.regle("CLI-07").active = True
        self.controler(feuille)
        feuille._ecrire({"state": "controle"})
        ligne, avant = feuille.ligne_ids[0], feuille.montant_cnas
        controleur, superviseur = (new_test_user(self.env, f"outre_{role}", groups=f"cnas_base.group_{role}")
                                   for role in ("controleur", "superviseur"))
        for vals in ({"quantite_revue": 5}, {"prix_revu": 3000}, {"quantite_revue": 5, "prix_revu": 3000}, {"quantite_revue": 3}):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, "passer outre"), self.cr.savepoint():
                ligne.with_user(controleur).write({**vals, "motif_revue": "ok"})
        self.assertEqual((feuille.montant_cnas, self.codes(feuille)), (avant, ["QTE-01", "TAR-01"]))
        ligne.with_user(controleur).write({"quantite_revue": 1, "motif_revue": "une seule séance"})
        self.assertEqual(ligne.montant_base, 1000)
        ligne.with_user(superviseur).write({"quantite_revue": 4, "motif_revue": "quatre séances au dossier"})
        self.assertEqual((ligne.quantite_retenue, ligne.montant_base), (4, 4000))
        levee = feuille.anomalie_ids.filtered(lambda a: a.regle_id.code == "QTE-01")
        self.assertEqual((levee.state, levee.justification, levee.levee_par_id), ("levee", "quatre séances au dossier", superviseur))
        self.assertEqual((levee.montant_avant, levee.montant_apres), (12000, 6000))
        self.assertEqual(self.codes(feuille), ["TAR-01"])
        for vals in ({"quantite_revue": 5}, {"quantite_revue": 0}):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, "passer outre"), self.cr.savepoint():
                ligne.with_user(controleur).write({**vals, "motif_revue": "encore"})
        ligne.with_user(controleur).write({"quantite_revue": 3, "motif_revue": "trois"})
        self.assertEqual((ligne.montant_base, self.codes(feuille, "levee")), (3000, ["QTE-01"]))
        self.verifier_equilibre(feuille)

    def test_rejet_humain_d_une_ligne(self):
        feuille = self.feuille((self.consultation, 1, 1500), (self.comprime, 1, 200))
        self.regle("CLI-07").active = True
        feuille.ligne_ids[0]._ecrire({"rejet_revu": True, "motif_revue": "non fait"})
        self.controler(feuille)
        self.assertEqual(feuille.ligne_ids.mapped("decision"), ["rejetee", "acceptee"])
        self.assertEqual((feuille.montant_cnas, feuille.montant_rejete), (160, 1500))

    def test_lot_et_ordre(self):
        """Trois feuilles de deux familles : ensemble, dans un sens ou dans l'autre, une à une ou par petits bouts, même résultat."""
        def trio():
            assure = self.creer_assure()
            feuilles = [self.feuille((self.pansement, 1, 1000), assure_id=assure.id) for _i in range(2)]
            return [*feuilles, self.feuille(assure_id=self.creer_assure().id)]

        def portrait(feuilles):
            return [(f.state, f.montant_cnas, self.codes(f)) for f in feuilles]

        ensemble, envers, un_a_un, decoupe = trio(), trio(), trio(), trio()
        self.controler(*ensemble)
        self.controler(*reversed(envers))
        for feuille in un_a_un:
            self.controler(feuille)
        with patch(f"{moteur.__name__}.BLOC", 1), patch(f"{execution.__name__}.TRANCHE", 1), patch(f"{execution.__name__}.GRAND_LOT", 0):
            self.controler(*decoupe)
        attendu = [("validee", 800, []), ("rejetee", 0, ["DBL-01"]), ("validee", 1200, [])]
        self.assertEqual(portrait(ensemble), attendu)
        self.assertEqual(portrait(envers), attendu)
        self.assertEqual(portrait(un_a_un), attendu)
        self.assertEqual(portrait(decoupe), attendu)

    def test_requetes_constantes(self):
        def lot(nombre):
            assures = [self.creer_assure() for _i in range(nombre)]
            feuilles = [self.feuille((self.consultation, 1, 1600), (self.comprime, 2, 200), assure_id=a.id)
                        for a in assures]
            return self.env["cnas.feuille_soin"].concat(*feuilles)

        comptes = []
        for nombre in (3, 3, 60):
            feuilles = lot(nombre)
            self.env.flush_all()
            self.env.invalidate_all()
            avant = self.env.cr.sql_log_count
            feuilles._controler()
            comptes.append(self.env.cr.sql_log_count - avant)
        self.assertEqual(comptes[1], comptes[2])

    def test_grand_lot_en_tache_de_fond(self):
        """Au-dessus du seuil, le contrôle devient un lot de tâches ; rejouer une tâche ne change rien."""
        feuilles = self.env["cnas.feuille_soin"].concat(
            *[self.feuille((self.pansement, 1, 1000), assure_id=self.creer_assure().id) for _i in range(5)])
        with patch(f"{controle.__name__}.TAILLE_LOT", 2), \
                patch.object(type(self.env["cnas.lot"]), "_tout_de_suite", lambda lot, tranches: False):
            lot = feuilles._lancer_controle()
        taches = lot.sudo().tache_ids
        self.assertEqual((lot.total, len(taches)), (5, 3))
        self.assertEqual(set(feuilles.mapped("state")), {"deposee"})
        for tache in (taches[0], *taches):
            Job.load(self.env, tache.uuid).perform()
        self.assertEqual(set(feuilles.mapped("state")), {"validee"})
