from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date

from .compte_paiement import NATURES


class SchemaComptable(models.Model):
    """Comptes SYSCOHADA mouvementés par une opération de la facturation, datés.

    Les comptes livrés sont des propositions : l'administrateur les remplace par ceux du plan
    de la CNAS. Le journal exporté est équilibré par construction (un débit, un crédit).

    Une ligne s'affine par régime, par type de prestation et par voie de paiement ; vide vaut « tous ». La plus précise qui
    couvre le jour l'emporte : régime, puis type, puis voie.

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

    _periode_cle = ("operation", "regime_id", "type_prestation", "voie")
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
    regime_id = fields.Many2one("cnas.regime", string="Régime", ondelete="restrict", help="Vide : tous.")
    type_prestation = fields.Selection(
        lambda self: self.env["cnas.prestation"]._fields["type_prestation"]._description_selection(self.env),
        string="Type de prestation", help="Vide : tous.")
    voie = fields.Selection(NATURES, string="Voie", help="Pour un paiement : par où il part. Vide : toutes.")
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

    @api.model
    def _choisir(self, schemas, operation, jour, regime=False, type_prestation=False, voie=False):
        """Rend la ligne la plus précise qui couvre ce jour.

        :param dict schemas: {opération: lignes}, lues une fois
        :param int regime: identifiant du régime
        :raise UserError: aucune ne couvre ce jour
        """
        meilleure, precision = None, -1
        for schema in schemas.get(operation, ()):
            exigences = ((schema.regime_id.id, regime, 4), (schema.type_prestation, type_prestation, 2), (schema.voie, voie, 1))
            if schema._couvre(jour) and all(not exige or exige == valeur for exige, valeur, _poids in exigences):
                poids = sum(p for exige, _valeur, p in exigences if exige)
                if poids > precision:
                    meilleure, precision = schema, poids
        if not meilleure:
            libelle = dict(self._fields["operation"]._description_selection(self.env))[operation]
            raise UserError(_("Aucun compte n'est défini pour « %(operation)s » au %(jour)s : complétez le schéma comptable.",
                              operation=libelle, jour=ecrire_date(jour)))
        return meilleure
