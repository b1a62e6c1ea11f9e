from odoo import _, fields, models
from odoo.exceptions import UserError

FEUILLES_MAX = 20_000


class EssaiMixin(models.AbstractModel):
    """Un essai du moteur sur des feuilles déjà venues : qui le fait, lesquelles, ce qu'il montre. N'écrit aucune feuille."""

    _name = "cnas.essai.mixin"
    _description = "Essai du moteur"
    _inherit = ["cnas.montant.mixin"]

    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation", help="Vide : toutes.")
    fait = fields.Boolean(readonly=True)
    nombre = fields.Integer(string="Feuilles rejouées", readonly=True)
    touchees = fields.Integer(string="Feuilles qui changent", readonly=True)
    montant_avant = fields.Monetary(string="Part CNAS aujourd'hui", readonly=True)
    montant_apres = fields.Monetary(string="Part CNAS à l'essai", readonly=True)

    def _exiger_administrateur(self):
        if not self.env.user.has_group("cnas_base.group_administrateur"):
            raise UserError(_("Seul l'administrateur essaie et change une règle ou un tarif."))

    def _choisir(self, debut, fin):
        """Rend les feuilles des soins de la période, et de la formation s'il y en a une.

        :raise UserError: aucune, ou trop
        """
        domaine = [("date_soins", ">=", debut), ("date_soins", "<=", fin), ("state", "not in", ("brouillon", "annulee"))]
        if self.formation_id:
            domaine.append(("formation_id", "=", self.formation_id.id))
        feuilles = self.env["cnas.feuille_soin"].search(domaine, limit=FEUILLES_MAX + 1, order="id")
        if not feuilles:
            raise UserError(_("Aucune feuille déposée sur cette période : changez les dates."))
        if len(feuilles) > FEUILLES_MAX:
            raise UserError(_("Plus de %s feuilles sur cette période : réduisez les dates ou choisissez une formation.", FEUILLES_MAX))
        return feuilles

    def _rouvrir(self):
        return {"type": "ir.actions.act_window", "name": self._description, "res_model": self._name, "res_id": self.id,
                "view_mode": "form", "target": "new"}
