import base64

from odoo import _, api, fields, models
from odoo.tools.translate import _lt

from ..ecriture import ecrire_rapport

A_BLANC = _lt("Contrôle à blanc : rien n'est encore écrit.")


class ImportAssistantMixin(models.AbstractModel):
    """Un assistant qui importe un fichier d'un coup : il le contrôle à blanc d'abord, et en rend le rapport à renvoyer."""

    _name = "cnas.import_assistant.mixin"
    _description = "Assistant d'import"

    controle = fields.Boolean(string="Contrôlé", readonly=True)
    compte_rendu = fields.Text(string="Compte rendu", readonly=True)
    rapport = fields.Binary(string="Rapport à corriger et renvoyer", readonly=True, attachment=False)
    nom_rapport = fields.Char(default=lambda self: _("rapport.xlsx"), readonly=True)

    @api.onchange("fichier")
    def _onchange_fichier(self):
        """Un autre fichier se contrôle à nouveau."""
        self.controle = self.compte_rendu = self.rapport = False

    def _montrer(self, compte_rendu, tableau=(), refus=(), a_blanc=False):
        """Garde le compte rendu et le rapport ; rend la fenêtre de l'assistant.

        :param tableau: ce que la lecture a rendu ; sans titres (un ClaML), pas de rapport
        :param refus: [(ligne du fichier, phrase)]
        """
        dits = {ligne.numero: (_("Bonne"), _("Rien : la ligne est bonne.")) for ligne in tableau}
        dits.update({numero: (_("Refusée"), phrase) for numero, phrase in refus})
        self.write({
            "controle": True, "compte_rendu": f"{A_BLANC}\n{compte_rendu}" if a_blanc else compte_rendu,
            "rapport": base64.b64encode(ecrire_rapport(tableau, dits)) if hasattr(tableau, "titres") else False})
        return {"type": "ir.actions.act_window", "name": self._description, "res_model": self._name, "res_id": self.id,
                "view_mode": "form", "target": "new"}
