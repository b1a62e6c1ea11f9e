from odoo import _, api, fields, models
from odoo.exceptions import UserError


class Releve(models.Model):
    """Un relevé de banque ou d'opérateur, importé : ses lignes, et ce qu'elles sont devenues.

    Il naît de l'import d'un fichier (`cnas.import_fichier`) et ne s'importe qu'une fois. Personne n'écrit ni n'efface ; l'agent comptable
    mène ses lignes, l'ordonnateur et le superviseur lisent.
    """

    _name = "cnas.releve"
    _description = "Relevé de compte"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "id desc"
    _rec_name = "nom"

    _champs_geles = ("nom", "journal_id", "empreinte", "import_id", "nom_fichier")
    _champs_journal = ("nom", "journal_id", "empreinte")

    nom = fields.Char(string="Relevé", required=True, readonly=True)
    journal_id = fields.Many2one("account.journal", string="Compte", required=True, readonly=True, index=True, ondelete="restrict")
    nom_fichier = fields.Char(string="Fichier", readonly=True)
    empreinte = fields.Char(string="Empreinte SHA-256", required=True, readonly=True)
    import_id = fields.Many2one("cnas.import_fichier", string="Import", required=True, readonly=True, index=True, ondelete="restrict")
    ligne_ids = fields.One2many("cnas.releve.ligne", "releve_id", string="Lignes", readonly=True)
    date_debut = fields.Date(string="Du", compute="_compute_resume")
    date_fin = fields.Date(string="Au", compute="_compute_resume")
    nb_lignes = fields.Integer(string="Lignes lues", compute="_compute_resume")
    nb_attente = fields.Integer(string="En attente", compute="_compute_resume")
    part_rapprochee = fields.Float(string="Rapproché (%)", compute="_compute_resume")
    entrees = fields.Monetary(string="Entrées", compute="_compute_resume")
    sorties = fields.Monetary(string="Sorties", compute="_compute_resume")

    _sql_constraints = [("fichier_unique", "UNIQUE (journal_id, empreinte)", "Ce relevé est déjà importé sur ce compte.")]

    @api.depends("ligne_ids.state", "ligne_ids.montant", "ligne_ids.date")
    def _compute_resume(self):
        self.env["cnas.releve.ligne"].flush_model()
        self.env.cr.execute("""
            SELECT releve_id, MIN(date), MAX(date), COUNT(*), COUNT(*) FILTER (WHERE state = 'attente'),
                   COALESCE(SUM(montant) FILTER (WHERE montant > 0), 0), COALESCE(-SUM(montant) FILTER (WHERE montant < 0), 0)
              FROM cnas_releve_ligne WHERE releve_id = ANY(%s) GROUP BY 1""", [self.ids])
        resumes = {identifiant: reste for identifiant, *reste in self.env.cr.fetchall()}
        for releve in self:
            debut, fin, lignes, attente, entrees, sorties = resumes.get(releve.id, (False, False, 0, 0, 0, 0))
            releve.update({
                "date_debut": debut, "date_fin": fin, "nb_lignes": lignes, "nb_attente": attente, "entrees": entrees, "sorties": sorties,
                "part_rapprochee": 100 * (lignes - attente) / lignes if lignes else 0})

    @api.model_create_multi
    def create(self, vals_list):
        if vals_list and not self._ouvert(("journal_id",)):
            raise UserError(_("Un relevé s'importe d'un fichier : « Importer un relevé »."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un relevé importé ne se supprime pas : ses lignes disent ce qui est confirmé par la banque."))

    def action_voir_lignes(self):
        """Ouvre les lignes du relevé. Rend une action de fenêtre."""
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_comptabilite.releve_ligne_action")
        return {**action, "domain": [("releve_id", "in", self.ids)], "context": {}}
