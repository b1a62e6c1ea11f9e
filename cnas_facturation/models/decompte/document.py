from odoo import _, models

from odoo.addons.cnas_base.ecriture import ecrire_csv, ecrire_xlsx
from odoo.addons.cnas_feuilles_soin.models.feuille_soin.dossier import GROUPES_DOSSIER

COLONNES = (
    ("feuille_numero", "N° de feuille"), ("feuille_reference", "Référence"), ("matricule", "Matricule"),
    ("beneficiaire", "Bénéficiaire"), ("date_soins", "Date des soins"), ("prestation_code", "Code"),
    ("prestation_libelle", "Libellé"), ("type_prestation", "Type"), ("quantite", "Quantité"),
    ("quantite_retenue", "Quantité retenue"), ("prix_unitaire", "Prix unitaire"), ("tarif", "Tarif"),
    ("montant_facture", "Facturé"), ("abattement", "Abattement"), ("montant_rejete", "Rejeté"),
    ("montant_base", "Base"), ("taux", "Taux (%)"), ("montant_cnas", "Part CNAS"),
    ("ticket_moderateur", "Ticket modérateur"), ("depassement", "Dépassement"), ("decision", "Décision"),
    ("motifs", "Motifs"),
)
ENTIERS = {
    "prix_unitaire", "tarif", "montant_facture", "abattement", "montant_rejete", "montant_base", "montant_cnas",
    "ticket_moderateur", "depassement",
}


class DecompteDocument(models.Model):
    """Impressions du décompte : PDF A4, classeur XLSX, CSV. Toutes lisent les lignes figées."""

    _inherit = "cnas.decompte"

    # ------------------------------------------------------------------ actions publiques
    def action_imprimer(self):
        """Ouvre le PDF. Rend une action d'adresse."""
        return self._ouvrir_fichier()

    def action_exporter_xlsx(self):
        """Télécharge le classeur. Rend une action d'adresse."""
        return self._ouvrir_fichier("xlsx", "self")

    def action_exporter_csv(self):
        """Télécharge le CSV. Rend une action d'adresse."""
        return self._ouvrir_fichier("csv", "self")

    # ------------------------------------------------------------------ privé
    def _formats(self):
        return {"pdf": self._pdf, "xlsx": self._xlsx, "csv": self._csv}

    def _nom_fichier(self):
        return f"Decompte_{self.numero}"

    def _lignes_brutes(self):
        """Rend les lignes figées en dictionnaires, dans l'ordre du décompte (une requête) ; l'ordonnateur, sans les soins."""
        self.ensure_one()
        colonnes = ", ".join(champ for champ, _titre in COLONNES)
        self.env.cr.execute(
            f"SELECT {colonnes} FROM cnas_decompte_ligne WHERE decompte_id = %s ORDER BY rang", (self.id,))
        lignes = self.env.cr.dictfetchall()
        if not self.env["cnas.decompte.ligne"].user_has_groups(GROUPES_DOSSIER):
            for ligne in lignes:
                ligne.update(prestation_code="", prestation_libelle="", motifs="")
        return lignes

    def _rangs(self):
        for ligne in self._lignes_brutes():
            yield [
                int(ligne[champ] or 0) if champ in ENTIERS
                else float(ligne[champ] or 0) if champ in ("quantite", "quantite_retenue", "taux")
                else ligne[champ] for champ, _titre in COLONNES]

    def _xlsx(self):
        """Rend le classeur : une ligne par ligne de feuille, une ligne de total."""
        rangs = list(self._rangs())
        total = [
            sum(rang[i] for rang in rangs) if champ in ENTIERS - {"prix_unitaire", "tarif"} else None
            for i, (champ, _titre) in enumerate(COLONNES)]
        total[0] = _("TOTAL")
        return ecrire_xlsx([titre for _champ, titre in COLONNES], [*rangs, total], self.numero.replace("/", "-"))

    def _csv(self):
        """Rend le CSV UTF-8 à point-virgule, lisible par un tableur français."""
        return ecrire_csv([titre for _champ, titre in COLONNES], self._rangs())

    def _identite(self):
        """Rend l'identité que le décompte imprime, telle qu'il l'a copiée."""
        self.ensure_one()
        return self.identite or {**self.facture_id._identite_du_jour(), "etabli_par": self.etabli_par_id.name}

    def _destinataire(self):
        return self.assure_id if self.mode == "remboursement" else self.formation_id

    def _pdf(self):
        from ...report.pdf_decompte import dessiner_decompte

        return dessiner_decompte(self.sudo())
