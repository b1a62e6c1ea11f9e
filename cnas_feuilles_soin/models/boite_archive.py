from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_nombre
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from ..report.papiers_pdf import dessiner_etiquettes
from .feuille_soin.actions import AGENT, SUPERVISEUR
from .feuille_soin.dossier import CLOS


@actions
class BoiteArchive(models.Model):
    """Une boîte d'archives papier : son emplacement, ce qu'elle contient, sa destruction.

    États : ouverte → fermée → détruite. L'agent crée et verse des dossiers.
    """

    _name = "cnas.boite_archive"
    _description = "Boîte d'archives"
    _inherit = ["cnas.etat.mixin", "cnas.papier.mixin", "mail.thread"]
    _papiers = {"eb": _lt("Étiquette de boîte d'archives")}
    _order = "id desc"
    _cloison_agence = ("agence_id",)

    _etat_initial = "ouverte"
    _actions = {
        "fermer": Action(titre=_lt("Fermer"), de=("ouverte",), vers=("fermee",), roles=(AGENT,)),
        "rouvrir": Action(titre=_lt("Rouvrir"), de=("fermee",), vers=("ouverte",), roles=(AGENT,)),
        "detruire": Action(titre=_lt("Détruire"), de=("fermee",), vers=("detruite",), roles=(SUPERVISEUR,), motif=True,
                           empeche=("_empeche_de_detruire",)),
    }
    _champs_geles = ("name", "date_destruction", "detruite_par_id", "motif_destruction")

    name = fields.Char(string="Boîte", required=True, copy=False, default=lambda self: _("Nouveau"), readonly=True)
    agence_id = fields.Many2one("cnas.agence", string="Agence", required=True, ondelete="restrict",
                                default=lambda self: self.env["cnas.agence"]._de_l_usager())
    emplacement = fields.Char(string="Emplacement", required=True, tracking=True,
                              help="Bâtiment, salle, travée, étagère.")
    capacite = fields.Integer(string="Capacité (dossiers)", default=200)
    state = fields.Selection([("ouverte", "Ouverte"), ("fermee", "Fermée"), ("detruite", "Détruite")],
                             string="État", default="ouverte", required=True, readonly=True, copy=False, tracking=True)
    feuille_ids = fields.One2many("cnas.feuille_soin", "boite_id", string="Dossiers")
    nombre = fields.Integer(string="Nombre de dossiers", compute="_compute_nombre")
    date_destruction = fields.Date(string="Détruite le", readonly=True, copy=False)
    detruite_par_id = fields.Many2one("res.users", string="Détruite par", readonly=True, copy=False)
    motif_destruction = fields.Char(string="Motif de la destruction", readonly=True, copy=False)

    _sql_constraints = [("name_unique", "UNIQUE (name)", "Ce numéro de boîte existe déjà.")]

    @api.depends("feuille_ids")
    def _compute_nombre(self):
        comptes = dict(self.env["cnas.feuille_soin"]._read_group(
            [("boite_id", "in", self.ids)], ["boite_id"], ["__count"]))
        for boite in self:
            boite.nombre = comptes.get(boite, 0)

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            vals["name"] = self.env["ir.sequence"].next_by_code("cnas.boite_archive")
        return super()._completer_creation(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_vide_seule(self):
        if any(boite.feuille_ids or boite.state == "detruite" for boite in self):
            raise UserError(_("Une boîte qui a servi ne se supprime pas."))

    def _faits_du_papier(self, code):
        return [(_("Boîte"), self.name), (_("Agence"), self.agence_id.name), (_("Dossiers"), ecrire_nombre(self.nombre))]

    def _pdf(self):
        """Rend le PDF des étiquettes."""
        self.check_access_rights("read")
        self.check_access_rule("read")
        return dessiner_etiquettes(self)

    @transition("fermer")
    def action_fermer(self):
        """Ferme les boîtes : elles ne reçoivent plus de dossier. Rend True."""
        self._changer_etat("fermee")

    @transition("rouvrir")
    def action_rouvrir(self):
        """Rouvre des boîtes fermées. Rend True."""
        self._changer_etat("ouverte")

    @transition("detruire")
    def action_detruire(self, motif=None):
        """Trace la destruction des boîtes et de leurs dossiers papier.

        :param motif: obligatoire (procès-verbal, décision) ; vide : rend l'assistant
        :return: True ou l'assistant
        """
        self._changer_etat("detruite", date_destruction=aujourd_hui(), detruite_par_id=self.env.uid,
                           motif_destruction=motif)
        self.feuille_ids.sudo()._ecrire({"papier": "detruit"})

    def _empeche_de_detruire(self):
        """Rend {id: raison} des boîtes dont un dossier n'est pas clos, ou qu'un gel protège (archivé, il a au moins une pièce)."""
        raisons = {piece.feuille_id.boite_id.id: _("le dossier %s est sous gel juridique : son papier ne se détruit pas.",
                                                   piece.feuille_id.display_name)
                   for piece in self.env["cnas.feuille_soin.piece"].sudo().search(
                       [("feuille_id.boite_id", "in", self.ids), ("gele", "=", True)])}
        for boite in self:
            vives = boite.feuille_ids.filtered(lambda f: f.state not in ("validee", *CLOS))
            if vives:
                raisons[boite.id] = _("le dossier %s n'est pas clos : son papier ne se détruit pas.", vives[0].display_name)
        return raisons
