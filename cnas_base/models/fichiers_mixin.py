from odoo import api, models


class FichiersMixin(models.AbstractModel):
    """Les fichiers choisis dans un champ plusieurs-à-plusieurs deviennent ceux de la fiche.

    L'écran les dépose avant que la fiche existe : ils n'appartiennent d'abord qu'à leur auteur. Rattachés, ils
    s'ouvrent à qui lit la fiche. On ne rattache que ce qu'on a déposé soi-même : nommer le fichier d'autrui ne l'ouvre pas.
    """

    _name = "cnas.fichiers.mixin"
    _description = "Fichiers d'une fiche"

    _champs_fichiers = ()

    @api.model_create_multi
    def create(self, vals_list):
        fiches = super().create(vals_list)
        fiches._rattacher_fichiers()
        return fiches

    def write(self, vals):
        resultat = super().write(vals)
        if not vals.keys().isdisjoint(self._champs_fichiers):
            self._rattacher_fichiers()
        return resultat

    def _rattacher_fichiers(self):
        for fiche in self:
            for champ in self._champs_fichiers:
                orphelins = fiche.sudo()[champ].filtered(lambda f: not f.res_id and f.create_uid == self.env.user)
                orphelins.write({"res_model": self._name, "res_id": fiche.id})
