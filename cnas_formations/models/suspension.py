from datetime import timedelta

from odoo import _, fields, models


class Suspension(models.Model):
    """Une période pendant laquelle une formation, ou l'une de ses conventions, est suspendue.

    Née des boutons « Suspendre » ; la date de fin est le dernier jour suspendu. Elle décide de la
    situation à la date des soins, même des mois plus tard.

    Lue par les agents, le médecin-conseil et l'ordonnateur ; nul ne l'écrit directement.
    """

    _name = "cnas.suspension"
    _description = "Suspension"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "date_debut desc, id desc"

    _champs_geles = ("formation_id", "convention_id", "date_debut", "date_fin", "motif", "auteur_id")
    _champs_journal = ("formation_id", "convention_id", "date_debut", "date_fin", "motif")
    _periode_cle = ("formation_id", "convention_id")
    _periode_message = "Une suspension couvre déjà ces dates."

    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", required=True, index=True, ondelete="cascade")
    convention_id = fields.Many2one(
        "cnas.convention", string="Convention", index="btree_not_null", ondelete="cascade",
        help="Vide : toute la formation est suspendue.")
    motif = fields.Char(string="Motif", required=True)
    auteur_id = fields.Many2one(
        "res.users", string="Décidée par", default=lambda self: self.env.uid, readonly=True, ondelete="restrict")

    def _compute_display_name(self):
        for suspension in self:
            suspension.display_name = _("Suspension du %s", fields.Date.to_string(suspension.date_debut))

    def _lever(self, reprise):
        """Arrête les suspensions en cours à la veille de `reprise` ; celles qui n'ont pas encore compté disparaissent."""
        en_cours = self.filtered(lambda s: not s.date_fin or s.date_fin >= reprise).sudo()
        sans_effet = en_cours.filtered(lambda s: s.date_debut >= reprise)
        (en_cours - sans_effet)._ecrire({"date_fin": reprise - timedelta(days=1)})
        sans_effet.unlink()
