from odoo import _, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class AppelWizard(models.TransientModel):
    """Appelle un trimestre aux indépendants et à l'État."""

    _name = "cnas.appel.wizard"
    _description = "Appeler un trimestre"

    jour = fields.Date(string="Un jour du trimestre", required=True, default=lambda self: aujourd_hui())

    def action_appeler(self):
        """Émet ce qui n'est pas encore appelé. Rend l'action qui ouvre les appels du trimestre."""
        self.ensure_one()
        appels = self.env["cnas.appel_cotisation"]
        nombre = appels.appeler_trimestre(fields.Date.to_string(self.jour))
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_cotisations.appel_cotisation_action")
        return {**action, "name": _("%s appel(s) émis", nombre), "context": {},
                "domain": [("periode", "=", appels._trimestre(self.jour)[0]), ("type_cotisant", "!=", "employeur")]}
