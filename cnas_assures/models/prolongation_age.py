import base64

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.cnas_base.lecture import ouvrir_fichier

TAILLE_MAX_JUSTIFICATIF_MO = 8


class ProlongationAge(models.Model):
    """Le justificatif daté qui garde un enfant à charge au-delà de l'âge limite.

    Scolarité ou apprentissage : jusqu'à 21 ans ; études : jusqu'à 25 ans ; handicap : sans
    limite (paramètres `cnas_assures.age_max_*`). Sans justificatif valable au jour des soins,
    l'enfant trop âgé n'a plus de droits dérivés.

    | qui | peut |
    |---|---|
    | agent | enregistrer un justificatif |
    | superviseur | le corriger, le supprimer |
    """

    _name = "cnas.prolongation_age"
    _description = "Prolongation d'âge d'un ayant droit"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "date_debut desc, id desc"
    _champs_journal = ("assure_id", "nature", "date_debut", "date_fin", "reference")

    _periode_cle = ("assure_id", "nature")
    _periode_message = "Un justificatif de même nature couvre déjà ces dates."

    assure_id = fields.Many2one(
        comodel_name="cnas.assure", string="Enfant", required=True, index=True, ondelete="cascade")
    nature = fields.Selection(
        selection=[("scolarite", "Scolarité ou apprentissage"), ("etudes", "Études supérieures"),
                   ("handicap", "Handicap")],
        string="Nature", required=True)
    reference = fields.Char(string="Référence du justificatif", required=True)
    fichier = fields.Binary(string="Justificatif", attachment=True)
    nom_fichier = fields.Char(string="Nom du fichier")

    @api.constrains("fichier")
    def _check_fichier(self):
        for prolongation in self.with_context(bin_size=False).filtered("fichier"):
            ouvrir_fichier(prolongation._contenu(), prolongation.nom_fichier or _("justificatif"), TAILLE_MAX_JUSTIFICATIF_MO)

    @api.constrains("date_fin", "nature")
    def _check_fin_scolarite(self):
        for prolongation in self:
            if prolongation.nature != "handicap" and not prolongation.date_fin:
                raise ValidationError(_("Un certificat de scolarité a une date de fin : donnez-la."))

    def write(self, vals):
        if not self.env.su and not self.env.user.has_group("cnas_base.group_superviseur"):
            raise UserError(_("Seul un superviseur corrige un justificatif enregistré : ajoutez-en un nouveau."))
        return super().write(vals)

    def _contenu(self):
        return base64.b64decode(self.fichier or b"")
