from odoo import models


class Base(models.AbstractModel):
    """Un export d'un modèle CNAS, à l'écran ou par RPC, laisse une ligne au journal."""

    _inherit = "base"

    def export_data(self, fields_to_export):
        resultat = super().export_data(fields_to_export)
        if self._name.startswith("cnas.") and not self._transient:
            self._journaliser_export({"champs": list(fields_to_export)})
        return resultat

    def _journaliser_export(self, quoi):
        """Note ce qui sort de la base : l'export d'Odoo et ceux de la maison."""
        self.env["cnas.journal"]._ajouter_une_fois({
            "modele": self._name, "res_id": self.id if len(self) == 1 else 0, "evenement": "export",
            "apres": {**quoi, "nombre": len(self)}})
