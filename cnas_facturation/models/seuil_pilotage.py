from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.cnas_base.jour import aujourd_hui

from ..pilotage.definitions import INDICATEURS, PAR_CODE

# Ce qui a déjà jugé un mois : on clôt la période et on en ouvre une autre.
FIGES = ("code", "orange", "rouge", "date_debut")


class SeuilPilotage(models.Model):
    """Le seuil daté d'un indicateur de pilotage : à partir de quand il alerte, et qui en répond.

    | qui | peut |
    |---|---|
    | superviseur | lire |
    | administrateur | ajouter une période, changer le responsable, clore |
    """

    _name = "cnas.seuil_pilotage"
    _description = "Seuil de pilotage"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "code, date_debut desc"
    _rec_name = "code"
    _periode_cle = ("code",)
    _periode_message = "Cet indicateur a déjà un seuil à ces dates : closez-le d'abord."
    _champs_journal = ("code", "orange", "rouge", "responsable_id", "date_debut", "date_fin")

    code = fields.Selection(selection=lambda self: [(i.code, str(i.nom)) for i in INDICATEURS if i.sens], string="Indicateur", required=True)
    orange = fields.Float(string="À surveiller à partir de", required=True)
    rouge = fields.Float(string="En alerte à partir de", required=True)
    responsable_id = fields.Many2one("res.users", string="Responsable", domain=[("share", "=", False)])
    date_debut = fields.Date(default=lambda self: aujourd_hui())

    @api.constrains("code", "orange", "rouge")
    def _check_ordre(self):
        for seuil in self:
            haut = PAR_CODE[seuil.code].sens == "haut"
            if seuil.orange < 0 or seuil.rouge < 0 or (seuil.orange < seuil.rouge if haut else seuil.orange > seuil.rouge):
                raise ValidationError(_("« %s » : on surveille avant d'être en alerte, remettez les deux valeurs dans l'ordre.",
                                        PAR_CODE[seuil.code].nom))

    @api.depends("code")
    def _compute_display_name(self):
        for seuil in self:
            seuil.display_name = str(PAR_CODE[seuil.code].nom) if seuil.code else ""

    def write(self, vals):
        jour = aujourd_hui()
        hier = jour - timedelta(days=1)
        for seuil in self.filtered(lambda s: s.date_debut < jour):
            nouveau = self.new(vals, origin=seuil)
            change = {champ for champ in vals if champ in (*FIGES, "date_fin") and nouveau[champ] != seuil[champ]}
            # Clos plus tôt qu'hier, il laisserait un autre juger à sa place les mois qu'il a jugés.
            if change & {*FIGES} or (change and nouveau.date_fin and nouveau.date_fin < hier):
                raise UserError(_("Ce seuil a déjà jugé : closez-le, hier au plus tôt, puis ouvrez le suivant."))
        return super().write(vals)

    @api.model
    def _livrer(self):
        """Donne aux indicateurs sans seuil celui que propose la table ; rejoué à chaque mise à jour, ne touche pas aux autres."""
        connus = {code for code, in self._read_group([], ["code"])}
        self.create([{"code": i.code, "orange": i.orange, "rouge": i.rouge, "date_debut": "1900-01-01"}
                     for i in INDICATEURS if i.sens and i.code not in connus])

    @api.model
    def _au(self, jour):
        """Rend {code: seuil} en vigueur ce jour."""
        return {seuil.code: seuil for seuil in self.search(self._domaine_en_vigueur(jour))}

    def _couleur(self, valeur):
        """Rend `vert`, `orange` ou `rouge` pour cette valeur de l'indicateur."""
        self.ensure_one()
        signe = -1 if PAR_CODE[self.code].sens == "haut" else 1
        return "rouge" if signe * valeur >= signe * self.rouge else "orange" if signe * valeur >= signe * self.orange else "vert"
