from odoo import _, api, models

from .recouvrement import ACCORDS


class FeuilleSoin(models.Model):
    """« À jour de cotisations » devant le moteur : le fait se lit en une requête, et payer reprend ce que lui seul rejetait."""

    _inherit = "cnas.feuille_soin"

    @api.model
    def _completer_lot(self, lot):
        """Pose `lot.impayes` : {(principal, régime, jour): depuis quand une cotisation échue reste impayée}, si la règle est active."""
        super()._completer_lot(lot)
        lot.impayes = {}
        if "DRT-11" not in lot.regles:
            return
        cles = {(f.principal_id, f.regime_code, f.date_soins) for f in lot.feuilles if f.regime_code in ("ASS", "ASI")}
        if not cles:
            return
        principaux, regimes, jours = map(list, zip(*cles))
        self.env.cr.execute("""
            SELECT v.principal, v.regime, v.jour, min(a.date_echeance)
              FROM unnest(%s::int[], %s::text[], %s::date[]) AS v (principal, regime, jour)
              LEFT JOIN cnas_emploi e ON v.regime = 'ASS' AND e.assure_id = v.principal AND e.date_debut <= v.jour
                    AND (e.date_fin IS NULL OR e.date_fin >= v.jour)
              JOIN cnas_cotisant c ON c.employeur_id = e.employeur_id OR (v.regime = 'ASI' AND c.assure_id = v.principal)
              JOIN cnas_appel_cotisation a ON a.cotisant_id = c.id AND a.state = 'emis' AND a.reste > 0 AND a.sorte <> 'majoration'
                    AND a.date_echeance < v.jour
             WHERE NOT EXISTS (SELECT 1 FROM cnas_recouvrement r WHERE r.cotisant_id = c.id AND r.state = ANY(%s))
             GROUP BY v.principal, v.regime, v.jour""", [principaux, regimes, jours, list(ACCORDS)])
        lot.impayes = {(principal, regime, jour): depuis for principal, regime, jour, depuis in self.env.cr.fetchall()}

    @api.model
    def _regles_de_droits(self):
        return (*super()._regles_de_droits(), "DRT-11")

    @api.model
    def _reprendre_apres_paiement(self, cotisants):
        """Reprend, à leur date de dépôt, les feuilles rejetées pour des cotisations que ces comptes viennent de régler.

        :param cotisants: `cnas.cotisant`
        :return: les nouvelles feuilles
        """
        feuilles = self.sudo()
        regle = self.env["cnas.regle_controle"].sudo().search([("code", "=", "DRT-11")], limit=1)
        if not regle or not cotisants:
            return feuilles.browse()
        self.env.flush_all()
        self.env.cr.execute("""
            SELECT DISTINCT f.id
              FROM cnas_anomalie n
              JOIN cnas_feuille_soin f ON f.id = n.feuille_id AND f.state = 'rejetee'
              LEFT JOIN cnas_lien_familial k ON k.membre_id = f.assure_id AND k.date_debut <= f.date_soins
                    AND (k.date_fin IS NULL OR k.date_fin >= f.date_soins)
              LEFT JOIN cnas_emploi e ON e.assure_id = COALESCE(k.principal_id, f.assure_id) AND e.date_debut <= f.date_soins
                    AND (e.date_fin IS NULL OR e.date_fin >= f.date_soins)
             WHERE n.regle_id = %s AND n.state = 'ouverte'
               AND (e.employeur_id = ANY(%s) OR COALESCE(k.principal_id, f.assure_id) = ANY(%s))""",
                            [regle.id, cotisants.employeur_id.ids, cotisants.assure_id.ids])
        touchees = [identifiant for identifiant, in self.env.cr.fetchall()]
        if not touchees:
            return feuilles.browse()
        return feuilles._rejets_couverts([("id", "in", touchees)])._reprendre_au_controle(_("Cotisations réglées"))
