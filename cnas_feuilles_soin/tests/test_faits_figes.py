from datetime import datetime, time, timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestFaitsFiges(CommunFeuille):
    """Le dépôt recopie les faits du jour : régime, niveau et type de la formation, jour de N'Djamena."""

    def test_faits_recopies_au_depot(self):
        feuille = self.deposee()
        niveau, genre = self.formation.niveau, self.formation.type_formation
        faits = (self.regime, niveau, genre)
        self.assertEqual((feuille.regime_id, feuille.niveau_formation, feuille.type_formation), faits)
        self.formation._ecrire({"type_formation": "hopital_reference"})
        self.assure.with_user(self.agent).action_changer_regime(
            self.env.ref("cnas_base.regime_asi").id, "Devient indépendant", feuille.date_soins)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertNotEqual(self.formation.niveau, niveau)
        self.assertEqual((feuille.regime_id, feuille.niveau_formation, feuille.type_formation), faits)

    def test_brouillon_sans_faits(self):
        feuille = self.brouillon()
        self.assertFalse(feuille.niveau_formation or feuille.type_formation or feuille.regime_id)
        feuille.with_user(self.agent).action_deposer()
        self.assertEqual(feuille.niveau_formation, self.formation.niveau)

    def test_depot_au_jour_de_n_djamena(self):
        """À 23 h 30 UTC, il est demain à N'Djamena."""
        veille = fields.Date.today() - timedelta(days=3)
        with freeze_time(datetime.combine(veille, time(23, 30))):
            feuille = self.brouillon(date_soins=veille, date_depot=False)
            feuille.action_deposer()
            self.assertEqual(feuille.date_depot, veille + timedelta(days=1))
            self.assertIn(str((veille + timedelta(days=1)).year), feuille.numero)

    def test_soins_du_jour_de_n_djamena(self):
        """Des soins datés d'aujourd'hui à N'Djamena ne sont pas dans le futur, même avant minuit UTC."""
        veille = fields.Date.today() - timedelta(days=3)
        with freeze_time(datetime.combine(veille, time(23, 30))):
            feuille = self.brouillon(date_soins=veille + timedelta(days=1), date_depot=False)
            feuille.action_deposer()
            self.assertEqual(feuille.state, "deposee")

    def test_delai_compte_les_jours_de_n_djamena(self):
        """Déposée et décidée le même jour à N'Djamena : zéro jour, sur la fiche comme dans les tableaux."""
        feuille = self.deposee()
        jour = feuille.date_depot
        feuille.flush_recordset()
        feuille._ecrire({
            "state": "rejetee", "date_decision": datetime.combine(jour, time(23, 15))})
        self.env.flush_all()
        self.assertEqual(feuille.with_context(tz="Africa/Ndjamena").anciennete, 1)
        analyse = self.env["cnas.feuille_analyse"].browse(feuille.id)
        self.assertEqual((analyse.delai, analyse.regime_id), (1, self.regime))
