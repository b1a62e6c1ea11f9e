from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui

from ..regles.plafonds import tirage


class SelectionRevueWizard(models.TransientModel):
    """Choisit des feuilles à revoir : par formation, montant, diagnostic, écart au coût moyen, tirage au sort.

    Le tirage est reproductible : mêmes critères et même graine, mêmes feuilles.

    | qui | peut |
    |---|---|
    | superviseur | sélectionner et ouvrir la liste |
    """

    _name = "cnas.selection_revue.wizard"
    _description = "Sélection de feuilles à revoir"
    _inherit = ["cnas.montant.mixin"]

    date_debut = fields.Date(string="Soins du", required=True,
                             default=lambda self: aujourd_hui().replace(day=1))
    date_fin = fields.Date(string="au", required=True, default=lambda self: aujourd_hui())
    formation_ids = fields.Many2many("cnas.formation_sanitaire", string="Formations", help="Vide : toutes.")
    pathologie_ids = fields.Many2many("cnas.pathologie", string="Diagnostics", help="Vide : tous.")
    montant_min = fields.Monetary(string="Facturé à partir de")
    ecart_min = fields.Integer(string="Écart au coût moyen (%)",
                               help="Facturé au-dessus de la moyenne du diagnostic d'au moins ce pourcentage ; 0 : sans objet.")
    taux = fields.Integer(string="Taux de tirage (%)", default=100, help="Part des feuilles retenues, par formation.")
    graine = fields.Integer(string="Graine du tirage", default=2026)

    _sql_constraints = [
        ("taux_borne", "CHECK (taux BETWEEN 1 AND 100)", "Le taux de tirage va de 1 à 100 %."),
        ("ecart_positif", "CHECK (ecart_min >= 0)", "L'écart est un pourcentage positif."),
    ]

    def action_selectionner(self):
        """Ouvre la liste des feuilles retenues.

        :return: action de fenêtre
        """
        self.ensure_one()
        if not self.env.user.has_group("cnas_base.group_superviseur"):
            raise UserError(_("Seul un superviseur sélectionne des feuilles à revoir."))
        ids = [i for i, numero in self._candidates() if tirage(self.graine, numero) < self.taux * 100]
        if not ids:
            raise UserError(_("Aucune feuille ne répond à ces critères : élargissez-les."))
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_feuilles_soin.feuille_soin_action")
        return dict(action, name=_("Feuilles à revoir"), domain=[("id", "in", ids)], context={})

    def _candidates(self):
        """Rend [(identifiant, numéro)] des feuilles qui répondent aux critères, en une requête."""
        self.env.flush_all()
        self.env.cr.execute("""
            WITH moyennes AS (
                SELECT pathologie_id, avg(montant_facture) AS moyenne FROM cnas_feuille_soin
                 WHERE state NOT IN ('brouillon', 'annulee') AND date_soins BETWEEN %(debut)s AND %(fin)s
                 GROUP BY pathologie_id)
            SELECT f.id, f.numero
              FROM cnas_feuille_soin f
              LEFT JOIN moyennes m ON m.pathologie_id = f.pathologie_id
             WHERE f.state NOT IN ('brouillon', 'annulee') AND f.date_soins BETWEEN %(debut)s AND %(fin)s
               AND (%(toutes)s OR f.formation_id = ANY(%(formations)s))
               AND (%(tous)s OR f.pathologie_id = ANY(%(pathologies)s))
               AND f.montant_facture >= %(montant)s
               AND (%(ecart)s = 0 OR f.montant_facture * 100 >= m.moyenne * (100 + %(ecart)s))
             ORDER BY f.id""", {
            "debut": self.date_debut, "fin": self.date_fin,
            "toutes": not self.formation_ids, "formations": self.formation_ids.ids,
            "tous": not self.pathologie_ids, "pathologies": self.pathologie_ids.ids,
            "montant": int(self.montant_min or 0), "ecart": self.ecart_min or 0})
        return self.env.cr.fetchall()
