from dateutil.relativedelta import relativedelta

from odoo import models

from odoo.addons.cnas_base.jour import aujourd_hui, sql_jour

MOIS_DE_SYNTHESE = 12


class FormationSanitaire(models.Model):
    """Activité de la formation : ses feuilles des douze derniers mois pleins et du mois en cours."""

    _inherit = "cnas.formation_sanitaire"

    def action_voir_feuilles(self):
        """Ouvre les feuilles de la formation. :return: action de fenêtre"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_feuilles_soin.feuille_soin_action")
        return {**action, "domain": [("formation_id", "=", self.id)], "context": {"default_formation_id": self.id}}

    def _debut_de_synthese(self):
        """Rend le premier jour de la période résumée."""
        return aujourd_hui().replace(day=1) - relativedelta(months=MOIS_DE_SYNTHESE)

    def _synthese_par_lot(self):
        """Volume, montants, rejets et délai de traitement, en une requête (voir cnas_formations).

        Les rejets et la part CNAS se mesurent sur les feuilles décidées : une feuille encore ouverte ne les dilue pas.
        """
        syntheses = super()._synthese_par_lot()
        if not self.ids:
            return syntheses
        depuis = self._debut_de_synthese()
        self.env["cnas.feuille_soin"].flush_model(
            ["formation_id", "state", "date_depot", "date_decision", "montant_facture", "montant_cnas", "montant_rejete"])
        self.env.cr.execute(f"""
            SELECT formation_id, count(*), sum(montant_facture),
                   count(*) FILTER (WHERE decidee), count(*) FILTER (WHERE state = 'rejetee'),
                   sum(montant_facture) FILTER (WHERE decidee), sum(montant_cnas) FILTER (WHERE decidee),
                   sum(montant_rejete) FILTER (WHERE decidee),
                   avg({sql_jour("date_decision")} - date_depot) FILTER (WHERE decidee)
              FROM (SELECT *, state IN ('validee', 'rejetee', 'payee') AS decidee FROM cnas_feuille_soin
                     WHERE formation_id = ANY(%s) AND date_depot >= %s AND state NOT IN ('brouillon', 'annulee')) f
             GROUP BY formation_id
        """, [self.ids, depuis])
        for formation_id, volume, facture, decidees, rejetees, decide, cnas, rejete, delai in self.env.cr.fetchall():
            syntheses[formation_id].update(
                disponible=True, depuis=depuis, volume=volume, montant_facture=facture or 0, rejetees=rejetees,
                montant_cnas=cnas or 0, montant_rejete=rejete or 0, delai_traitement=float(delai or 0),
                taux_rejet=100 * rejetees / decidees if decidees else 0,
                taux_rejet_montant=100 * float(rejete / decide) if decide else 0)
        return syntheses
