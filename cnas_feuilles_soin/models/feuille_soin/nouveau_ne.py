from odoo import _, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition

from .actions import AGENT, OUVERTS


@actions
class FeuilleSoin(models.Model):
    """Le nouveau-né soigné sous le numéro de sa mère : jugé à son âge, rattaché dès qu'il est immatriculé.

    Le délai d'immatriculation est un paramètre daté de la règle DRT-08.
    """

    _inherit = "cnas.feuille_soin"

    _actions = {
        "rattacher_enfant": Action(titre=_lt("Rattacher à l'enfant"), de=(*OUVERTS, "validee", "payee"), roles=(AGENT,)),
    }
    _champs_geles = ("enfant_id",)

    rang_naissance = fields.Integer(
        string="Rang de naissance", group_operator=None, help="1, 2… pour des jumeaux ; vide : enfant seul.")
    enfant_id = fields.Many2one(
        "cnas.assure", string="Enfant immatriculé ensuite", readonly=True, copy=False, index="btree_not_null",
        ondelete="restrict")

    # ------------------------------------------------------------------ actions
    @transition("rattacher_enfant")
    def action_rattacher_enfant(self, enfant_id=None):
        """Rattache des feuilles de nouveau-né à l'enfant, une fois immatriculé.

        :param int enfant_id: l'enfant ; vide : le seul enfant de la famille né ce jour-là
        :return: True
        :raise UserError: pas une feuille de nouveau-né, aucun enfant ou plusieurs, autre famille ou autre naissance
        """
        for feuille in self:
            candidats = feuille._enfants_nes_ce_jour()
            enfant = candidats.filtered(lambda a: a.id == enfant_id) if enfant_id else candidats
            if len(enfant) != 1:
                raise UserError(_(
                    "La feuille %(numero)s ne se rattache pas : %(nombre)s enfant(s) de cette famille, né(s) le jour déclaré, "
                    "conviennent. Immatriculez l'enfant, ou dites lequel.",
                    numero=feuille.display_name, nombre=len(enfant)))
            feuille._rattacher_a(enfant)

    # ------------------------------------------------------------------ métier
    def _enfants_nes_ce_jour(self):
        """Rend les enfants de la famille nés le jour que dit la feuille (aucun si elle n'est pas d'un nouveau-né)."""
        self.ensure_one()
        if not self.nouveau_ne or not self.date_naissance_declaree:
            return self.env["cnas.assure"]
        return self.sudo().env["cnas.assure"].search([
            ("famille_id", "=", self.sudo().assure_id.famille_id.id), ("lien", "=", "enfant"),
            ("date_naissance", "=", self.date_naissance_declaree), ("state", "=", "actif")])

    def _rattacher_a(self, enfant):
        """Note l'enfant : les contrôles suivants le reconnaissent. La feuille garde le numéro qu'elle porte."""
        self.sudo()._ecrire({"enfant_id": enfant.id})
        self.sudo()._message_log(body=_("Rattachée à %s, immatriculé depuis.", enfant.display_name))
