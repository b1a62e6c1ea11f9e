from odoo import _, api, fields, models

from ...jour import aujourd_hui

PROPRIETAIRES = [
    ("assure", "Assuré"), ("employeur", "Employeur"), ("formation", "Formation sanitaire"), ("convention", "Convention"),
    ("courrier", "Courrier"), ("feuille", "Feuille de soins"),
]
# Qui ouvre les pièces d'une feuille de soins ouvre un document médical.
MEDICAUX = ("cnas_base.group_agent", "cnas_base.group_medecin_conseil")


class TypeDocument(models.Model):
    """Le plan de classement : un type de document, à qui il appartient, combien de temps il se garde.

    La durée se lit au jour où l'on se demande si le document est échu (`cnas.conservation`). Un type sans durée en vigueur
    se garde sans fin.

    | qui | peut |
    |---|---|
    | tout rôle interne | lire |
    | administrateur | créer, modifier, archiver |
    """

    _name = "cnas.type_document"
    _description = "Type de document"
    _inherit = ["cnas.garde.mixin"]
    _order = "code"
    _rec_names_search = ["code", "name"]
    _champs_journal = ("code", "name", "proprietaire", "medical", "active")

    code = fields.Char(string="Cote", required=True)
    name = fields.Char(string="Type de document", required=True, translate=True)
    proprietaire = fields.Selection(PROPRIETAIRES, string="Appartient à", required=True)
    medical = fields.Boolean(string="Médical", help="Ne s'ouvre qu'à qui ouvre les pièces d'une feuille de soins.")
    depart = fields.Char(string="La durée court", translate=True, help="De quel jour on compte : le dernier remboursement, la radiation…")
    active = fields.Boolean(string="Actif", default=True)
    conservation_ids = fields.One2many("cnas.conservation", "type_id", string="Durées de conservation")
    annees = fields.Integer(string="Conservation (ans)", compute="_compute_annees")
    conservation_dite = fields.Char(string="Se garde", compute="_compute_annees")

    _sql_constraints = [("code_unique", "UNIQUE (code)", "Cette cote du plan de classement existe déjà.")]

    @api.depends("code", "name")
    def _compute_display_name(self):
        for type_document in self:
            type_document.display_name = f"{type_document.code} — {type_document.name}" if type_document.code else type_document.name

    @api.depends("conservation_ids.annees", "conservation_ids.date_debut", "conservation_ids.date_fin")
    def _compute_annees(self):
        jour = aujourd_hui()
        for type_document in self:
            duree = type_document._duree_au(jour)
            type_document.annees = duree.annees
            type_document.conservation_dite = _("%s an(s)", duree.annees) if duree else _("sans fin")

    def _duree_au(self, jour):
        """Rend la durée en vigueur un jour donné, vide : sans fin."""
        return self.sudo().conservation_ids.filtered(lambda duree: duree._couvre(jour))[:1]

    @api.model
    def _lit_le_medical(self):
        return self.env.su or any(self.env.user.has_group(groupe) for groupe in MEDICAUX)


class Conservation(models.Model):
    """Combien d'années un type de document se garde, à partir d'un jour, et d'après quel texte.

    Une durée se pose, se change, se clôt et s'ôte à deux (`cnas.changement.mixin`) : sans elle, un type se garde sans fin.
    """

    _name = "cnas.conservation"
    _description = "Durée de conservation"
    _inherit = ["cnas.changement.mixin", "cnas.periode.mixin"]
    _order = "type_id, date_debut desc"
    _champs_journal = ("type_id", "annees", "source", "date_debut", "date_fin")
    _champs_sensibles = dict.fromkeys(_champs_journal, "_toujours")
    _cree_a_deux = True
    _periode_cle = ("type_id",)
    _periode_message = "Ce type de document a déjà une durée à ces dates : fermez-la d'abord."

    type_id = fields.Many2one("cnas.type_document", string="Type de document", required=True, index=True, ondelete="cascade")
    annees = fields.Integer(string="Années", required=True)
    source = fields.Char(string="Source", help="Le texte ou la décision qui fixe cette durée.")

    _sql_constraints = [("annees_plausibles", "CHECK (annees BETWEEN 1 AND 100)", "Une durée de conservation va de 1 à 100 ans.")]

    @api.depends("type_id", "annees", "date_debut")
    def _compute_display_name(self):
        for duree in self:
            duree.display_name = _("%(type)s : %(annees)s an(s)", type=duree.type_id.code or "", annees=duree.annees)

    @api.model
    def _creation_sensible(self, vals):
        """Poser une durée où il n'y en a pas permet de détruire."""
        return True
