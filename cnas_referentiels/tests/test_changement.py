from datetime import timedelta

from odoo import fields
from odoo.exceptions import RedirectWarning, UserError
from odoo.tests.common import new_test_user, tagged
from odoo.tools import html2plaintext

from .common import CommunReferentiels


@tagged("post_install", "-at_install", "cnas")
class TestChangement(CommunReferentiels):
    """Taux et plafonds : changer, clore, ôter une ligne, ou en poser une par-dessus, même à venir, est le geste de deux personnes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.superviseur = new_test_user(cls.env, "superviseur_deux", groups="cnas_base.group_superviseur")
        cls.jour = fields.Date.context_today(cls.env["cnas.taux"])
        regime = cls.env["cnas.regime"].create({"code": "DEUX", "name": "Régime d'essai", "numero": 9})
        cls.lignes = {
            "cnas.taux": {"regime_id": regime.id, "taux": 70, "date_debut": str(cls.jour - timedelta(days=100))},
            "cnas.plafond": {"regime_id": regime.id, "montant_max": 5000, "date_debut": str(cls.jour - timedelta(days=100))}}

    def test_par_modele(self):
        for modele, vals in self.lignes.items():
            with self.subTest(modele=modele):
                self._essayer(modele, vals, "taux" if modele == "cnas.taux" else "montant_max")

    def _essayer(self, modele, vals, champ):
        ligne = self.env[modele].create(vals).with_user(self.administrateur)
        hier, demain = self.jour - timedelta(days=1), self.jour + timedelta(days=1)
        # clore hier, c'est ôter après coup ce qui valait pour des soins déjà donnés
        for refusee in ({champ: 90}, {"date_debut": self.jour}, {"date_fin": hier}, {"date_fin": self.jour}, {"date_fin": demain}):
            with self.assertRaisesRegex(UserError, "se change à deux"):
                ligne.write(refusee)
        with self.assertRaisesRegex(UserError, "se change à deux"):
            ligne.unlink()
        ligne.write({champ: vals[champ]})
        # Un vide se comble seul : aucune ligne ne s'appliquait.
        self.assertTrue(ligne.create({**vals, "date_debut": "2000-01-01", "date_fin": str(self.jour - timedelta(days=101))}))
        # Par-dessus une autre, ni le passé, ni aujourd'hui, ni l'avenir ; ni par un fichier, ni par une copie, ni à l'écran.
        for debut, fin in ((str(self.jour - timedelta(days=120)), str(self.jour - timedelta(days=100))), (self.jour, False), (demain, False)):
            neuve = {**vals, champ: 90, "date_debut": debut, "date_fin": fin}
            with self.assertRaisesRegex(UserError, "se change à deux"):
                ligne.create(neuve)
            with self.assertRaisesRegex(UserError, "se change à deux"):
                ligne.with_context(install_mode=True).create(neuve)
            with self.assertRaisesRegex(UserError, "se change à deux"):
                ligne.copy({"date_debut": debut, "date_fin": fin})
        if modele == "cnas.taux":
            with self.assertRaisesRegex(UserError, "se change à deux"):
                ligne.create({**vals, "taux": 100, "nature": "maternite"})
        # Ce qui n'est ni un jour ni un lien se dit avant de chercher ce que la ligne remplace.
        for faux in ({"date_debut": "pas un jour"}, {"date_debut": "2026-13-45"}, {"date_debut": 5}, {"date_fin": [1]},
                     {"regime_id": {"a": 1}}, {"regime_id": True}):
            with self.subTest(faux), self.assertRaises(UserError):
                ligne.create({**vals, **faux})
        importe = ligne.load(["regime_id/.id", champ, "date_debut"], [[str(vals["regime_id"]), "90", str(demain)]])
        self.assertIn("se change à deux", importe["messages"][0]["message"])
        with self.assertRaisesRegex(RedirectWarning, "se change à deux") as refus:
            ligne.browse().web_save({**vals, champ: 90, "date_debut": str(demain), "date_fin": False}, {})
        # L'écran propose la demande, déjà remplie ; acceptée, elle clôt la veille celle qui était sans fin.
        proposee = refus.exception.args[3]
        self.assertEqual((proposee["default_modele"], proposee["default_res_id"]), (modele, 0))
        ajout = self.env["cnas.changement"].browse(ligne.browse().demander_changement(proposee["default_valeurs"], "Arrêté"))
        lu = html2plaintext(ajout.comparaison)
        self.assertIn("Régime d'essai", lu)
        self.assertIn(f"{demain:%d/%m/%Y}", lu)
        self.assertNotIn("False", lu)
        ajout.with_user(self.superviseur).action_accepter()
        suivante = ligne.browse(ajout.res_id)
        self.assertEqual((suivante[champ], suivante.date_debut, ligne.date_fin), (90, demain, self.jour))
        for geste in (lambda: suivante.write({champ: 95}), suivante.unlink):
            with self.assertRaisesRegex(UserError, "se change à deux"):
                geste()
        for faux in ("Régime", [1], None, {}):
            with self.assertRaisesRegex(UserError, "ne peut pas porter"):
                ligne.demander_changement({"regime_id": faux}, "Décret")
        demande = self.env["cnas.changement"].browse(ligne.demander_changement({champ: 60}, "Décret"))
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            demande.with_user(self.administrateur).action_accepter()
        demande.with_user(self.superviseur).action_accepter()
        self.assertEqual(ligne[champ], 60)
        trace = self.env["cnas.journal"].search([("modele", "=", modele), ("res_id", "=", ligne.id)], limit=1)
        self.assertEqual((trace.avant, trace.apres), ({champ: vals[champ]}, {champ: 60}))
