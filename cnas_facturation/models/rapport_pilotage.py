import base64
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import _, api, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_mois
from odoo.addons.cnas_base.impression.langue import dans_sa_langue, dire_a
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

from ..pilotage.definitions import INDICATEURS
from ..report.pdf_pilotage import dessiner_rapport


class IndicateurPilotage(models.AbstractModel):
    """Le rapport mensuel : le même tableau, sur le papier de la caisse, envoyé à qui pilote."""

    _inherit = "cnas.indicateur_pilotage"

    @api.model
    def rapport(self, mois=None):
        """Rend le PDF d'un mois.

        :param mois: un jour du mois, AAAA-MM-JJ ; vide : le mois dernier
        :return: {"nom", "contenu": base64}
        :raise UserError: mois illisible ou pas encore commencé
        """
        self._exiger_lecteur()
        jour = lire_date(mois, False, stricte=True) or aujourd_hui().replace(day=1) - timedelta(days=1)
        debut = jour.replace(day=1)
        if debut > aujourd_hui():
            raise UserError(_("Ce mois n'a pas commencé : %s.", ecrire_mois(debut)))
        filtres = {"debut": str(debut), "fin": str(debut + relativedelta(months=1) - timedelta(days=1))}
        premiers = [(str(i.nom), self.detail(i.code, filtres)) for i in INDICATEURS if i.detail]
        tableau = self.tableau(filtres)
        self._journaliser_export({"quoi": "rapport de pilotage", "mois": str(debut)})
        with dans_sa_langue(self):
            contenu = dessiner_rapport({**tableau, "debut": debut, "fin": lire_date(tableau["fin"])}, premiers)
        return {"nom": f"pilotage-{debut:%Y-%m}.pdf", "contenu": base64.b64encode(contenu).decode()}

    @api.model
    def _envoyer_rapport(self):
        """Envoie le rapport du mois dernier à qui pilote toute la caisse (tâche planifiée). Rend les adresses."""
        lecteurs = self.env.ref("cnas_base.group_superviseur").users.filtered(lambda u: u.active and not u.share and u.email)
        lecteurs = lecteurs.filtered(lambda u: not self.with_user(u)._agences_permises())
        if not lecteurs:
            return []
        for siens in lecteurs.grouped("lang").values():
            dire_a(siens[0], self, lambda self, siens=siens: self._envoyer_a(siens))
        return lecteurs.mapped("email")

    def _envoyer_a(self, lecteurs):
        rapport, mois = self.sudo().rapport(), ecrire_mois(aujourd_hui().replace(day=1) - timedelta(days=1))
        for lecteur in lecteurs:
            # Une pièce par courriel : elle s'efface avec lui.
            self.env["mail.mail"]._ecrire(
                [lecteur.email], _("Rapport de pilotage — %s", mois), _("Le rapport de pilotage est joint : %s.", mois),
                attachment_ids=[(0, 0, {"name": rapport["nom"], "datas": rapport["contenu"], "mimetype": "application/pdf"})])
