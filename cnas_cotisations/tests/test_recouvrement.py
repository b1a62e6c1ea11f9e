from datetime import date, datetime

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .commun import CasCotisations


@tagged("post_install", "-at_install", "cnas")
class TestRecouvrement(CasCotisations):
    """De la relance à la taxation, à deux, chaque étape datée et prouvée ; un recours suspend tout."""

    def a(self, annee, mois, jour):
        gel = freeze_time(datetime(annee, mois, jour, 9), tick=True)
        gel.start()
        self.addCleanup(gel.stop)
        self.env.invalidate_all()

    def dossier(self):
        self.a(2026, 12, 20)  # l'appel de septembre est échu le 10
        dossier = self.env["cnas.recouvrement"]._ouvrir(self.compte())
        return dossier.with_user(self.agent)

    def test_parcours(self):
        appel = self.valider()
        dossier = self.dossier()
        self.assertEqual((dossier.state, dossier.echu), ("relance", 30_000))
        with self.assertRaisesRegex(UserError, "relancez d'abord"):
            dossier.with_user(self.superviseur).action_mettre_en_demeure()
        dossier.action_relancer()
        acte = dossier.acte_ids
        self.assertEqual((acte.sorte, acte.montant, acte.state), ("relance", 30_000, "etabli"))
        tableau = acte.rangs
        self.assertEqual([rang[0] for rang in tableau], [appel.numero])
        with self.assertRaisesRegex(UserError, "référence de l'envoi"):
            acte.with_user(self.agent).action_envoyer()
        acte.with_user(self.agent).write({"date_envoi": "2026-12-20", "mode_envoi": "recommande", "reference_envoi": "RR 12"})
        acte.with_user(self.agent).action_envoyer()
        with self.assertRaisesRegex(UserError, "ne change plus"):
            acte.with_user(self.agent).write({"reference_envoi": "RR 13"})
        self.assertTrue(acte.sudo()._pdf().startswith(b"%PDF"))
        with self.assertRaises(AccessError):
            dossier.action_mettre_en_demeure()
        with self.assertRaisesRegex(UserError, "laisse jusqu'au"):
            dossier.with_user(self.superviseur).action_mettre_en_demeure()
        self.a(2027, 2, 12)
        chef = dossier.with_user(self.superviseur)
        chef.action_mettre_en_demeure()
        self.assertEqual(chef.state, "mise_en_demeure")
        chef.action_majorer()  # échu le 10/12 : deux mois entiers, 1 % chacun
        majoration = self.compte().appel_ids.filtered(lambda a: a.sorte == "majoration")
        self.assertEqual((majoration.montant, majoration.ligne_ids.mois, majoration.ligne_ids.taux_majoration), (600, 2, 2))
        self.assertEqual(majoration.move_id.line_ids.filtered("credit").account_id, self.societe.cnas_compte_majoration_id)
        with self.assertRaisesRegex(UserError, "aucun mois de retard"):
            chef.action_majorer()
        with self.assertRaisesRegex(UserError, "première échéance|Première échéance"):
            chef.action_echelonner(3, "2027-08-01")
        chef.action_echelonner(3, "2027-03-01")
        self.assertEqual((chef.state, sum(chef.echeance_ids.mapped("montant"))), ("echeancier", 30_000))
        self.assertTrue(self.employeur._situation_cotisations()["a_jour"], "un échéancier tenu vaut accord")
        self.assertFalse(self.employeur._situation_cotisations(date(2027, 2, 11))["a_jour"], "il n'était pas accordé la veille")
        self.a(2027, 3, 2)
        self.env["cnas.recouvrement"]._du_jour()
        self.assertEqual(chef.state, "mise_en_demeure", "une échéance impayée rompt l'échéancier")
        self.encaisser(30_600, jour="2027-03-02")
        self.env.invalidate_all()
        self.assertEqual((chef.state, appel.reste), ("clos", 0))
        self.assertEqual(acte.rangs, tableau, "une lettre redit ce qu'elle réclamait, une fois tout payé")

    def test_quatre_yeux_et_recours(self):
        self.valider()
        dossier = self.dossier().with_user(self.superviseur)
        dossier.action_relancer()
        self.a(2027, 1, 20)
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            dossier.action_mettre_en_demeure()
        dossier.action_suspendre("Recours gracieux du 19 janvier")
        self.assertEqual((dossier.state, dossier.etat_avant), ("suspendu", "relance"))
        with self.assertRaisesRegex(UserError, "à l'état"):
            dossier.action_relancer()
        dossier.action_reprendre("Recours rejeté")
        self.assertEqual(dossier.state, "relance")

    def test_taxation_d_office(self):
        self.valider("2026-09-01")
        dossier = self.dossier()
        dossier.action_relancer()
        self.a(2027, 1, 20)
        chef = dossier.with_user(self.superviseur)
        chef.action_mettre_en_demeure()
        chef.action_taxer()
        taxes = self.compte().appel_ids.filtered(lambda a: a.sorte == "taxation")
        self.assertIn(date(2026, 10, 1), taxes.mapped("periode"))
        self.assertEqual(set(taxes.mapped("montant")), {37_500}, "la moyenne, plus un quart")
        with self.assertRaisesRegex(UserError, "aucun mois non déclaré"):
            chef.action_taxer()
        self.valider("2026-10-01")
        self.env.invalidate_all()
        self.assertEqual(taxes.filtered(lambda a: a.periode == date(2026, 10, 1)).state, "annule", "la déclaration validée remplace la taxation")

    def test_une_lettre_dit_ses_mois_dans_la_langue_de_son_lecteur(self):
        """L'agent lit en français, l'employeur en arabe : le tableau et les mois taxés que la lettre fige sont en arabe."""
        self.env["res.lang"]._activate_lang("ar_001")
        self.employeur._ecrire({"langue": "ar_001"})
        self.valider("2026-09-01")
        dossier = self.dossier()
        dossier.action_relancer()
        self.a(2027, 1, 20)
        chef = dossier.with_user(self.superviseur)
        chef.action_mettre_en_demeure()
        chef.action_taxer()
        self.assertEqual({rang[1] for rang in chef.acte_ids.filtered(lambda a: a.sorte == "relance").rangs}, {"سبتمبر 2026"})
        self.assertIn("أكتوبر 2026", chef.acte_ids.filtered(lambda a: a.sorte == "taxation").detail)

    def test_tache_du_jour(self):
        self.valider()
        self.assertFalse(self.env["cnas.recouvrement"]._ouvrir(self.env["cnas.cotisant"]))
        with self.assertRaisesRegex(UserError, "s'ouvre depuis le compte"):
            self.env["cnas.recouvrement"].sudo().create({"cotisant_id": self.compte().id})
