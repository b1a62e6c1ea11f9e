import base64
import json

from odoo import _, api, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_csv
from odoo.addons.cnas_base.lecture import lire_date

COLONNES = (
    "numero", "reference", "matricule", "formation", "date_soins", "date_decision", "etat", "prestation", "quantite",
    "quantite_retenue", "montant_facture", "montant_base", "taux", "montant_cnas", "ticket_moderateur", "depassement",
    "montant_rejete", "decision", "motifs",
)
LIGNES_MAX = 200_000


class FeuilleSoin(models.Model):
    """Échange avec les assureurs complémentaires : les décisions d'une période, sans diagnostic."""

    _inherit = "cnas.feuille_soin"

    @api.model
    def exporter_decisions(self, date_debut, date_fin, forme="csv"):
        """Rend les décisions d'une période pour les assureurs complémentaires, ligne par ligne.

        Aucune donnée médicale n'y figure. Montants entiers en XAF.

        :param str date_debut: AAAA-MM-JJ, premier jour de décision
        :param str date_fin: AAAA-MM-JJ, dernier jour, inclus
        :param str forme: `csv` ou `json`
        :return: {"nom", "contenu": base64, "lignes": nombre}
        :raise UserError: dates illisibles ou inversées, forme inconnue, plus de 200 000 lignes
        """
        self._exiger_groupe(("cnas_base.group_superviseur", "cnas_base.group_finance"), _("exporter les décisions"))
        debut, fin = self._lire_periode(date_debut, date_fin)
        if forme not in ("csv", "json"):
            raise UserError(_("La forme est « csv » ou « json »."))
        rangs = self._lire_decisions(debut, fin)
        self.browse()._journaliser_export({"quoi": "decisions", "du": str(debut), "au": str(fin), "lignes": len(rangs)})
        contenu = self._ecrire_json(rangs) if forme == "json" else ecrire_csv(COLONNES, rangs)
        return {"nom": f"decisions_{debut}_{fin}.{forme}", "contenu": base64.b64encode(contenu).decode(),
                "lignes": len(rangs)}

    @api.model
    def _lire_periode(self, date_debut, date_fin):
        debut, fin = lire_date(date_debut, stricte=True), lire_date(date_fin, stricte=True)
        if fin < debut:
            raise UserError(_("Donnez un premier et un dernier jour, dans cet ordre."))
        return debut, fin

    @api.model
    def _lire_decisions(self, debut, fin):
        """Rend les lignes décidées de la période, en une requête."""
        self.env.flush_all()
        self.env.cr.execute("""
            SELECT f.numero, f.reference, a.matricule, s.code, f.date_soins::text,
                   (f.date_decision AT TIME ZONE 'UTC' AT TIME ZONE 'Africa/Ndjamena')::date::text, f.state,
                   p.code, l.quantite, l.quantite_retenue, l.montant_facture::bigint, l.montant_base::bigint, l.taux,
                   l.montant_cnas::bigint, l.ticket_moderateur::bigint, l.depassement::bigint, l.montant_rejete::bigint,
                   l.decision, m.motifs
              FROM cnas_feuille_soin f
              JOIN cnas_feuille_soin_ligne l ON l.feuille_id = f.id
              JOIN cnas_assure a ON a.id = f.assure_id
              JOIN cnas_formation_sanitaire s ON s.id = f.formation_id
              JOIN cnas_prestation p ON p.id = l.prestation_id
              LEFT JOIN LATERAL (
                   SELECT string_agg(DISTINCT r.code, ' ') AS motifs
                     FROM cnas_anomalie n JOIN cnas_regle_controle r ON r.id = n.regle_id
                    WHERE n.feuille_id = f.id AND (n.ligne_id = l.id OR n.ligne_id IS NULL) AND n.state = 'ouverte'
                   ) m ON TRUE
             WHERE f.state IN ('validee', 'payee', 'rejetee')
               AND f.date_decision >= %s::timestamp AT TIME ZONE 'Africa/Ndjamena' AT TIME ZONE 'UTC'
               AND f.date_decision < (%s::timestamp + interval '1 day') AT TIME ZONE 'Africa/Ndjamena' AT TIME ZONE 'UTC'
             ORDER BY f.numero, l.sequence, l.id
             LIMIT %s
        """, [debut, fin, LIGNES_MAX + 1])
        rangs = self.env.cr.fetchall()
        if len(rangs) > LIGNES_MAX:
            raise UserError(_("Plus de %s lignes : choisissez une période plus courte.", LIGNES_MAX))
        return rangs

    @staticmethod
    def _ecrire_json(rangs):
        return json.dumps([dict(zip(COLONNES, rang)) for rang in rangs], ensure_ascii=False, indent=1).encode()
