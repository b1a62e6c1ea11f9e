import base64

from odoo import _, models
from odoo.exceptions import UserError


class TelechargementMixin(models.AbstractModel):
    """Un document de la facturation qu'on télécharge : qui le lit le prend, dans un format qu'il a.

    Le modèle dit ses formats (`_formats`) et le nom du fichier (`_nom_fichier`).
    """

    _name = "cnas.telechargement.mixin"
    _description = "Document à télécharger"

    def telecharger(self, format=None):
        """Rend un fichier du document.

        :param str format: « pdf », « csv »… (défaut : le premier que le document a)
        :return: {"nom", "contenu": base64}
        :raise UserError: format inconnu, ou document pas encore établi ; l'accès est celui de la lecture
        """
        self.ensure_one()
        self.check_access_rights("read")
        self.check_access_rule("read")
        formats = self._formats()
        format = format or next(iter(formats))
        if format not in tuple(formats):
            raise UserError(_("Format inconnu : demandez %s.", _(" ou ").join(formats)))
        contenu = formats[format]()
        self._journaliser_export({"quoi": format})
        return {"nom": f"{self._nom_fichier().replace('/', '-')}.{format}", "contenu": base64.b64encode(contenu).decode()}

    # ------------------------------------------------------------------ privé
    def _formats(self):
        """Rend {format: méthode sans argument qui rend les octets}."""
        raise NotImplementedError

    def _nom_fichier(self):
        """Rend le nom du fichier, sans extension."""
        raise NotImplementedError

    def _ouvrir_fichier(self, format="pdf", cible="new"):
        """Rend l'action qui ouvre le fichier, à l'adresse que sert `controllers/documents.py`."""
        self.ensure_one()
        sorte = self._name.removeprefix("cnas.").replace(".", "_")
        return {"type": "ir.actions.act_url", "url": f"/cnas/{sorte}/{self.id}/{format}", "target": cible}
