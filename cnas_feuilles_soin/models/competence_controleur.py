from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui

from .feuille_soin.dossier import NATURES


class CompetenceControleur(models.Model):
    """Ce qu'un contrôleur traite, combien de dossiers à la fois, et quand il est absent.

    | qui | peut |
    |---|---|
    | contrôleur | lire |
    | superviseur | régler, déclarer une absence, répartir de nouveau les dossiers |
    """

    _name = "cnas.competence_controleur"
    _description = "Compétences d'un contrôleur"
    _inherit = ["cnas.garde.mixin", "mail.thread"]
    _order = "user_id"
    _rec_name = "user_id"

    user_id = fields.Many2one("res.users", string="Contrôleur", required=True, ondelete="cascade", tracking=True)
    traite_ordinaire = fields.Boolean(string="Ordinaire", default=True, tracking=True)
    traite_enfant = fields.Boolean(string="Enfant", tracking=True)
    traite_maternite = fields.Boolean(string="Maternité", tracking=True)
    traite_ald = fields.Boolean(string="ALD", tracking=True)
    agence_ids = fields.Many2many("cnas.agence", "cnas_competence_agence_rel", "competence_id", "agence_id",
                                  string="Agences", help="Vide : toutes.")
    plafond = fields.Integer(string="Dossiers ouverts au plus", default=60, required=True, tracking=True)
    absent_du = fields.Date(string="Absent du", tracking=True)
    absent_au = fields.Date(string="Au", tracking=True)
    active = fields.Boolean(string="Actif", default=True)
    charge = fields.Integer(string="Dossiers ouverts", compute="_compute_charge")
    absent = fields.Boolean(string="Absent aujourd'hui", compute="_compute_absent")

    _sql_constraints = [
        ("user_unique", "UNIQUE (user_id)", "Ce contrôleur a déjà sa fiche de compétences."),
        ("plafond_positif", "CHECK (plafond >= 0)", "Le nombre de dossiers ouverts ne peut pas être négatif."),
        ("absence_ordonnee", "CHECK (absent_au IS NULL OR absent_du IS NULL OR absent_au >= absent_du)",
         "La fin de l'absence doit suivre son début."),
    ]

    def _compute_charge(self):
        charges = self.env["cnas.feuille_soin"]._charges(self.user_id.ids)
        for fiche in self:
            fiche.charge = charges.get(fiche.user_id.id, 0)

    @api.depends("absent_du", "absent_au")
    def _compute_absent(self):
        jour = aujourd_hui()
        for fiche in self:
            fiche.absent = fiche._est_absent(jour)

    def action_repartir(self):
        """Rend les dossiers ouverts de ces contrôleurs et les répartit entre les présents.

        :return: True
        """
        self.env["cnas.feuille_soin"]._exiger_groupe("cnas_base.group_superviseur", _("répartir les dossiers"))
        self._repartir()
        return True

    def _repartir(self):
        feuilles = self.env["cnas.feuille_soin"].sudo().search([
            ("controleur_id", "in", self.user_id.ids), ("state", "in", ("deposee", "controle", "avis_medical"))])
        feuilles._ecrire_affectations({feuille.id: None for feuille in feuilles})
        feuilles._affecter_au_moins_charge(sauf=self.user_id.ids)

    def _est_absent(self, jour):
        self.ensure_one()
        if not self.absent_du and not self.absent_au:
            return False
        return (self.absent_du or jour) <= jour <= (self.absent_au or jour)

    def _natures(self):
        self.ensure_one()
        return {nature for nature, _libelle in NATURES if self[f"traite_{nature}"]}

    @api.model_create_multi
    def create(self, vals_list):
        fiches = super().create(vals_list)
        fiches._verifier_roles()
        return fiches

    def write(self, vals):
        resultat = super().write(vals)
        if "user_id" in vals:
            self._verifier_roles()
        return resultat

    def _verifier_roles(self):
        for fiche in self:
            if not fiche.user_id.has_group("cnas_base.group_controleur"):
                raise UserError(_("« %s » n'a pas le rôle Contrôleur : donnez-le-lui d'abord.", fiche.user_id.name))
