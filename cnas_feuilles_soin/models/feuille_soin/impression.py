from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant

from ...report.papiers_pdf import dessiner_accuses, dessiner_demandes, dessiner_rejets


class FeuilleSoin(models.Model):
    """Documents remis : accusé de dépôt, demande de pièces, notification de rejet. Jamais de diagnostic."""

    _inherit = "cnas.feuille_soin"
    _papiers = {"ad": _lt("Accusé de dépôt"), "dp": _lt("Demande de pièces"), "nr": _lt("Notification de rejet")}

    def action_imprimer_accuse(self):
        """Imprime l'accusé de dépôt.

        :return: l'action du rapport
        :raise UserError: feuille pas encore déposée
        """
        if any(not feuille.numero for feuille in self):
            raise UserError(_("L'accusé s'imprime après le dépôt."))
        return self.env.ref("cnas_feuilles_soin.accuse_depot_report").report_action(self)

    def _pdf_accuse(self):
        """Rend le PDF des accusés de dépôt."""
        if any(not feuille.numero for feuille in self):
            raise UserError(_("L'accusé s'imprime après le dépôt."))
        return dessiner_accuses(self._a_imprimer())

    def _pdf_demande(self):
        """Rend le PDF des demandes de pièces."""
        return dessiner_demandes(self._a_imprimer())

    def _pdf_rejet(self):
        """Rend le PDF des notifications de rejet."""
        return dessiner_rejets(self._a_imprimer())

    def _a_imprimer(self):
        """Rend les feuilles, si l'appelant les lit."""
        self.check_access_rights("read")
        self.check_access_rule("read")
        return self

    def _destinataire(self):
        return self.assure_id if self.mode == "remboursement" else self.formation_id

    def _faits_du_papier(self, code):
        faits = [
            (_("Dossier"), self.numero), (_("Formation sanitaire"), self.formation_id.name), (_("Référence de la feuille"), self.reference),
            (_("Déposée le"), ecrire_date(self.date_depot)), (_("Montant facturé"), ecrire_montant(self.montant_facture))]
        if code == "dp":
            faits.append((_("Pièces à fournir avant le"), ecrire_date(self.date_limite_instance)))
        if code == "nr":
            faits += [(_("Montant rejeté"), ecrire_montant(self.montant_rejete)), (_("Décidé le"), ecrire_date(self.date_decision))]
        # Un papier juste peut ne plus valoir : rejet levé, dossier annulé.
        return [*faits, (_("État du dossier"), self._libelle_etat(self.state))]

    def _delai_de_recours(self):
        """Rend le délai de contestation tel qu'un papier le dit."""
        return _("dans les délais de votre convention")
