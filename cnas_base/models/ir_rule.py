from odoo import api, models
from odoo.osv import expression

from ..jour import aujourd_hui


class IrRule(models.Model):
    """Deux règles d'espèce, pour tout modèle CNAS, présent ou à venir.

    Un assistant (`TransientModel`) n'est qu'à son auteur. Un modèle qui dit à quelle agence il appartient
    (`_cloison_agence`) ne s'ouvre qu'aux agents de cette agence, si le paramètre `cloison_agences` le veut.
    """

    _inherit = "ir.rule"

    @api.model
    def _compute_domain(self, model_name, mode="read"):
        domaine = super()._compute_domain(model_name, mode)
        if self.env.su or not model_name.startswith("cnas."):
            return domaine
        modele = self.env[model_name]
        if modele._transient:
            return expression.AND([domaine or [], [("create_uid", "=", self.env.uid)]])
        cloison = self._cloison(modele) if getattr(modele, "_cloison_agence", ()) else None
        return expression.AND([domaine or [], cloison]) if cloison else domaine

    @api.model
    def _cloison(self, modele):
        """Rend le domaine qui borne l'usager à ses agences et à ce qui lui est transmis, ou None s'il voit tout."""
        usager = self.env.user
        parametres = self.env["cnas.parametre"]
        if (not usager.has_group("cnas_base.group_agent") or usager.has_group("cnas_base.group_administrateur")
                or not parametres._au("cloison_agences", aujourd_hui())):
            return None
        agences = usager.sudo().agence_ids
        if any(agences.mapped("siege")) or (not agences and parametres._au("cloison_sans_agence") == "tout"):
            return None
        branches = [[("create_uid", "=", usager.id)]] if modele._log_access else []
        branches += [[(chemin, "in", agences.ids)] for chemin in modele._cloison_agence]
        branches += [[(chemin, "=", usager.id)] for chemin in modele._cloison_usager]
        return expression.OR([[(modele._cloison_agence[0], "=", False)], *branches])
