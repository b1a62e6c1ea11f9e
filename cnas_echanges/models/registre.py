import base64
from operator import itemgetter

from odoo import _, api, models
from odoo.exceptions import UserError
from odoo.tools import groupby

from odoo.addons.cnas_base.ecriture import ecrire_csv
from odoo.addons.cnas_base.impression.langue import sql_francais
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

from .. import dci

COLONNES = ("matricule", "nni", "nom", "prenom", "genre", "date_naissance", "naissance_estimee", "date_deces", "menage", "lien", "regime",
            "district", "etat", "changement")
FORMES = [("csv", "CSV"), ("dci_social", "DCI, ménages (registre social)"), ("dci_civil", "DCI, personnes (état civil)")]
# un envoi DCI se lit d'un bloc
LIGNES_MAX, LIGNES_MAX_DCI = 500_000, 100_000


class Assure(models.Model):
    """L'export des personnes vers l'état civil et le registre social."""

    _inherit = "cnas.assure"

    @api.model
    def exporter_registre(self, date_debut=None, date_fin=None, forme="csv"):
        """Rend les personnes immatriculées dont la fiche a changé dans la période.

        Colonnes et champs : voir `doc/echanges.md`. Ni téléphone, ni soin.

        :param date_debut: AAAA-MM-JJ, premier jour de changement ; vide : depuis toujours
        :param date_fin: AAAA-MM-JJ, dernier jour, inclus ; vide : aujourd'hui
        :param forme: csv, dci_social (ménages) ou dci_civil (personnes), ces deux-là signés
        :return: {"nom", "contenu": base64, "lignes": nombre}
        :raise UserError: forme inconnue, dates illisibles ou inversées, plus de 500 000 personnes (100 000 en DCI)
        """
        self._exiger_groupe("cnas_base.group_superviseur", _("exporter le registre"))
        if forme not in dict(FORMES):
            raise UserError(_("Forme inconnue : %s. Attendues : csv, dci_social, dci_civil.", str(forme)[:32]))
        maximum = LIGNES_MAX if forme == "csv" else LIGNES_MAX_DCI
        debut = lire_date(date_debut or "1900-01-01", stricte=True)
        fin = lire_date(date_fin, aujourd_hui(), stricte=True)
        if fin < debut:
            raise UserError(_("Donnez un premier et un dernier jour, dans cet ordre."))
        self.env.flush_all()
        self.env.cr.execute(f"""
            SELECT a.matricule, a.nni, a.nom, a.prenom, a.genre, a.date_naissance::text, CASE WHEN a.date_naissance_estimee THEN 'oui' ELSE 'non' END,
                   a.date_deces::text, COALESCE(p.matricule, a.matricule), COALESCE(a.lien, 'principal'), r.code, {sql_francais("d.name")}, a.state,
                   to_char(a.write_date AT TIME ZONE 'UTC' AT TIME ZONE 'Africa/Ndjamena', 'YYYY-MM-DD')
              FROM cnas_assure a
              LEFT JOIN cnas_assure p ON p.id = a.assure_principal_id
              LEFT JOIN cnas_regime r ON r.id = a.regime_id
              LEFT JOIN cnas_district d ON d.id = a.district_id
             WHERE a.active AND a.matricule IS NOT NULL AND a.fusionne_dans_id IS NULL
               AND a.write_date >= %s::timestamp AT TIME ZONE 'Africa/Ndjamena' AT TIME ZONE 'UTC'
               AND a.write_date < (%s::timestamp + interval '1 day') AT TIME ZONE 'Africa/Ndjamena' AT TIME ZONE 'UTC'
             ORDER BY COALESCE(p.matricule, a.matricule), a.matricule LIMIT %s""", [debut, fin, maximum + 1])
        rangs = self.env.cr.fetchall()
        if len(rangs) > maximum:
            raise UserError(_("Plus de %s personnes : choisissez une période plus courte.", maximum))
        self.browse()._journaliser_export({"quoi": "registre", "forme": forme, "du": str(debut), "au": str(fin), "lignes": len(rangs)})
        contenu = ecrire_csv(COLONNES, rangs) if forme == "csv" else self._ecrire_dci(forme, [dict(zip(COLONNES, rang)) for rang in rangs])
        return {"nom": f"registre_{debut}_{fin}.{'csv' if forme == 'csv' else 'json'}", "contenu": base64.b64encode(contenu).decode(), "lignes": len(rangs)}

    @api.model
    def _ecrire_dci(self, forme, rangs):
        """Rend l'envoi DCI signé de ces personnes, rangées par ménage."""
        signatures = self.env["cnas.signature"].sudo()
        cle = signatures._cle_publique_courante()[0]["id"]
        if forme == "dci_civil":
            return dci.ecrire_envoi("Civil", "CRVS_Person", [dci.ecrire_personne(rang) for rang in rangs], cle, signatures._signer)
        groupes = [dci.ecrire_groupe(menage, siens) for menage, siens in groupby(rangs, itemgetter("menage"))]
        return dci.ecrire_envoi("Social", "Group", groupes, cle, signatures._signer)
