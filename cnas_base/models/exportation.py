from odoo import _, models
from odoo.exceptions import UserError
from odoo.models import fix_import_export_id_paths


class Base(models.AbstractModel):
    """Un export d'un modèle CNAS, à l'écran ou par RPC, laisse une ligne au journal."""

    _inherit = "base"

    def export_data(self, fields_to_export):
        if not self.env.su:
            self._refuser_export_medical(fields_to_export)
        resultat = super().export_data(fields_to_export)
        if self._name.startswith("cnas.") and not self._transient:
            self._journaliser_export({"champs": list(fields_to_export)})
        return resultat

    def _refuser_export_medical(self, chemins):
        """Ce dont chaque lecture laisse une trace (diagnostic, avis, pièce) se lit dans le dossier, pas dans un classeur."""
        for chemin in chemins:
            modele = self
            # Lu comme Odoo le lira : « pathologie_id.id » et « pathologie_id:id » la disent aussi.
            for nom in fix_import_export_id_paths(chemin) if isinstance(chemin, str) else ():
                champ = modele._fields.get(nom)
                if champ and nom in getattr(modele, "_champs_lus", ()):
                    raise UserError(_("« %s » ne s'exporte pas : ôtez-le de l'export.", champ._description_string(self.env)))
                if not champ or not champ.relational:
                    break
                modele = self.env[champ.comodel_name]

    def _journaliser_export(self, quoi):
        """Note ce qui sort de la base : l'export d'Odoo et ceux de la maison."""
        self.env["cnas.journal"]._ajouter_une_fois({
            "modele": self._name, "res_id": self.id if len(self) == 1 else 0, "evenement": "export",
            "apres": {**quoi, "nombre": len(self)}})
