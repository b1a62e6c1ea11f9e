from odoo import _, _lt
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_base.controllers.portail import Liste
from odoo.addons.cnas_facturation.controllers.assure import DossierAssure
from odoo.addons.cnas_facturation.controllers.portail import PortailFacturation
from odoo.addons.cnas_feuilles_soin.controllers.portail import espace_formation

PASSAGES = Liste(
    _lt("Passages"), "cnas.passage", "/my/formation/passages", ("assure_id.name", "assure_id.matricule"), _lt("Nom ou matricule"), "jour")


class PortailPassages(PortailFacturation):
    """Le guichet : demander le code du jour d'une personne, confirmer son passage."""

    @espace_formation(["/my/formation/passages", "/my/formation/passages/page/<int:numero_page>"], methods=["GET", "POST"])
    def passages(self, numero_page=1, quoi="", formation="", matricule="", code="", **parametres):
        """Les passages de la formation, et de quoi en demander ou en confirmer un."""
        fait = erreur = None
        if request.httprequest.method == "POST":
            passages, formation = request.env["cnas.passage"], formation or request.env.user.sudo().formation_ids[:1].code
            try:
                with request.env.cr.savepoint():
                    if quoi == "confirmer":
                        passages.confirmer(formation, matricule[:400], code[:1000])
                        fait = _("Passage confirmé.")
                    else:
                        fait = passages.demander(formation, matricule[:400], "portail" if quoi == "portail" else "sms")
            except UserError as refus:
                erreur = str(refus)
        page = PASSAGES.page(numero_page, **({} if fait or erreur else parametres))
        return self._rendre("cnas_echanges.portail_passages", {
            **page, "page": "passages", "fait": fait, "erreur": erreur, "matricule": "" if fait else matricule[:400],
            "formations": request.env.user.sudo().formation_ids})


class DossierAssurePassages(DossierAssure):
    """« Mon dossier » montre à la personne le code du jour que la formation lui demande."""

    def _page(self, valeurs, *args, **mots):
        if valeurs.get("assure"):
            valeurs = {**valeurs, "passages": request.env["cnas.passage"].sudo()._codes_du_jour(valeurs["assure"])}
        return super()._page(valeurs, *args, **mots)
