from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import TransactionCase

# Le contrôleur et le superviseur lisent ce que lisent l'agent et l'administrateur entre lesquels ils sont.
SORTES = ("agent", "medecin", "finance", "administrateur", "formation", "employeur")


@tagged("post_install", "-at_install", "cnas", "matrice")
class TestLectureSeule(TransactionCase):
    """Ce que `fields_get` montre à un rôle, ce rôle le lit seul : une bibliothèque d'API lit champ à champ."""

    jour_fige = None  # le jeu d'essai est daté d'aujourd'hui

    def a_lire(self, modele):
        """Rend les champs annoncés dont le calcul suit les droits de l'appelant, un par calcul : les autres ne peuvent pas refuser."""
        annonces = (modele._fields[nom] for nom in modele.fields_get(attributes=["type"]))
        return {champ.compute: champ.name for champ in annonces
                if champ.compute and not (champ.store or champ.related or champ.compute_sudo)}.values()

    def refuses(self, role):
        """Rend les « modèle.champ » que le rôle voit annoncés et ne lit pas."""
        usager = self.env["res.users"].search([("login", "=", role)])
        trouves = []
        for nom in sorted(n for n in self.env.registry if n.startswith("cnas.")):
            modele = self.env[nom].with_user(usager)
            if modele._abstract or modele._transient or not modele._auto or not modele.check_access_rights("read", False):
                continue
            fiche = modele.search([], limit=1)
            for champ in self.a_lire(modele) if fiche else ():
                fiche.invalidate_model()
                try:
                    fiche.read([champ])
                except AccessError:
                    trouves.append(f"{nom}.{champ}")
        return trouves

    def test_tout_champ_annonce_se_lit_seul(self):
        for role in SORTES:
            with self.subTest(role):
                self.assertFalse(self.refuses(role))
