from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger
from odoo.tools.translate import code_translations

from odoo.addons.cnas_base.impression.langue import ARABE
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.tests.common import TransactionCase

from ..indicateurs import INDICATEURS
from ..models.indicateur_groupe import COMPARE, SERIES, TROP_PEU
from .generateur import Generateur


@tagged("post_install", "-at_install", "cnas")
class TestIndicateurs(TransactionCase):
    """Toutes les fraudes posées sont trouvées, presque aucune innocente n'est accusée, et rien n'alerte deux fois."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.superviseur = new_test_user(cls.env, login="zc_superviseur", groups="cnas_base.group_superviseur")
        cls.env.user.tz = "Africa/Ndjamena"
        # ce que d'autres essais ou la démonstration ont laissé n'est pas du jeu
        cls.generateur = Generateur(cls.env, aujourd_hui(), feuilles=3600)
        cls.generateur.poser_saines()
        cls.generateur.poser_fraudes()
        cls.generateur.ecrire()
        cls.indicateurs = cls.env["cnas.indicateur"].search([])
        cls.debut = cls.generateur.debut

    def calculer(self):
        self.env["cnas.indicateur"].with_user(self.superviseur).calculer(str(self.debut), str(aujourd_hui()))

    @mute_logger("odoo.addons.cnas_controle.models.indicateur")
    def test_tout_trouver(self):
        self.calculer()
        manques, fausses, toutes = self.generateur.juger()
        self.assertFalse(manques)
        self.assertLess(len(fausses) * 20, toutes, fausses)
        # rejoué, rien de plus
        avant = self.env["cnas.alerte"].search_count([])
        self.calculer()
        self.assertEqual(self.env["cnas.alerte"].search_count([]), avant)
        alerte = self.env["cnas.alerte"].search([("indicateur_id.code", "=", "FRD-11"), ("formation_id", "in", self.generateur.attendus["FRD-11"])], limit=1)
        self.assertEqual((alerte.nb_feuilles, alerte.nombre), (8, 8))
        self.assertIn("8 feuilles identiques", alerte.phrase)
        self.assertTrue(alerte.montant and 1 <= alerte.score <= 100)
        # le groupe des pairs dit ce qu'il vaut
        pairs = self.indicateurs.filtered(lambda i: i.code == "FRD-05").groupe_ids
        self.assertIn("comparé", pairs.mapped("dit"))
        self.assertLessEqual(set(self.indicateurs.groupe_ids.mapped("serie")), {serie._source for serie in SERIES}, "une série se déclare, pour se traduire")
        # écrit en français, le constat se lit en entier dans une autre langue
        self.env["res.lang"]._activate_lang(ARABE)
        dites = {phrase._source: f"ع {phrase._source}" for sorte in INDICATEURS.values() for phrase in sorte.phrases.values()}
        dites |= {phrase._source: f"ع {phrase._source}" for phrase in (COMPARE, TROP_PEU, *SERIES)}
        with patch.object(code_translations, "get_python_translations", return_value=dites):
            lues = self.env["cnas.alerte"].search([]).with_context(lang=ARABE).mapped("phrase_lue")
            dits = pairs.with_context(lang=ARABE).mapped("dit_lu") + pairs.with_context(lang=ARABE).mapped("serie_lue")
        self.assertEqual([lue for lue in lues + dits if not lue.startswith("ع ")], [])

    @mute_logger("odoo.addons.cnas_controle.models.indicateur")
    def test_pairs_trop_peu(self):
        """Trop peu de pairs : « n. d. », et pas d'alerte."""
        self.env["cnas.parametre"]._dater("frd_pairs_minimum", "5000", aujourd_hui() - timedelta(days=1))
        surcotation = self.indicateurs.filtered(lambda i: i.code == "FRD-05")
        surcotation._calculer(str(self.debut), str(aujourd_hui()))
        self.assertFalse(self.env["cnas.alerte"].search([("indicateur_id", "=", surcotation.id)]))
        self.assertTrue(surcotation.nb_nd)
        self.assertIn("n. d.", surcotation.groupe_ids[0].dit)

    def test_registre(self):
        """Même code dans le registre et dans les données : 36."""
        self.assertEqual(set(INDICATEURS), set(self.indicateurs.mapped("code")))
        self.assertEqual(len(INDICATEURS), 36)
        for indicateur in self.indicateurs:
            self.assertEqual(INDICATEURS[indicateur.code].cible, indicateur.cible)
        sans_seuil = self.indicateurs.filtered(lambda i: not i.seuil_ids).mapped("code")
        self.assertLessEqual(set(sans_seuil), {"FRD-02", "FRD-35", "FRD-36"})

    def test_entrees_fausses(self):
        indicateurs = self.env["cnas.indicateur"].with_user(self.superviseur)
        demain, hier = str(aujourd_hui() + timedelta(days=1)), str(aujourd_hui() - timedelta(days=1))
        with self.assertRaisesRegex(UserError, "futur"):
            indicateurs.calculer(hier, demain)
        with self.assertRaisesRegex(UserError, "premier jour"):
            indicateurs.calculer(str(aujourd_hui()), hier)
        with self.assertRaises(UserError):
            indicateurs.calculer("hier", "demain")
        with self.assertRaisesRegex(UserError, "Seul un superviseur"):
            indicateurs.with_user(new_test_user(self.env, login="zc_ctl", groups="cnas_base.group_controleur")).calculer(hier, hier)
        with self.assertRaisesRegex(UserError, "calcul"):
            self.env["cnas.alerte"].create({"phrase": "À la main"})
