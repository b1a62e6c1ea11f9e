import json
import logging
from datetime import timedelta

from odoo import fields, http
from odoo.tests import tagged

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.journaux import EnJson
from odoo.addons.cnas_base.models.sante import SAUVEGARDE

from .common import HttpCase


@tagged("post_install", "-at_install", "cnas")
class TestSante(HttpCase):
    """La surveillance lit l'état du service sans compte, et sans apprendre de nom."""

    def lire(self):
        reponse = self.url_open("/cnas/sante")
        self.assertEqual(reponse.status_code, 200)
        return reponse.json()

    def noter_sauvegarde(self, heures):
        instant = fields.Datetime.now() - timedelta(hours=heures)
        self.env["ir.config_parameter"].set_param(SAUVEGARDE, fields.Datetime.to_string(instant))

    def test_les_fichiers_statiques_se_connaissent_avant_les_usagers(self):
        vars(http.root).pop("statics", None)
        self.env["ir.module.module"]._register_hook()
        self.assertIn("cnas_base", vars(http.root)["statics"])

    def test_sauvegarde_et_journal(self):
        self.assertIn("sauvegarde", self.lire()["alertes"])
        self.noter_sauvegarde(37)
        self.assertEqual((self.lire()["sauvegarde_heures"], "sauvegarde" in self.lire()["alertes"]), (37, True))
        self.noter_sauvegarde(36)
        self.assertNotIn("sauvegarde", self.lire()["alertes"])
        self.env["cnas.parametre"]._dater("surveillance_sauvegarde_heures", "12", aujourd_hui())
        self.assertIn("sauvegarde", self.lire()["alertes"])
        self.env["cnas.journal"]._verifier_chaque_nuit()
        releve = self.lire()
        self.assertEqual((releve["journal"]["intact"], "journal" in releve["alertes"]), (True, False))
        self.env["cnas.journal"]._ajouter([{"modele": "cnas.journal", "evenement": "verification", "apres": {"intact": False}}])
        self.assertIn("journal", self.lire()["alertes"])

    def test_metriques(self):
        """Ce que Prometheus lit dit la même chose que la santé, une valeur par ligne, sans nom de personne."""
        self.noter_sauvegarde(40)
        self.env["cnas.journal"].with_delay()._verifier_chaque_nuit()
        releve, reponse = self.lire(), self.url_open("/cnas/metriques")
        self.assertEqual((reponse.status_code, reponse.headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        lignes = [ligne for ligne in reponse.text.splitlines() if not ligne.startswith("# ")]
        for ligne in lignes:
            self.assertRegex(ligne, r'^cnas_[a-z_]+(\{[a-z]+="[a-z_]+"\})? -?[0-9]+$')
        valeurs = {nom: int(valeur) for nom, valeur in (ligne.rsplit(" ", 1) for ligne in lignes)}
        self.assertEqual(valeurs["cnas_sauvegarde_age_heures"], 40)
        levees = {nom.split('"')[1] for nom, valeur in valeurs.items() if nom.startswith("cnas_alerte{") and valeur}
        self.assertEqual(levees, set(releve["alertes"]))
        self.assertEqual(valeurs['cnas_taches{etat="en_attente"}'], releve["taches"]["en_attente"])

    def test_taches_en_echec(self):
        avant = self.lire()["taches"]["en_echec"]
        tache = self.env["cnas.journal"].with_delay()._verifier_chaque_nuit()
        tache.db_record().write({"state": "failed"})
        releve = self.lire()
        self.assertEqual((releve["taches"]["en_echec"], releve["etat"]), (avant + 1, "a_surveiller"))
        self.assertIn("taches_en_echec", releve["alertes"])

    def test_journaux_structures(self):
        """Une ligne de journal est un objet JSON d'une ligne, accents, retours et trace compris."""
        try:
            raise ValueError("deux\nlignes")
        except ValueError as erreur:
            note = logging.LogRecord("odoo.essai", logging.ERROR, "f.py", 1, "Échec de %s", ("l'envoi",), (ValueError, erreur, erreur.__traceback__))
        ligne = EnJson().format(note)
        self.assertNotIn("\n", ligne)
        lu = json.loads(ligne)
        self.assertEqual((lu["niveau"], lu["source"], lu["message"]), ("ERROR", "odoo.essai", "Échec de l'envoi"))
        self.assertIn("ValueError", lu["trace"])
