from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from ..numerotation import numeros_annuels
from .carte import CARTES_PAR_PDF


@actions
class CarteLot(models.Model):
    """Lot d'impression : des cartes demandées, produites ensemble et imprimées par planches A4.

    | état | sens |
    |---|---|
    | prepare | on y ajoute ou retire des cartes demandées |
    | produit | toutes ses cartes sont produites ; les planches s'impriment autant de fois qu'il le faut |

    Qui peut quoi : la table `_actions`.
    """

    _name = "cnas.carte.lot"
    _description = "Lot d'impression de cartes"
    _inherit = ["cnas.etat.mixin", "mail.thread"]
    _order = "id desc"
    _rec_name = "numero"

    _etat_initial = "prepare"
    _actions = {
        "remplir": Action(titre=_lt("Ajouter les cartes demandées"), seul=True, de=("prepare",), roles=("cnas_base.group_agent",)),
        "produire": Action(titre=_lt("Produire le lot"), de=("prepare",), vers=("produit",),
                           roles=("cnas_base.group_agent",), empeche=("_sans_carte_a_produire",)),
    }
    _champs_geles = ("numero", "date_production")

    numero = fields.Char(string="Numéro de lot", readonly=True, copy=False)
    agence_id = fields.Many2one(
        "cnas.agence", string="Agence", default=lambda self: self.env.user.agence_ids[:1])
    carte_ids = fields.One2many("cnas.carte", "lot_id", string="Cartes")
    nombre = fields.Integer(string="Nombre de cartes", compute="_compute_nombre")
    nombre_planches = fields.Integer(string="Planches A4", compute="_compute_nombre")
    date_production = fields.Date(string="Produit le", readonly=True, copy=False)
    state = fields.Selection(
        [("prepare", "En préparation"), ("produit", "Produit")],
        string="État", default="prepare", required=True, copy=False, tracking=True)

    _sql_constraints = [("numero_unique", "UNIQUE (numero)", "Ce numéro de lot existe déjà.")]

    @api.depends("carte_ids")
    def _compute_nombre(self):
        nombres = dict(self.env["cnas.carte"]._read_group([("lot_id", "in", self.ids)], ["lot_id"], ["__count"]))
        for lot in self:
            lot.nombre = nombres.get(lot, 0)
            lot.nombre_planches = -(-lot.nombre // 10)

    @api.constrains("carte_ids")
    def _check_carte_ids(self):
        for lot in self:
            if len(lot.carte_ids) > CARTES_PAR_PDF:
                raise UserError(_("Un lot tient au plus %s cartes : faites-en plusieurs.", CARTES_PAR_PDF))

    def _completer_creation(self, vals_list):
        for vals, numero in zip(vals_list, numeros_annuels(self.env, "cnas.carte.lot", "LOT", len(vals_list))):
            vals["numero"] = numero
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if "carte_ids" in vals and any(lot.state != "prepare" for lot in self):
            raise UserError(_("Un lot produit ne change plus : préparez-en un autre."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_sauf_vide(self):
        if any(lot.carte_ids for lot in self):
            raise UserError(_("Ce lot tient des cartes : retirez-les avant de le supprimer."))

    # ------------------------------------------------------------------ actions
    @transition("remplir")
    def action_remplir(self):
        """Ajoute au lot les plus anciennes cartes demandées de l'agence, jusqu'à 500. Rend True."""
        domaine = [("state", "=", "demandee"), ("lot_id", "=", False)]
        if self.agence_id:
            domaine.append(("agence_id", "in", (False, self.agence_id.id)))
        libres = self.env["cnas.carte"].search(domaine, order="id", limit=CARTES_PAR_PDF - len(self.carte_ids))
        if not libres:
            raise UserError(_("Aucune carte demandée n'attend d'être mise en lot."))
        self.write({"carte_ids": [fields.Command.link(carte_id) for carte_id in libres.ids]})

    @transition("produire")
    def action_produire(self):
        """Produit toutes les cartes demandées du lot. Rend True.

        :raise UserError: lot vide
        """
        for lot in self:
            lot._a_produire().action_produire()
        self._changer_etat("produit", date_production=aujourd_hui())

    def _a_produire(self):
        return self.carte_ids.filtered(lambda c: c.state == "demandee")

    def _sans_carte_a_produire(self):
        """Rend {id: phrase} des lots qui n'ont rien à produire."""
        return {lot._origin.id: _("Le lot %s n'a aucune carte à produire.", lot.numero)
                for lot in self if not lot._a_produire()}

    def action_imprimer(self):
        """Ouvre les planches A4 du lot, recto puis verso."""
        self.ensure_one()
        return self.carte_ids.filtered("qr_texte").action_imprimer_planche()
