from odoo import _, api, fields, models
from odoo.exceptions import UserError


class ParametreFacturation(models.Model):
    """Seuil ou délai de la facturation, daté : jamais un chiffre en dur dans le code.

    | qui | peut |
    |---|---|
    | tout agent, finance | lire |
    | administrateur | créer, modifier, fermer une période |
    """

    _name = "cnas.parametre_facturation"
    _description = "Paramètre de facturation"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "code, date_debut desc"
    _rec_name = "code"

    _periode_cle = ("code",)
    _periode_message = "Ce paramètre a déjà une valeur sur cette période : fermez-la d'abord."

    code = fields.Selection(
        [
            ("delai_recours", "Délai de recours après notification (jours)"),
            ("delai_reponse_recours", "Délai de réponse à un recours (jours)"),
            ("plafond_compensation", "Plafond de compensation des indus (% du net de la facture)"),
            ("seuil_seconde_validation", "Seuil de la seconde validation (FCFA)"),
            ("mois_comparaison", "Nombre de mois de comparaison"),
        ],
        string="Paramètre", required=True,
    )
    valeur = fields.Integer(string="Valeur", required=True)
    description = fields.Char(string="Description")

    _sql_constraints = [
        ("valeur_positive", "CHECK (valeur >= 0)", "La valeur d'un paramètre ne peut pas être négative."),
    ]

    @api.depends("code", "valeur")
    def _compute_display_name(self):
        libelles = dict(self._fields["code"]._description_selection(self.env))
        for parametre in self:
            parametre.display_name = f"{libelles.get(parametre.code, _('Nouveau'))} : {parametre.valeur}"

    @api.model
    def _valeur(self, code, date=None):
        """Rend la valeur entière du paramètre à la date (défaut : aujourd'hui).

        :raise UserError: aucune valeur n'est en vigueur à cette date
        """
        jour = date or fields.Date.context_today(self)
        parametre = self.sudo().search([("code", "=", code), *self._domaine_en_vigueur(jour)], limit=1)
        if not parametre:
            libelle = dict(self._fields["code"]._description_selection(self.env)).get(code, code)
            raise UserError(_(
                "Le paramètre « %(libelle)s » n'a pas de valeur au %(jour)s : "
                "ajoutez-la dans Configuration, Paramètres de facturation.",
                libelle=libelle, jour=jour.strftime("%d/%m/%Y")))
        return parametre.valeur
