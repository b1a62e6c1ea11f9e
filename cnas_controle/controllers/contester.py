from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_facturation.controllers.portail import LIGNES_PAR_PAGE
from odoo.addons.cnas_facturation.controllers.portail_demarches import PortailDemarchesFacturation
from odoo.addons.cnas_feuilles_soin.controllers.portail import espace_formation

INDUS = "/my/formation/indus"


class ContesterControle(PortailDemarchesFacturation):
    """La formation lit l'échantillon d'où vient un indu extrapolé, et le conteste.

    Le mur est celui de l'indu : qui ne le lit pas, ou pas encore notifié, ne lit rien du contrôle. La page ne dit que ce qui se
    discute : ni l'affaire, ni le nom de la campagne, ni qui a jugé, ni le taux d'audit.
    """

    @espace_formation([f"{INDUS}/<int:indu_id>/controle", f"{INDUS}/<int:indu_id>/controle/page/<int:numero_page>"], methods=["GET", "POST"])
    def controle(self, indu_id, numero_page=1, tout="", motif="", **_parametres):
        """Le contrôle, ses lignes, et la contestation."""
        indu, resultat = self._controle_lu(indu_id)
        if not resultat:
            return request.redirect(INDUS)
        erreur = None
        if request.httprequest.method == "POST":
            try:
                with request.env.cr.savepoint():
                    resultat._contester_en_ligne(motif, self._documents_recus("fichiers"))
                return request.redirect(f"{INDUS}/{indu.id}/controle")
            except UserError as refus:
                erreur = str(refus)
        return self._rendre("cnas_controle.portail_controle", {
            "page": "indus", "indu": indu.sudo(), "resultat": resultat, "campagne": resultat.campagne_id, "erreur": erreur, "motif": motif,
            "contestable": resultat.peut_contester, "refus": resultat.raison_contester if resultat.state == "propose" else "",
            "etat_resultat": dict(resultat._fields["state"]._description_selection(request.env))[resultat.state], **self._verdicts(indu, resultat, numero_page, tout)})

    @espace_formation(f"{INDUS}/<int:indu_id>/controle/pieces/<int:piece_id>")
    def piece_controle(self, indu_id, piece_id, **_parametres):
        """Rend une pièce jointe à la contestation de la formation."""
        return self._piece_jointe(self._controle_lu(indu_id)[1], piece_id)

    # ------------------------------------------------------------------ privé
    def _controle_lu(self, indu_id):
        """Rend (indu, résultat de la campagne dont il vient) si l'usager lit l'indu ; des ensembles vides sinon."""
        indu = self._chercher("cnas.indu", indu_id)
        return indu, indu._controle()

    def _verdicts(self, indu, resultat, numero_page, tout):
        """Rend la page de lignes vérifiées de cette formation, les fausses seules à moins qu'on ne veuille tout."""
        lignes = request.env["cnas.campagne.ligne"].sudo()
        domaine = [("campagne_id", "=", resultat.campagne_id.id), ("feuille_id.formation_id", "=", resultat.formation_id.id)]
        if not tout:
            domaine.append(("verdict", "in", ("reduite", "rejetee")))
        pages = self._pages(f"{INDUS}/{indu.id}/controle", lignes, domaine, numero_page, {"tout": 1} if tout else None)
        return {"tout": tout, "pager": pages, "lignes": lignes.search(domaine, limit=LIGNES_PAR_PAGE, offset=pages["offset"]),
                "verdicts": dict(lignes._fields["verdict"]._description_selection(request.env))}
