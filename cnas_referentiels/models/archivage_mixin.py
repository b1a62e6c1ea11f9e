from odoo import _, api, models, tools
from odoo.exceptions import UserError


class ArchivageMixin(models.AbstractModel):
    """Un élément de référentiel qui a servi ne se supprime pas : il s'archive.

    « Servir » : être désigné par un enregistrement de n'importe quel modèle stocké. La recherche coûte une
    requête par champ relationnel qui pointe vers le modèle, quel que soit le nombre d'éléments supprimés.
    """

    _name = "cnas.archivage.mixin"
    _description = "Archivage au lieu de suppression"
    _inherit = ["cnas.garde.mixin"]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_utilise(self):
        utilises = self._elements_utilises()
        if utilises:
            raise UserError(_(
                "%(noms)s : déjà utilisé, donc impossible à supprimer. Archivez-le (Action › Archiver) : il ne "
                "sera plus proposé et l'historique restera lisible.",
                noms=", ".join(utilises[:5].mapped("display_name"))))

    def _elements_utilises(self):
        """Rend ceux de `self` qu'un autre enregistrement désigne."""
        utilises = set()
        for modele, champ in self._champs_pointant(self._name):
            utilises |= self._identifiants_designes(modele, champ, self.ids)
        return self.browse(sorted(utilises))

    @api.model
    def _champs_pointant(self, nom_modele):
        """Rend les couples (modèle, champ Many2one stocké) qui désignent `nom_modele`."""
        return [
            (modele, champ)
            for modele in self.env.registry.models.values()
            if modele._auto and not modele._abstract and not modele._transient and modele._table
            for champ in modele._fields.values()
            if champ.type == "many2one" and champ.store and champ.comodel_name == nom_modele
            and not champ.inherited and champ.name not in modele._inherits.values()
        ]

    @api.model
    def _identifiants_designes(self, modele, champ, ids):
        self.env[modele._name].flush_model([champ.name])
        self.env.cr.execute(tools.SQL(
            "SELECT DISTINCT %s FROM %s WHERE %s IN %s",
            tools.SQL.identifier(champ.name), tools.SQL.identifier(modele._table),
            tools.SQL.identifier(champ.name), tuple(ids) or (0,)))
        return {ligne[0] for ligne in self.env.cr.fetchall()}
