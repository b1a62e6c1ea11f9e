from datetime import date

from odoo.tests import tagged

from odoo.addons.cnas_feuilles_soin.tests.commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestDroits(CommunFeuille):
    """« À jour de cotisations » : éteinte à la livraison ; allumée, elle ferme avec son motif, et payer rouvre."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.regle = cls.env.ref("cnas_cotisations.regle_drt_11")
        cls.employeur = cls.env["cnas.employeur"].create({"raison_sociale": "Menuiserie du Chari", "type_employeur": "ong"})
        cls.employeur.action_activer()
        cls.env["cnas.emploi"].create([{"assure_id": a.id, "employeur_id": cls.employeur.id, "date_debut": "2020-01-01"}
                                       for a in cls.assure | cls.enfant])
        cls.compte = cls.env["cnas.cotisant"]._de(cls.employeur)[cls.employeur]
        cls.appel = cls.env["cnas.appel_cotisation"]._emettre([{
            "sorte": "initial", "cotisant_id": cls.compte.id, "periode": date(2026, 3, 1),
            "lignes": [{"part_employeur": 700, "part_salarie": 300}]}])
        cls.appel._ecrire({"date_echeance": date(2026, 4, 15)})

    def controlee(self, reference="R-COT", **champs):
        """Rend une feuille importée et contrôlée."""
        resultat = self.env["cnas.feuille_soin"].with_user(self.agent).importer([self.dossier(reference, **champs)])[0]
        feuille = self.env["cnas.feuille_soin"].browse(resultat["id"])
        feuille.with_user(self.controleur).action_controler()
        return feuille.sudo()

    def motifs(self, feuille):
        return feuille.anomalie_ids.filtered(lambda a: a.regle_id == self.regle).mapped("message")

    def test_eteinte_a_la_livraison(self):
        self.assertFalse(self.regle.active)
        self.assertFalse(self.motifs(self.controlee()))

    def test_fermer_payer_rouvrir(self):
        self.regle.active = True
        feuille = self.controlee()
        self.assertEqual((feuille.state, self.motifs(feuille)), ("rejetee", ["Cotisations impayées depuis le 15/04/2026"]))
        self.assertFalse(self.motifs(self.controlee("R-URG", urgence=True)), "une urgence passe")
        self.assertFalse(self.motifs(self.controlee("R-ENF", matricule=self.enfant.matricule)), "un enfant passe")
        self.env["cnas.encaissement"].with_user(self.finance).create({
            "cotisant_id": self.compte.id, "montant": 1_000, "mode": "virement", "reference": "V1"})
        self.assertTrue(feuille.reprise_ids, "payer reprend la feuille")
        self.assertEqual(feuille.reprise_ids.date_depot, feuille.date_depot)
        self.assertFalse(self.motifs(self.controlee("R-APRES")))

    def test_grace_et_recours(self):
        self.regle.active = True
        self.appel._ecrire({"date_echeance": date(2026, 10, 20)})
        self.assertFalse(self.motifs(self.controlee()), "le délai de grâce court")
        self.appel._ecrire({"date_echeance": date(2026, 4, 15)})
        self.env["cnas.recouvrement"]._ouvrir(self.compte).action_suspendre("Recours")
        self.assertFalse(self.motifs(self.controlee("R-REC")), "un recours vaut accord")

    def test_un_complement_ou_un_echeancier_rouvre(self):
        """Ce qui éteint la dette sans versement, ou l'échelonne, rouvre comme payer."""
        self.regle.active = True
        feuille = self.controlee()
        complement = self.env["cnas.appel_cotisation"].with_user(self.agent).create({
            "origine_id": self.appel.id, "montant_employeur": -700, "montant_salarie": -300, "motif": "Déclaré deux fois"})
        complement.with_user(self.superviseur).action_emettre()
        self.assertTrue(feuille.reprise_ids, "un complément qui ôte tout")
        nouvel = self.env["cnas.appel_cotisation"]._emettre([{
            "sorte": "initial", "cotisant_id": self.compte.id, "periode": date(2026, 4, 1), "lignes": [{"part_employeur": 700, "part_salarie": 300}]}])
        nouvel._ecrire({"date_echeance": date(2026, 4, 15)})
        self.env.flush_all()
        self.env.cr.execute("UPDATE account_move_line SET date_maturity = '2026-04-15' WHERE id = ANY(%s)",
                            [(self.appel | nouvel).ligne_due_id.ids])
        self.env.invalidate_all()
        feuille = self.controlee("R-ECH")
        self.assertEqual(feuille.state, "rejetee")
        dossier = self.env["cnas.recouvrement"]._ouvrir(self.compte)
        dossier.with_user(self.agent).action_relancer()
        dossier._changer_etat("mise_en_demeure")
        dossier.with_user(self.superviseur).action_echelonner(2, "2026-12-01")
        self.assertTrue(feuille.reprise_ids, "un échéancier accordé")

    def test_une_requete_de_plus(self):
        """La règle allumée ne coûte qu'une lecture de plus, quel que soit le nombre de feuilles."""
        feuille = self.controlee()
        eteinte = self.requetes(lambda: feuille._simuler(("DRT-02", "DRT-11")))
        self.regle.active = True
        self.assertLessEqual(self.requetes(lambda: feuille._simuler(("DRT-02", "DRT-11"))) - eteinte, 2)
