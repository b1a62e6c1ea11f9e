from odoo import api, fields, models


class SchemaComptable(models.Model):
    """Comptes SYSCOHADA mouvementés par une opération de la facturation, datés.

    Les comptes livrés sont des propositions : l'administrateur les remplace par ceux du plan
    de la CNAS. Le journal exporté est équilibré par construction (un débit, un crédit).

    | qui | peut |
    |---|---|
    | finance, agent | lire |
    | administrateur | créer, modifier, fermer une période |
    """

    _name = "cnas.schema_comptable"
    _description = "Schéma comptable"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "operation, date_debut desc"
    _rec_name = "operation"

    _periode_cle = ("operation",)
    _periode_message = "Cette opération a déjà des comptes sur cette période : fermez-la d'abord."

    operation = fields.Selection(
        [
            ("liquidation_soins", "Liquidation — soins"),
            ("liquidation_pharmacie", "Liquidation — pharmacie"),
            ("liquidation_assure", "Liquidation — remboursement à l'assuré"),
            ("complement", "Complément après contestation"),
            ("compensation", "Compensation d'un indu"),
            ("encaissement_indu", "Remboursement d'un indu"),
            ("paiement_principal", "Paiement — compte principal"),
            ("paiement_pharmacie", "Paiement — compte pharmacie"),
            ("paiement_assure", "Paiement — remboursement à l'assuré"),
        ],
        string="Opération", required=True,
    )
    journal = fields.Char(string="Journal", required=True, size=8)
    compte_debit = fields.Char(string="Compte débité", required=True, size=12)
    compte_credit = fields.Char(string="Compte crédité", required=True, size=12)

    _sql_constraints = [
        ("comptes_numeriques", "CHECK (compte_debit ~ '^[0-9]{2,12}$' AND compte_credit ~ '^[0-9]{2,12}$')",
         "Un compte SYSCOHADA ne comporte que des chiffres (2 à 12)."),
        ("comptes_distincts", "CHECK (compte_debit <> compte_credit)",
         "Le compte débité et le compte crédité doivent être différents."),
    ]

    @api.depends("operation")
    def _compute_display_name(self):
        libelles = dict(self._fields["operation"]._description_selection(self.env))
        for schema in self:
            schema.display_name = libelles.get(schema.operation) or ""
