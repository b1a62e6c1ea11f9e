"""L'espèce « greffe » : un enfant qui ne vit que par son parent n'en change pas, quel que soit le modèle."""
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import TransactionCase

from .commun import exemple, modeles

# Ils ont une vie à eux, et leur propre garde de ce lien (document signé, demande faite, tarif utilisé…).
A_LEUR_GARDE = {
    "cnas.attestation", "cnas.carnet", "cnas.carte", "cnas.config_acte", "cnas.config_consommable", "cnas.config_examen",
    "cnas.config_lettre_cle", "cnas.config_medicament", "cnas.contestation", "cnas.convention", "cnas.correction_identite",
    "cnas.declaration_effectif", "cnas.demande_rib", "cnas.indu.reglement", "cnas.piece_administrative",
}
# Un référentiel qu'un administrateur range, une ligne que nul ne peut écrire, un emploi que l'agent corrige.
LIBRES = {"cnas.district", "cnas.decompte.ligne", "cnas.indication", "cnas.emploi"}


@tagged("post_install", "-at_install", "cnas", "matrice")
class TestEnfants(TransactionCase):
    """La liste vient du registre : un enfant ajouté demain y est."""

    jour_fige = None  # le jeu d'essai est daté d'aujourd'hui

    def _parents(self, modele):
        """Rend les liens obligatoires vers un parent de la suite qui liste ses enfants, ou à qui l'on délègue."""
        Modele = self.env[modele]
        return [nom for nom, champ in Modele._fields.items()
                if champ.type == "many2one" and champ.store and champ.required and champ.comodel_name.startswith("cnas.")
                and (nom in Modele._inherits.values()
                     or any(i.type == "one2many" for i in self.registry.field_inverses[champ]))]

    def test_tout_lien_au_parent_est_garde(self):
        for modele in modeles(self.env, "cnas.garde.mixin"):
            Modele = self.env[modele]
            for nom in self._parents(modele):
                with self.subTest(modele=modele, champ=nom):
                    self.assertTrue(nom in Modele._champs_parents | Modele._champs_gardes
                                    or modele in A_LEUR_GARDE | LIBRES)

    def test_aucun_enfant_ne_se_greffe(self):
        """Par le lien, et par la liste du parent (`(4, id)`, `(6, 0, ids)`) ; même à qui a tous les droits."""
        essais = 0
        for modele in modeles(self.env, "cnas.garde.mixin"):
            enfant = exemple(self.env, modele)
            for nom in self._parents(modele) if enfant else ():
                if nom not in enfant._champs_parents | enfant._champs_gardes:
                    continue
                champ = enfant._fields[nom]
                ailleurs = self.env[champ.comodel_name].sudo().with_context(active_test=False).search(
                    [("id", "!=", enfant[nom].id)], limit=1)
                if not ailleurs:
                    continue
                portes = [("write", lambda e=enfant, n=nom, a=ailleurs: e.write({n: a.id}))]
                for inverse in self.registry.field_inverses[champ]:
                    if inverse.type == "one2many" and enfant in enfant[nom][inverse.name]:
                        portes += [(f"{inverse.name} {commande[0]}", lambda a=ailleurs, i=inverse, c=commande: a.write({i.name: [c]}))
                                   for commande in ((4, enfant.id), (6, 0, enfant.ids))]
                for porte, greffer in portes:
                    with self.subTest(modele=modele, champ=nom, porte=porte):
                        with self.assertRaises(UserError), self.cr.savepoint():
                            greffer()
                            self.env.flush_all()
                        self.env.invalidate_all()
                        self.assertNotEqual(enfant[nom], ailleurs)
                    essais += 1
        self.assertGreater(essais, 25)
