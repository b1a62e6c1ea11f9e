from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta
from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestParametresDates(CommunFeuille):
    """Un âge, un délai se lit à la date du fait : la veille l'ancienne valeur, le jour dit la nouvelle."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.magasin = cls.env["cnas.parametre"]
        cls.jour = fields.Date.context_today(cls.feuilles)
        cls.bascule = cls.jour - timedelta(days=20)
        cls.veille = cls.bascule - timedelta(days=1)

    def test_age_enfant_a_la_date_des_soins(self):
        """Changer « 5 ans » à partir d'un jour ne réécrit pas les natures d'avant."""
        enfant = self.creer_assure("Zara", self.bascule - relativedelta(years=7, days=1))
        feuilles = [self.brouillon(reference=f"AGE-{jour}", assure_id=enfant.id, date_soins=jour, date_depot=self.jour)
                    for jour in (self.veille, self.bascule)]
        self.assertEqual([f.nature for f in feuilles], ["ordinaire", "ordinaire"])
        self.magasin._dater("age_enfant", "8", self.bascule)
        self.env.add_to_compute(self.feuilles._fields["nature"], feuilles[0] + feuilles[1])
        self.assertEqual([f.nature for f in feuilles], ["ordinaire", "enfant"])

    def test_garde_du_papier_a_la_numerisation(self):
        self.magasin._dater("delai_archive_jours", "3", self.bascule)
        for jour, garde in ((self.veille, 15), (self.bascule, 3)):
            feuille = self.feuilles.new({"date_numerisation": jour})
            self.assertEqual(feuille.date_archivage_prevue, jour + timedelta(days=garde))

    def test_retard_selon_le_delai_du_depot(self):
        """L'écran et la recherche disent le même retard, de chaque côté de la bascule."""
        avant, apres = (self.deposee(f"RET-{jour}", date_soins=str(jour), date_depot=str(jour))
                        for jour in (self.veille, self.bascule))
        for delai_apres, attendues in (("25", avant), ("20", avant), ("19", avant + apres)):
            self.magasin._dater("delai_traitement_jours", delai_apres, self.bascule)
            self.env.invalidate_all()
            with self.subTest(delai=delai_apres):
                self.assertEqual((avant + apres).filtered("en_retard"), attendues)
                cherche = [("id", "in", (avant + apres).ids)]
                self.assertEqual(self.feuilles.search([*cherche, ("en_retard", "=", True)], order="id"), attendues)
                self.assertEqual(self.feuilles.search([*cherche, ("en_retard", "=", False)]),
                                 avant + apres - attendues)

    def test_reprise_selon_le_delai_du_rejet(self):
        self.magasin._dater("delai_reprise_jours", "10", self.bascule)
        midi = datetime.min.time().replace(hour=12)
        for jour, refus in ((self.veille, False), (self.bascule, True)):
            feuille = self.deposee(f"REP-{jour}")
            feuille._ecrire({"state": "rejetee", "date_decision": datetime.combine(jour, midi)})
            feuille = feuille.with_user(self.agent)
            if refus:
                with self.assertRaisesRegex(UserError, "plus de 10 jours"):
                    feuille.action_reprendre()
            else:
                self.assertTrue(feuille.action_reprendre())

    def test_entente_selon_le_jour_de_la_demande(self):
        self.magasin._dater("entente_delai_heures", "24", self.bascule)
        for jour, heures in ((self.veille, 48), (self.bascule, 24)):
            demande = datetime.combine(jour, datetime.min.time())
            entente = self.env["cnas.entente_prealable"].new({"date_demande": demande})
            self.assertEqual(entente.date_limite, demande + timedelta(hours=heures))

    # ------------------------------------------------------------------ paramètres de règle
    def _regle(self, code="REC-07"):
        return self.env["cnas.regle_controle"].search([("code", "=", code)])

    def test_regle_rattachee_au_magasin(self):
        ligne = self._regle().parametre_ids.filtered(lambda p: p.code == "delai_tiers_payant")
        self.assertEqual(ligne.parametre_id.code, "REC-07.delai_tiers_payant")
        self.assertEqual((ligne.valeur, ligne.type_valeur, ligne.famille), ("90", "entier", "regles"))
        self.assertEqual(self.magasin._au("REC-07.delai_tiers_payant"), 90)
        self.assertIs(self.magasin._au("REC-04.exigee"), False)

    def test_changer_par_le_magasin_change_la_regle(self):
        """Le geste de l'écran des paramètres : la règle a sa ligne, sa version, sa trace."""
        regle = self._regle()
        version = regle.version
        administrateur = new_test_user(self.env, "admin_regle", groups="cnas_base.group_administrateur")
        ligne = self.magasin.search([("code", "=", "REC-07.delai_tiers_payant")])
        demande = self.env["cnas.parametre.wizard"].with_user(administrateur).create({
            "parametre_id": ligne.id, "valeur": "45", "source": "Essai", "date": self.jour + timedelta(days=1),
        }).action_appliquer()["res_id"]
        demande = self.env["cnas.changement"].browse(demande)
        demande._changer_etat("accepte")
        demande._appliquer()
        regle.invalidate_recordset()
        self.assertEqual(
            regle.parametre_ids.filtered(lambda p: p.code == "delai_tiers_payant").mapped("valeur"), ["45", "90"])
        self.assertGreater(regle.version, version)
        self.assertIn("delai_tiers_payant = 45", "".join(regle.message_ids.mapped("body")))

    def test_une_seule_loi(self):
        """Valeur que la règle ne lit pas, paramètre inconnu, chevauchement, passé : les refus du magasin."""
        regle = self._regle()
        creer = self.env["cnas.regle_parametre"].create
        demain = self.jour + timedelta(days=1)
        for regle_code, code, valeur, phrase in (
                ("PLF-04", "taux:T-CS-01", "beaucoup", "nombre entier"), ("PLF-04", "taux:T-CS-01", "101", "à 100"),
                ("REC-07", "inventé", "1", "inconnu"), ("REC-07", "severite", "sévère", "Sévérité inconnue")):
            with self.subTest(code=code), self.assertRaisesRegex(ValidationError, phrase), self.cr.savepoint():
                creer({"regle_id": self._regle(regle_code).id, "code": code, "valeur": valeur, "date_debut": demain})
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            creer({"regle_id": regle.id, "code": "delai_tiers_payant", "valeur": "12", "date_debut": demain})
        ligne = regle.parametre_ids.filtered(lambda p: p.code == "delai_tiers_payant")
        for vals in ({"valeur": "12"}, {"date_debut": demain}, {"date_fin": self.veille}):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, "ne se réécrit pas"):
                regle.write({"parametre_ids": [(1, ligne.id, vals)]})
        with self.assertRaisesRegex(UserError, "ne se réécrit pas"):
            regle.write({"parametre_ids": [(2, ligne.id)]})
        with self.assertRaisesRegex(UserError, "ne change ni de règle"):
            ligne.code = "delai_remboursement"
        neuve = creer({"regle_id": regle.id, "code": "severite", "valeur": "signalement", "date_debut": demain})
        neuve.valeur = "instance"
        magasin = neuve.parametre_id
        neuve.unlink()
        self.assertFalse(magasin.exists())

    def test_agent_lit_sans_ecrire(self):
        ligne = self._regle().parametre_ids[0].with_user(self.agent)
        self.assertTrue(ligne.valeur)
        with self.assertRaises(AccessError):
            ligne.unlink()

    def test_une_regle_s_eteint_a_deux(self):
        """Un clic de liste n'éteint plus REC-07 ; ni une ligne antidatée, ni l'essai à blanc appliqué dès aujourd'hui."""
        administrateur = new_test_user(self.env, "admin_rec07", groups="cnas_base.group_administrateur")
        superviseur = new_test_user(self.env, "superviseur_rec07", groups="cnas_base.group_superviseur")
        regle = self._regle().with_user(administrateur)
        for vals in ({"active": False}, {"severite": "signalement"}, {"date_fin": self.veille}, {"sequence": 1},
                     {"types_formation": "hopital_reference"}, {"regime_ids": [(6, 0, self.env["cnas.regime"].search([], limit=1).ids)]}):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, "se change à deux"):
                regle.with_context(install_mode=True).write(vals)
        for debut in (self.veille, self.jour, self.jour + timedelta(days=1)):
            with self.assertRaisesRegex(UserError, "se change à deux"):
                regle.parametre_ids.create({
                    "regle_id": regle.id, "code": "severite", "valeur": "signalement", "date_debut": debut})
        with self.assertRaisesRegex(UserError, "se change à deux"):
            regle.create({"code": "ZZZ-01", "name": "Essai", "famille": regle.famille, "severite": "rejet", "motif": "Essai"})
        regle.write({"definition": "Autre mot", "severite": regle.severite})
        demande = self.env["cnas.changement"].browse(regle.demander_changement(
            {"active": False, "parametre_ids": {"delai_tiers_payant": "45"}}, "Arrêté"))
        demande.with_user(superviseur).action_accepter()
        self.assertFalse(regle.active)
        self.assertEqual(self.magasin._au("REC-07.delai_tiers_payant"), 45)
        for parametres in ({"inventé": "1"}, {"delai_tiers_payant": "beaucoup"}, "x"):
            with self.subTest(parametres=parametres), self.assertRaises(ValidationError):
                regle.demander_changement({"parametre_ids": parametres}, "x")
