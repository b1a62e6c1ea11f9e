from odoo import _, api, fields, models
from odoo.exceptions import ValidationError


class RegleParametre(models.Model):
    """Une valeur datée d'un paramètre de règle : elle vaut pour les soins donnés pendant sa période.

    Le code `severite` est réservé : il change la sévérité de la règle pendant la période.

    | qui | peut |
    |---|---|
    | agents | lire |
    | administrateur | ajouter, modifier, supprimer (tracé sur la règle) |
    """

    _name = "cnas.regle_parametre"
    _description = "Paramètre daté d'une règle de contrôle"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "regle_id, code, date_debut desc"
    _rec_name = "code"

    _periode_cle = ("regle_id", "code")
    _periode_message = "Ce paramètre a déjà une valeur à ces dates : fermez l'ancienne période d'abord."

    regle_id = fields.Many2one("cnas.regle_controle", string="Règle", required=True, index=True, ondelete="cascade")
    code = fields.Char(string="Paramètre", required=True)
    valeur = fields.Char(string="Valeur", required=True)
    description = fields.Char(string="Ce que dit ce paramètre")

    @api.depends("regle_id.code", "code", "valeur")
    def _compute_display_name(self):
        for parametre in self:
            parametre.display_name = f"{parametre.regle_id.code or ''} · {parametre.code or ''} = {parametre.valeur or ''}"

    @api.constrains("code", "valeur", "regle_id")
    def _check_valeur(self):
        """Refuse une valeur que la règle ne saurait pas lire."""
        for parametre in self:
            if parametre.code == "severite":
                parametre.regle_id._verifier_severite(parametre.valeur)
                continue
            try:
                parametre.regle_id._lire_parametre(parametre.code, parametre.valeur)
            except ValueError as erreur:
                raise ValidationError(_(
                    "Règle %(regle)s, paramètre « %(code)s » : la valeur « %(valeur)s » n'est pas lisible (%(raison)s).",
                    regle=parametre.regle_id.code, code=parametre.code, valeur=parametre.valeur, raison=erreur,
                )) from erreur

    @api.model_create_multi
    def create(self, vals_list):
        parametres = super().create(vals_list)
        parametres.regle_id._noter_version()
        for parametre in parametres:
            parametre._tracer(_("Paramètre ajouté"))
        return parametres

    def write(self, vals):
        for parametre in self:
            parametre._tracer(_("Paramètre avant modification"))
        resultat = super().write(vals)
        self.regle_id._noter_version()
        for parametre in self:
            parametre._tracer(_("Paramètre modifié"))
        return resultat

    def unlink(self):
        regles = self.regle_id
        for parametre in self:
            parametre._tracer(_("Paramètre supprimé"))
        resultat = super().unlink()
        regles._noter_version()
        return resultat

    def _tracer(self, quoi):
        """Laisse sur la règle la trace d'un changement : valeur et dates."""
        self.ensure_one()
        if not self.env.registry.ready:
            return
        self.regle_id.message_post(body=_(
            "%(quoi)s : %(code)s = %(valeur)s, du %(debut)s au %(fin)s",
            quoi=quoi, code=self.code, valeur=self.valeur,
            debut=fields.Date.to_string(self.date_debut), fin=fields.Date.to_string(self.date_fin) or "…",
        ))
