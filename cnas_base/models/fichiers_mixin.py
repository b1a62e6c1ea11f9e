import base64

from odoo import Command, api, models


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

    def _joindre_recus(self, champ, fichiers):
        """Joint à la fiche les fichiers qu'un espace du portail a reçus et ouverts ; leur auteur n'a pas de droit sur elle.

        :param fichiers: [(nom, octets, type)]
        """
        self.ensure_one()
        if fichiers:
            jointes = self.env["ir.attachment"].sudo().create([{
                "name": nom, "datas": base64.b64encode(octets), "mimetype": mime, "res_model": self._name, "res_id": self.id,
            } for nom, octets, mime in fichiers])
            self.sudo()._ecrire({champ: [Command.set(jointes.ids)]})

    def _rattacher_fichiers(self):
        for fiche in self:
            for champ in self._champs_fichiers:
                orphelins = fiche.sudo()[champ].filtered(lambda f: not f.res_id and f.create_uid == self.env.user)
                orphelins.write({"res_model": self._name, "res_id": fiche.id})
