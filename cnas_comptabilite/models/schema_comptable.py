from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_facturation.models.compte_paiement import NATURES


class SchemaComptable(models.Model):
    """Le schéma s'affine par régime, par type de prestation et par voie de paiement ; vide vaut « tous ».

    Le plus précis qui couvre le jour l'emporte : régime, puis type, puis voie.
    """

    _inherit = "cnas.schema_comptable"

    _periode_cle = ("operation", "regime_id", "type_prestation", "voie")

    operation = fields.Selection(
        selection_add=[("indu", "Indu notifié"), ("provision", "Provision pour prestations à liquider")],
        ondelete={"indu": "cascade", "provision": "cascade"})
    regime_id = fields.Many2one("cnas.regime", string="Régime", ondelete="restrict", help="Vide : tous.")
    type_prestation = fields.Selection(
        lambda self: self.env["cnas.prestation"]._fields["type_prestation"]._description_selection(self.env),
        string="Type de prestation", help="Vide : tous.")
    voie = fields.Selection(NATURES, string="Voie", help="Pour un paiement : par où il part. Vide : toutes.")

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
