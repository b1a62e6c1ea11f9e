from threading import Barrier, Thread
from unittest.mock import patch

from odoo import api
from odoo.service.model import retrying
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base import tour

from ..models.feuille_soin import importation
from .commun_feuille import CommunFeuille
from .test_numeros import CurseurReel


@tagged("post_install", "-at_install", "cnas")
class TestConcurrence(CommunFeuille):
    """Deux vraies transactions en même temps, sur de vraies données ôtées à la fin."""

    def setUp(self):
        super().setUp()
        self.registre = self.env.registry
        with CurseurReel(self.registre) as curseur:
            env = api.Environment(curseur, self.env.uid, {})
            self.ids = self._poser(env)
        self.addCleanup(self._oter)

    def _poser(self, env):
        agence = env["cnas.agence"].create({"code": "CONC", "name": "Concurrence"})
        formation = env["cnas.formation_sanitaire"].create({
            "code": "T-CONC", "name": "Concurrence", "type_formation": "centre_sante"})
        regime = env.ref("cnas_base.regime_ass")
        assure = env["cnas.assure"].create({"nom": "CONCURRENCE", "prenom": "Essai", "genre": "masculin",
                                            "regime_id": regime.id, "date_naissance": "1980-01-01"})
        acte = env["cnas.acte"].create({"code": "T-CONC", "name": "Concurrence", "type_prestation": "acte"})
        pathologie = env["cnas.pathologie"].create({"code": "X97.1", "name": "Concurrence"})
        return {"agence": agence.id, "formation": formation.id, "assure": assure.id, "acte": acte.id,
                "pathologie": pathologie.id, "matricule": assure.matricule}

    def _oter(self):
        with CurseurReel(self.registre) as cr:
            cr.execute("DELETE FROM cnas_feuille_soin WHERE formation_id = %s", [self.ids["formation"]])
            cr.execute("DELETE FROM cnas_compteur_depot WHERE agence_id = %s", [self.ids["agence"]])
            env = api.Environment(cr, self.env.uid, {})
            env["cnas.acte"].browse(self.ids["acte"]).prestation_id.sudo().unlink()
            cr.execute("DELETE FROM cnas_pathologie WHERE id = %s", [self.ids["pathologie"]])
            cr.execute("DELETE FROM cnas_assure WHERE id = %s", [self.ids["assure"]])
            cr.execute("DELETE FROM cnas_formation_sanitaire WHERE id = %s", [self.ids["formation"]])
            cr.execute("DELETE FROM cnas_agence WHERE id = %s", [self.ids["agence"]])

    def _envoi(self, reference):
        return [{"reference": reference, "formation": "T-CONC", "matricule": self.ids["matricule"], "agence": "CONC",
                 "date_soins": "2026-11-10", "pathologie": "X97.1",
                 "lignes": [{"prestation": "T-CONC", "quantite": 1, "prix_unitaire": 500}]}]

    @mute_logger("odoo.sql_db")
    def test_meme_envoi_au_meme_instant(self):
        """Le second attend, puis reçoit une phrase claire ou les mêmes identifiants : jamais deux dossiers."""
        resultats = []
        with CurseurReel(self.registre) as un:
            premier = api.Environment(un, self.env.uid, {})["cnas.feuille_soin"].importer(self._envoi("MEME"))[0]
            self.assertFalse(premier["erreurs"])
            fil = Thread(target=self._importer_ailleurs, args=(resultats, "MEME"))
            fil.start()
            fil.join(1.5)
            self.assertTrue(fil.is_alive(), "le second envoi devrait attendre le premier")
            un.commit()
            fil.join(20)
        self.assertEqual(len(resultats), 1)
        second = resultats[0]
        self.assertTrue(isinstance(second, Exception) or second["erreurs"] or second["id"] == premier["id"])
        with CurseurReel(self.registre) as cr:
            cr.execute("SELECT count(*) FROM cnas_feuille_soin WHERE formation_id = %s", [self.ids["formation"]])
            self.assertEqual(cr.fetchone()[0], 1)
            rejoue = api.Environment(cr, self.env.uid, {})["cnas.feuille_soin"].importer(self._envoi("MEME"))[0]
            self.assertEqual(rejoue["id"], premier["id"])

    def _importer_ailleurs(self, resultats, *references):
        try:
            with CurseurReel(self.registre) as cr:
                resultats.append(
                    api.Environment(cr, self.env.uid, {})["cnas.feuille_soin"].importer(
                        [feuille for reference in references for feuille in self._envoi(reference)])[0])
        except Exception as erreur:
            # Odoo rejoue un appel refusé pour concurrence ; ici, il suffit de constater le refus.
            resultats.append(erreur)

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_dix_envois_dans_une_agence(self):
        """Dix envois partis ensemble passent tous du premier coup, chacun d'une suite de numéros sans trou."""
        depart, essais, resultats = Barrier(10), [], {}

        def deposer(rang):
            with CurseurReel(self.registre) as cr:
                env = api.Environment(cr, self.env.uid, {})
                cr.execute("SELECT 1")  # l'instantané est pris avant le signal
                depart.wait()

                def importer():
                    essais.append(rang)
                    resultats[rang] = env["cnas.feuille_soin"].importer(
                        [feuille for n in range(3) for feuille in self._envoi(f"FILE-{rang}-{n}")])
                retrying(importer, env)

        fils = [Thread(target=deposer, args=(rang,)) for rang in range(10)]
        for fil in fils:
            fil.start()
        for fil in fils:
            fil.join()
        self.assertEqual(sorted(essais), list(range(10)))
        suites = [[int(r["numero"].rsplit("-", 1)[1]) for r in resultat] for resultat in resultats.values()]
        self.assertEqual(sorted(suites), [[n, n + 1, n + 2] for n in range(1, 31, 3)])

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_le_meme_envoi_rejoue_rend_les_memes(self):
        """Un envoi renvoyé pendant que le premier s'enregistre : rejoué, il rend les mêmes identifiants, sans erreur."""
        with CurseurReel(self.registre) as un, CurseurReel(self.registre) as deux:
            deux.execute("SELECT 1")
            premier = api.Environment(un, self.env.uid, {})["cnas.feuille_soin"].importer(self._envoi("DEUX"))[0]
            un.commit()
            env = api.Environment(deux, self.env.uid, {})
            second = retrying(lambda: env["cnas.feuille_soin"].importer(self._envoi("DEUX")), env)[0]
        self.assertEqual((second["id"], second["erreurs"]), (premier["id"], []))

    def _occuper_les_places(self, curseurs):
        for cr in curseurs:
            tour.prendre_son_tour(cr, "importer")

    def test_un_gros_envoi_attend_son_tour_jamais_le_guichet(self):
        """Deux gros envois à la fois : le troisième attend qu'une place se libère, le dépôt isolé n'attend personne."""
        self.patch(importation, "GROS_ENVOI", 1)
        resultats = []
        with CurseurReel(self.registre) as un, CurseurReel(self.registre) as deux:
            self._occuper_les_places([un, deux])
            self._importer_ailleurs(resultats, "SEUL")
            self.assertEqual([r["erreurs"] for r in resultats], [[]])
            fil = Thread(target=self._importer_ailleurs, args=(resultats, "GROS-1", "GROS-2"))
            fil.start()
            fil.join(1)
            self.assertTrue(fil.is_alive(), "le gros envoi devrait attendre son tour")
            un.commit()
            deux.commit()
            fil.join(20)
        self.assertEqual([r["erreurs"] for r in resultats], [[], []])

    def test_l_attente_a_une_fin(self):
        """Passé le délai, un travail passe quand même, et n'en garde pas de délai pour la suite ; deux sortes ne s'attendent pas."""
        self.patch(tour, "PATIENCE", "200ms")
        with CurseurReel(self.registre) as un, CurseurReel(self.registre) as deux, CurseurReel(self.registre) as trois:
            self._occuper_les_places([un, deux])
            tour.prendre_son_tour(trois, "un autre travail")
            tour.prendre_son_tour(trois, "importer")
            trois.execute("SHOW lock_timeout")
            self.assertEqual(trois.fetchone()[0], "0")
            with CurseurReel(self.registre) as quatre:
                un.commit()
                tour.prendre_son_tour(quatre, "importer")
                quatre.execute("SHOW lock_timeout")
                self.assertEqual(quatre.fetchone()[0], "0")

    def _passer_une_tache(self, heurts, panne=None):
        """Passe une tâche que `heurts` usagers devancent, l'un après l'autre ; rend (essais, ce qu'elle a laissé)."""
        essais = []

        def run(action):
            essais.append(action.env.cr)
            action.env.cr.execute("SELECT 1")  # l'instantané est pris avant l'usager
            if len(essais) <= heurts:
                with CurseurReel(self.registre) as usager:
                    usager.execute("UPDATE cnas_assure SET prenom = 'Usager' WHERE id = %s", [self.ids["assure"]])
            action.env.cr.execute("UPDATE cnas_assure SET prenom = 'Tâche' WHERE id = %s", [self.ids["assure"]])
            if panne:
                raise panne

        with patch.object(type(self.env["ir.actions.server"]), "run", run), patch("odoo.service.model.random.uniform", return_value=0), \
                CurseurReel(self.registre) as cr:
            api.Environment(cr, self.env.uid, {})["ir.cron"]._callback("Essai", 0, 0)
        with CurseurReel(self.registre) as cr:
            cr.execute("SELECT prenom FROM cnas_assure WHERE id = %s", [self.ids["assure"]])
            return len(essais), cr.fetchone()[0]

    @mute_logger("odoo.sql_db", "odoo.service.model", "odoo.addons.base.models.ir_cron", "odoo.addons.cnas_base.models.ir_cron")
    def test_une_tache_heurtee_ne_perd_pas_son_tour(self):
        """Devancée par un usager, la tâche se rejoue ; toujours devancée, elle laisse la main ; fautive, elle ne se rejoue pas."""
        self.assertEqual(self._passer_une_tache(0), (1, "Tâche"))
        self.assertEqual(self._passer_une_tache(1), (2, "Tâche"))
        self.assertEqual(self._passer_une_tache(9), (6, "Usager"))
        self.assertEqual(self._passer_une_tache(0, ValueError("faute")), (1, "Usager"))
