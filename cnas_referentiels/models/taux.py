from odoo import _, api, fields, models

from .constantes import NATURES, TYPES_PRESTATION


class Taux(models.Model):
    """Taux de prise en charge daté, du plus précis au plus général.

    Pour une ligne, on cherche dans l'ordre : régime + type + nature, régime + nature, régime + type, régime.
    La nature du dossier l'emporte sur le type de prestation : un taux de maternité vaut pour ses médicaments.

    Lecture : tous les rôles internes. Écriture : un administrateur demande, un superviseur accepte (`cnas.changement.mixin`) ;
    l'administrateur pose seul le premier taux d'un régime qui n'en a pas à ces dates.
    """

    _name = "cnas.taux"
    _description = "Taux de prise en charge"
    _inherit = ["cnas.changement.mixin", "cnas.periode.mixin", "mail.thread"]
    _order = "regime_id, nature, type_prestation, date_debut desc"
    _champs_journal = ("regime_id", "type_prestation", "nature", "taux", "date_debut", "date_fin")

    _champs_sensibles = dict.fromkeys(_champs_journal, "_toujours")
    _cree_a_deux = True
    _cle_a_deux = ("regime_id",)  # un taux plus précis remplace celui de tous les soins
    _periode_cle = ("regime_id", "type_prestation", "nature")
    _periode_message = "Un autre taux couvre déjà ces dates pour ce régime, ce type et cette nature."

    regime_id = fields.Many2one("cnas.regime", string="Régime", required=True, index=True, ondelete="restrict",
                                tracking=True)
    type_prestation = fields.Selection(TYPES_PRESTATION, string="Type de prestation", tracking=True,
                                       help="Vide : tous les types.")
    nature = fields.Selection(NATURES, string="Nature du dossier", tracking=True, help="Vide : toutes.")
    taux = fields.Float(string="Taux (%)", digits=(5, 2), required=True, tracking=True, group_operator="avg",
                        help="Part payée par la caisse, de 0 à 100.")
    date_debut = fields.Date(tracking=True)
    date_fin = fields.Date(tracking=True)

    _sql_constraints = [("taux_borne", "CHECK (taux BETWEEN 0 AND 100)", "Un taux va de 0 à 100 %.")]

    @api.depends("regime_id", "type_prestation", "nature", "taux")
    @api.depends_context("lang")
    def _compute_display_name(self):
        types, natures = (dict(self._fields[champ]._description_selection(self.env)) for champ in ("type_prestation", "nature"))
        for ligne in self:
            precisions = [types.get(ligne.type_prestation), natures.get(ligne.nature)]
            portee = ", ".join(p for p in precisions if p) or _("tous soins")
            ligne.display_name = f"{ligne.regime_id.code or ''} — {portee} : {ligne.taux:g} %"
