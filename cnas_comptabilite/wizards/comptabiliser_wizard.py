from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.jour import aujourd_hui


class ComptabiliserWizard(models.TransientModel):
    """Comptabilise les faits jusqu'à un jour, ou recharge le plan de comptes ; dit ce qui a été fait."""

    _name = "cnas.comptabiliser.wizard"
    _description = "Comptabiliser les faits"

    jusqu_au = fields.Date(string="Jusqu'au", required=True, default=lambda self: aujourd_hui())
    verrou = fields.Char(string="Mois clos jusqu'au", readonly=True, default=lambda self: self._dire_verrou())
    resultat = fields.Text(string="Ce qui a été fait", readonly=True)

    @api.model
    def _dire_verrou(self):
        verrou = self.env["cnas.comptabilite"]._verrou()
        return ecrire_date(verrou) if verrou.year > 1 else _("Aucun mois clos")

    def action_comptabiliser(self):
        """Comptabilise les faits. Rend l'action qui rouvre l'assistant."""
        self.ensure_one()
        if self.jusqu_au > aujourd_hui():
            raise UserError(_("Le %s est à venir : un fait se comptabilise une fois arrivé.", ecrire_date(self.jusqu_au)))
        fait = self.env["cnas.comptabilite"].comptabiliser(self.jusqu_au)
        phrases = [_("%(pieces)s pièce(s) écrite(s) pour %(faits)s fait(s).", pieces=fait["pieces"], faits=fait["faits"])]
        if fait["retenus"]:
            phrases.append(_("%s fait(s) datés d'un mois clos ne sont pas comptabilisés : voyez avec qui les a datés.", fait["retenus"]))
        return self._montrer("\n".join(phrases))

    def action_charger_plan(self):
        """Charge le plan de comptes, ou ce qui y manque. Rend l'action qui rouvre l'assistant."""
        fait = self.env["cnas.plan_comptes"].charger()
        return self._montrer(_("Plan « %(plan)s » : %(comptes)s compte(s) et %(journaux)s journal(aux) ajoutés.", **fait))

    def action_rapprocher(self):
        """Rapproche seules les lignes de relevé en attente. Rend l'action qui rouvre l'assistant."""
        self.env["cnas.comptabilite"]._exiger_comptable()
        fait = self.env["cnas.releve.ligne"].rapprocher_en_attente()
        return self._montrer(_("%(rapprochees)s ligne(s) rapprochée(s), %(attente)s attendent encore.", **fait))

    def _montrer(self, texte):
        self.write({"resultat": texte})
        return {"type": "ir.actions.act_window", "name": _("Comptabiliser"), "res_model": self._name, "res_id": self.id, "view_mode": "form",
                "target": "new"}
