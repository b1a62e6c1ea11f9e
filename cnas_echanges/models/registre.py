import base64

from odoo import _, api, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_csv
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

COLONNES = ("matricule", "nni", "nom", "prenom", "genre", "date_naissance", "naissance_estimee", "date_deces", "menage", "lien", "regime",
            "district", "etat", "changement")
LIGNES_MAX = 500_000


class Assure(models.Model):
    """L'export des personnes vers l'état civil et le registre social."""

    _inherit = "cnas.assure"

    @api.model
    def exporter_registre(self, date_debut=None, date_fin=None):
        """Rend en CSV décrit les personnes immatriculées dont la fiche a changé dans la période.

        Colonnes : voir `doc/echanges.md`. Ni téléphone, ni soin.

        :param date_debut: AAAA-MM-JJ, premier jour de changement ; vide : depuis toujours
        :param date_fin: AAAA-MM-JJ, dernier jour, inclus ; vide : aujourd'hui
        :return: {"nom", "contenu": base64, "lignes": nombre}
        :raise UserError: dates illisibles ou inversées, plus de 500 000 personnes
        """
        self._exiger_groupe("cnas_base.group_superviseur", _("exporter le registre"))
        debut = lire_date(date_debut or "1900-01-01", stricte=True)
        fin = lire_date(date_fin, aujourd_hui(), stricte=True)
        if fin < debut:
            raise UserError(_("Donnez un premier et un dernier jour, dans cet ordre."))
        self.env.flush_all()
        self.env.cr.execute("""
            SELECT a.matricule, a.nni, a.nom, a.prenom, a.genre, a.date_naissance::text, CASE WHEN a.date_naissance_estimee THEN 'oui' ELSE 'non' END,
                   a.date_deces::text, COALESCE(p.matricule, a.matricule), COALESCE(a.lien, 'principal'), r.code, d.name, a.state,
                   to_char(a.write_date AT TIME ZONE 'UTC' AT TIME ZONE 'Africa/Ndjamena', 'YYYY-MM-DD')
              FROM cnas_assure a
              LEFT JOIN cnas_assure p ON p.id = a.assure_principal_id
              LEFT JOIN cnas_regime r ON r.id = a.regime_id
              LEFT JOIN cnas_district d ON d.id = a.district_id
             WHERE a.active AND a.matricule IS NOT NULL AND a.fusionne_dans_id IS NULL
               AND a.write_date >= %s::timestamp AT TIME ZONE 'Africa/Ndjamena' AT TIME ZONE 'UTC'
               AND a.write_date < (%s::timestamp + interval '1 day') AT TIME ZONE 'Africa/Ndjamena' AT TIME ZONE 'UTC'
             ORDER BY COALESCE(p.matricule, a.matricule), a.matricule LIMIT %s""", [debut, fin, LIGNES_MAX + 1])
        rangs = self.env.cr.fetchall()
        if len(rangs) > LIGNES_MAX:
            raise UserError(_("Plus de %s personnes : choisissez une période plus courte.", LIGNES_MAX))
        self.browse()._journaliser_export({"quoi": "registre", "du": str(debut), "au": str(fin), "lignes": len(rangs)})
        return {"nom": f"registre_{debut}_{fin}.csv", "contenu": base64.b64encode(ecrire_csv(COLONNES, rangs)).decode(), "lignes": len(rangs)}
