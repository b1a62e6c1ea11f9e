import base64

from odoo import _, api, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import type_reel


class ProprietaireMixin(models.AbstractModel):
    """Un document, un courrier, un gel se rangent sous une formation ou l'une de ses conventions."""

    _inherit = "cnas.proprietaire.mixin"

    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation sanitaire", ondelete="restrict", index="btree_not_null")
    convention_id = fields.Many2one("cnas.convention", string="Convention", ondelete="restrict", index="btree_not_null")

    @api.model
    def _champs_proprietaires(self):
        return ["formation_id", "convention_id", *super()._champs_proprietaires()]


class Document(models.Model):
    """Geler une formation gèle aussi ses conventions."""

    _inherit = "cnas.document"

    @api.model
    def _chemins_de_gel(self):
        return [*super()._chemins_de_gel(), *(
            ("formation_id", f"{chemin}.formation_id") for chemin in ("convention_id", "courrier_id.convention_id"))]


class Convention(models.Model):
    """La convention signée qu'on remplace se garde : elle passe aux documents classés, sous la convention."""

    _inherit = "cnas.convention"

    document_ids = fields.One2many("cnas.document", "convention_id", string="Documents", readonly=True, groups="cnas_base.group_interne")

    def _garder_signee(self, nouvelle):
        """Classe la convention signée d'avant, si la nouvelle est un autre fichier ; ce qui n'est ni PDF ni image reste au fil."""
        nouvelle = nouvelle.encode() if isinstance(nouvelle, str) else nouvelle or b""
        for convention in self.with_context(bin_size=False).filtered(lambda c: c.document != nouvelle):
            contenu, nom = base64.b64decode(convention.document), convention.document_nom or _("convention")
            depart = convention.date_fin or aujourd_hui()
            if not type_reel(contenu):
                convention.message_post(body=_("Convention signée remplacée : celle d'avant."), attachments=[(nom, contenu)])
                continue
            self.env["cnas.document"].sudo().create({
                "type_id": self.env.ref("cnas_base.type_document_convention").id, "convention_id": convention.id,
                "fichier": convention.document, "nom_fichier": nom, "date_depart": depart,
                "date_document": min(convention.date_signature or convention.date_debut, depart, aujourd_hui()),
                "name": _("Convention %s, signée d'avant", convention.numero)})._changer_etat("remplace")
