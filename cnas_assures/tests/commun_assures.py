import itertools
from contextlib import contextmanager
from datetime import date

from odoo.tests import new_test_user

from odoo.addons.cnas_base.garde import sans_suivi
from odoo.addons.cnas_base.tests.common import TransactionCase


class CasAssure(TransactionCase):
    """Un usager par rôle, trois régimes, et de quoi créer un assuré en une ligne."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rangs = itertools.count()
        cls.env = cls.env(context={**cls.env.context, "no_reset_password": True})
        cls.enterClassContext(sans_suivi())
        roles = ("agent", "controleur", "superviseur", "administrateur", "medecin_conseil", "finance")
        cls.usagers = {
            role: new_test_user(cls.env, f"assa_{role}", f"base.group_user,cnas_base.group_{role}",
                                tz="Africa/Ndjamena") for role in roles}
        cls.agent = cls.usagers["agent"]
        cls.agent2 = new_test_user(cls.env, "assa_agent2", "cnas_base.group_agent")
        cls.superviseur = cls.usagers["superviseur"]
        cls.Assure = cls.env["cnas.assure"].with_user(cls.agent)
        cls.amed = cls.env.ref("cnas_base.regime_amed")
        cls.ass = cls.env.ref("cnas_base.regime_ass")
        cls.asi = cls.env.ref("cnas_base.regime_asi")
        cls.district = cls.env["cnas.district"].search([], limit=1)

    @contextmanager
    def assertRaisesRegex(self, exception, motif):
        """Comme `assertRaises` d'Odoo (le refus n'écrit rien), et la phrase doit contenir `motif`."""
        with self.assertRaises(exception) as capture:
            yield capture
        self.assertRegex(str(capture.exception), motif)

    @classmethod
    def creer(cls, **valeurs):
        """Crée un assuré en brouillon, au nom de l'agent ; sans nom donné, chacun a son NNI : ce sont des personnes distinctes."""
        defaut = {"nom": "Adoum", "prenom": "Brahim", "genre": "masculin", "date_naissance": date(1985, 3, 12),
                  "regime_id": cls.amed.id}
        if valeurs.keys().isdisjoint(("nom", "prenom")):
            defaut["nni"] = f"ESSAI{next(cls.rangs)}"
        return cls.Assure.create({**defaut, **valeurs})

    @classmethod
    def creer_actif(cls, **valeurs):
        """Crée et immatricule un assuré, droits ouverts depuis le 1er janvier 2025 sauf avis contraire."""
        assure = cls.creer(**{"date_affiliation": date(2025, 1, 1), **valeurs})
        assure.action_immatriculer()
        return assure

    @classmethod
    def verifier(cls, assure, jour=False):
        """Rend la réponse de verifier_droits pour un assuré."""
        return cls.Assure.verifier_droits(assure.matricule, jour)
