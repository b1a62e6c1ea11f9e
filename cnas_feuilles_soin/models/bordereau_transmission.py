from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_nombre
from odoo.addons.cnas_base.garde import Action, actions, transition

from ..report.papiers_pdf import dessiner_bordereaux
from .feuille_soin.actions import AGENT


@actions
class BordereauTransmission(models.Model):
    """Le bordereau qui accompagne les dossiers papier d'une agence vers le siège.

    États : brouillon → envoyé → reçu (avec ses écarts). L'agence compose et envoie ; le siège pointe et reçoit.
    """

    _name = "cnas.bordereau_transmission"
    _description = "Bordereau de transmission"
    _inherit = ["cnas.etat.mixin", "cnas.papier.mixin", "mail.thread"]
    _papiers = {"bt": _lt("Bordereau de transmission")}
    _order = "id desc"
    _cloison_agence = ("agence_id", "destination_id")

    _etat_initial = "brouillon"
    _actions = {
        "remplir": Action(titre=_lt("Remplir"), de=("brouillon",), roles=(AGENT,)),
        "vider": Action(titre=_lt("Vider"), de=("brouillon",), roles=(AGENT,)),
        "envoyer": Action(titre=_lt("Envoyer"), de=("brouillon",), vers=("envoye",), roles=(AGENT,),
                          empeche=("_empeche_d_envoyer",)),
        "recevoir": Action(titre=_lt("Recevoir"), de=("envoye",), vers=("recu",), roles=(AGENT,)),
    }
    _champs_geles = ("name", "date_envoi", "envoye_par_id", "date_reception", "recu_par_id", "nombre_envoye")

    name = fields.Char(string="Bordereau", required=True, copy=False, readonly=True, default=lambda self: _("Nouveau"))
    agence_id = fields.Many2one("cnas.agence", string="De l'agence", required=True, ondelete="restrict",
                                default=lambda self: self.env["cnas.agence"]._de_l_usager())
    destination_id = fields.Many2one("cnas.agence", string="Vers", required=True, ondelete="restrict",
                                     default=lambda self: self.env["cnas.agence"].search([("siege", "=", True)], limit=1))
    state = fields.Selection([("brouillon", "Brouillon"), ("envoye", "Envoyé"), ("recu", "Reçu")],
                             string="État", default="brouillon", required=True, readonly=True, copy=False, tracking=True)
    feuille_ids = fields.One2many("cnas.feuille_soin", "bordereau_id", string="Dossiers")
    manquante_ids = fields.Many2many("cnas.feuille_soin", "cnas_bordereau_manquante_rel", "bordereau_id", "feuille_id",
                                     string="Dossiers absents à l'arrivée", copy=False)
    observation = fields.Text(string="Autres écarts constatés", copy=False)
    nombre_envoye = fields.Integer(string="Dossiers envoyés", readonly=True, copy=False)
    date_envoi = fields.Datetime(string="Envoyé le", readonly=True, copy=False)
    envoye_par_id = fields.Many2one("res.users", string="Envoyé par", readonly=True, copy=False)
    date_reception = fields.Datetime(string="Reçu le", readonly=True, copy=False)
    recu_par_id = fields.Many2one("res.users", string="Reçu par", readonly=True, copy=False)

    _sql_constraints = [
        ("name_unique", "UNIQUE (name)", "Ce numéro de bordereau existe déjà."),
        ("trajet", "CHECK (agence_id <> destination_id)", "L'agence d'envoi et la destination sont les mêmes."),
    ]

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            vals["name"] = self.env["ir.sequence"].sudo().next_by_code("cnas.bordereau_transmission")
        return super()._completer_creation(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_brouillon_seul(self):
        if any(bordereau.state != "brouillon" for bordereau in self):
            raise UserError(_("Un bordereau envoyé ne se supprime pas."))

    # ------------------------------------------------------------------ actions
    @transition("remplir")
    def action_remplir(self):
        """Ajoute tous les dossiers déposés dans l'agence qui n'ont pas encore voyagé. Rend True."""
        for bordereau in self:
            feuilles = self.env["cnas.feuille_soin"].search([
                ("agence_id", "=", bordereau.agence_id.id), ("bordereau_id", "=", False), ("papier", "=", "agence"),
                ("state", "not in", ("brouillon", "annulee"))], limit=500)
            feuilles.sudo()._ecrire({"bordereau_id": bordereau.id}, suivi=False)

    @transition("vider")
    def action_vider(self):
        """Retire tous les dossiers d'un bordereau en préparation. Rend True."""
        self.feuille_ids.sudo()._ecrire({"bordereau_id": False}, suivi=False)

    def _faits_du_papier(self, code):
        return [(_("Bordereau"), self.name), (_("De"), self.agence_id.name), (_("Vers"), self.destination_id.name),
                (_("Dossiers"), ecrire_nombre(len(self.feuille_ids))), (_("Envoyé le"), ecrire_date(self.date_envoi))]

    def _pdf(self):
        """Rend le PDF des bordereaux."""
        self.check_access_rights("read")
        self.check_access_rule("read")
        return dessiner_bordereaux(self)

    @transition("envoyer")
    def action_envoyer(self):
        """Envoie : la liste est figée. Rend True."""
        for bordereau in self:
            bordereau._changer_etat("envoye", date_envoi=fields.Datetime.now(), envoye_par_id=self.env.uid,
                                    nombre_envoye=len(bordereau.feuille_ids))

    def _empeche_d_envoyer(self):
        return {bordereau.id: _("le bordereau est vide : ajoutez des dossiers.")
                for bordereau in self if not bordereau.feuille_ids}

    @transition("recevoir")
    def action_recevoir(self):
        """Reçoit : les dossiers pointés absents sont notés, et repartent dans un prochain bordereau. Rend True."""
        for bordereau in self:
            etrangers = bordereau.manquante_ids - bordereau.feuille_ids
            if etrangers:
                raise UserError(_("Le dossier %s n'est pas dans ce bordereau.", etrangers[0].display_name))
            bordereau._changer_etat("recu", date_reception=fields.Datetime.now(), recu_par_id=self.env.uid)
            if bordereau.manquante_ids:
                bordereau.message_post(body=_("Absents à l'arrivée : %s.",
                                              ", ".join(bordereau.manquante_ids.mapped("display_name"))))
                bordereau.manquante_ids.sudo()._ecrire({"bordereau_id": False})
