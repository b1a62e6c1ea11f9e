from odoo import _, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_mois, ecrire_montant, ecrire_nombre, masquer_matricule
from odoo.addons.cnas_base.impression.langue import FRANCAIS


class FactureDocument(models.Model):
    """Impressions de la facture : son bordereau récapitulatif, et le décompte qu'elle a."""

    _inherit = "cnas.facture"
    _papiers = {"br": _lt("Bordereau récapitulatif de facture")}

    def action_imprimer(self):
        """Ouvre le bordereau PDF. Rend une action d'adresse."""
        return self._ouvrir_fichier()

    def action_imprimer_decompte(self):
        """Ouvre le PDF du décompte en vigueur. Rend une action d'adresse."""
        self.ensure_one()
        if not self.decompte_id:
            raise UserError(_("La facture %s n'a pas encore de décompte : il naît à la validation.", self.numero))
        return self.decompte_id.action_imprimer()

    def _identite(self):
        """Rend qui la facture paie : ce que son décompte a figé, ou l'identité du jour tant qu'elle n'en a pas."""
        self.ensure_one()
        return self.sudo().decompte_id.identite or self._identite_du_jour()

    def _identite_du_jour(self):
        """Rend l'identité de la formation et de l'assuré telle qu'elle s'imprime, en dictionnaire de textes."""
        self.ensure_one()
        # elle se fige au décompte : ses mots sont français, comme les libellés de ses lignes
        facture = self.sudo().with_context(lang=FRANCAIS)
        formation, assure = facture.formation_id, facture.assure_id
        return {
            "code": formation.code, "nom": formation.name, "niveau": formation.niveau,
            "type": formation.type_formation, "district": formation.district_id.name,
            "province": formation.province_id.name,
            "convention": formation.convention_ids.filtered(lambda c: c.state == "active")[:1].numero,
            "rib_principal": formation.compte_du_jour_id._nature_et_numero() or formation.compte_principal_id.acc_number,
            "rib_pharmacie": formation.compte_pharmacie_id.acc_number,
            "matricule": assure.matricule, "assure": assure.name, "telephone": assure.telephone_1,
        }

    def _feuilles_imprimees(self):
        """Rend (numéro, matricule, nom, date des soins, facturé, ticket, part) par feuille du bordereau.

        Après la validation, les lignes figées du décompte font foi ; avant, les feuilles.
        """
        self.ensure_one()
        self.env.flush_all()
        if self.decompte_id:
            self.env.cr.execute("""
                SELECT feuille_numero, matricule, beneficiaire, date_soins, SUM(montant_facture),
                       SUM(ticket_moderateur), SUM(montant_cnas)
                  FROM cnas_decompte_ligne WHERE decompte_id = %s
                 GROUP BY feuille_id, feuille_numero, matricule, beneficiaire, date_soins
                 ORDER BY date_soins, feuille_numero""", (self.decompte_id.id,))
        else:
            self.env.cr.execute("""
                SELECT fs.numero, a.matricule, a.name, fs.date_soins, fs.montant_facture, fs.ticket_moderateur,
                       fs.montant_cnas
                  FROM cnas_feuille_soin fs JOIN cnas_assure a ON a.id = fs.assure_id
                 WHERE fs.facture_id = %s ORDER BY fs.date_soins, fs.numero""", (self.id,))
        return self.env.cr.fetchall()

    def _formats(self):
        return {"pdf": self.sudo()._pdf}

    def _nom_fichier(self):
        return f"Bordereau_{self.numero}"

    def _faits_du_papier(self, code):
        qui = self._identite()
        return [
            (_("Facture"), self.numero), (_("Mois"), ecrire_mois(self.periode)),
            (_("Pour"), masquer_matricule(qui["matricule"]) if self.mode == "remboursement" else qui["nom"]),
            (_("Feuilles de soins"), ecrire_nombre(self.nb_feuilles)), (_("Montant facturé"), ecrire_montant(self.montant_facture)),
            (_("État"), self._libelle_etat(self.state))]

    def _destinataire(self):
        return self.assure_id if self.mode == "remboursement" else self.formation_id

    def _pdf(self):
        from ...report.pdf_facture import dessiner_facture

        return dessiner_facture(self)
