from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.cnas_base.faits import tableau
from odoo.addons.cnas_base.jour import aujourd_hui


class FormationSanitaire(models.Model):
    """Situation à une date (convention, suspension) et fiche de synthèse."""

    _inherit = "cnas.formation_sanitaire"

    situation = fields.Selection(
        [("active", "Conventionnée"), ("suspendue", "Suspendue"), ("aucune", "Sans convention")],
        string="Situation du jour", compute="_compute_situation", search="_search_situation")
    convention_id = fields.Many2one(
        "cnas.convention", string="Convention en vigueur", compute="_compute_situation")
    convention_date_fin = fields.Date(string="Échéance de la convention", compute="_compute_situation")
    nombre_conventions = fields.Integer(string="Nombre de conventions", compute="_compute_nombre_conventions")

    # === Synthèse (remplie par les addons du haut) === #
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    synthese_disponible = fields.Boolean(string="Synthèse disponible", compute="_compute_synthese")
    synthese_depuis = fields.Date(string="Activité depuis le", compute="_compute_synthese")
    synthese_volume = fields.Integer(string="Feuilles reçues", compute="_compute_synthese")
    synthese_rejetees = fields.Integer(string="Feuilles rejetées", compute="_compute_synthese")
    synthese_montant_facture = fields.Monetary(string="Montant facturé", compute="_compute_synthese")
    synthese_montant_cnas = fields.Monetary(string="Part CNAS", compute="_compute_synthese")
    synthese_montant_rejete = fields.Monetary(string="Montant rejeté", compute="_compute_synthese")
    synthese_taux_rejet = fields.Float(
        string="Taux de rejet (nombre)", compute="_compute_synthese", digits=(5, 1),
        help="Feuilles rejetées / feuilles décidées × 100.")
    synthese_taux_rejet_montant = fields.Float(
        string="Taux de rejet (montant)", compute="_compute_synthese", digits=(5, 1),
        help="Montant rejeté / montant facturé × 100.")
    synthese_delai_traitement = fields.Float(
        string="Délai moyen de traitement (jours)", compute="_compute_synthese", digits=(6, 1),
        help="Du dépôt à la décision, feuilles décidées.")
    synthese_delai_paiement = fields.Float(
        string="Délai moyen de paiement (jours)", compute="_compute_synthese", digits=(6, 1),
        help="Du dépôt de la facture à son paiement.")

    # ------------------------------------------------------------------ calculs
    @api.depends("state", "date_fermeture", "convention_ids.state", "convention_ids.date_debut",
                 "convention_ids.date_fin", "suspension_ids.date_debut", "suspension_ids.date_fin")
    def _compute_situation(self):
        aujourdhui = aujourd_hui()
        situations = self._situation_par_lot([(f.id, aujourdhui) for f in self._origin])
        conventions = {
            c.formation_id.id: c for c in self.env["cnas.convention"].search([
                ("formation_id", "in", self._origin.ids), ("state", "in", ("active", "suspendue")),
                *self.env["cnas.convention"]._domaine_en_vigueur(aujourdhui)])
        }
        for formation in self:
            identifiant = formation._origin.id
            formation.situation = situations.get((identifiant, aujourdhui), "aucune")
            convention = conventions.get(identifiant, self.env["cnas.convention"])
            formation.convention_id = convention
            formation.convention_date_fin = convention.date_fin

    @api.model
    def _search_situation(self, operator, value):
        valeurs = value if isinstance(value, (list, tuple)) else [value]
        aujourdhui = aujourd_hui()
        ids = self.sudo().with_context(active_test=False).search([]).ids
        situations = self._situation_par_lot([(i, aujourdhui) for i in ids])
        voulus = [i for i in ids if situations[i, aujourdhui] in valeurs]
        return [("id", "not in" if operator in ("!=", "not in") else "in", voulus)]

    def _compute_nombre_conventions(self):
        comptes = dict(self.env["cnas.convention"]._read_group(
            [("formation_id", "in", self.ids)], ["formation_id"], ["__count"]))
        for formation in self:
            formation.nombre_conventions = comptes.get(formation, 0)

    def _compute_currency_id(self):
        self.currency_id = self.env.ref("base.XAF")

    def _compute_synthese(self):
        syntheses = self._synthese_par_lot()
        champs = [nom for nom, champ in self._fields.items() if champ.compute == "_compute_synthese"]
        for formation in self:
            valeurs = syntheses.get(formation.id) or {}
            for champ in champs:
                formation[champ] = valeurs.get(champ.removeprefix("synthese_"), False)

    # ------------------------------------------------------------------ actions
    def action_voir_conventions(self):
        """Ouvre les conventions de la formation. :return: action de fenêtre"""
        return self._action_liee("cnas_formations.convention_action")

    def action_voir_praticiens(self):
        """Ouvre les praticiens qui exercent aujourd'hui dans la formation. :return: action de fenêtre"""
        action = self._action_liee("cnas_formations.praticien_action")
        action["domain"] = [("formation_ids", "in", self.ids)]
        action["context"] = {"default_formation_ids": self.ids}
        return action

    def _action_liee(self, xmlid):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        action.update(domain=[("formation_id", "=", self.id)], context={"default_formation_id": self.id})
        return action

    # ------------------------------------------------------------------ métier
    @api.model
    def _situation_par_lot(self, couples):
        """Rend la situation de formations à des dates, en une requête.

        * ``active`` : une convention activée couvre la date, sans suspension ;
        * ``suspendue`` : la convention ou la formation est suspendue ce jour-là, ou la convention
          qui le couvrait est dénoncée (règle FOR-02) ;
        * ``aucune`` : pas de convention, ou formation au brouillon ou fermée (règle FOR-01).

        :param couples: liste de (identifiant de formation, date)
        :return: dict {(identifiant, date): situation} ; une formation inconnue rend « aucune »
        """
        couples = list({(identifiant, fields.Date.to_date(jour)) for identifiant, jour in couples})
        if not couples:
            return {}
        for modele in ("cnas.formation_sanitaire", "cnas.convention", "cnas.suspension"):
            self.env[modele].flush_model()
        self.env.cr.execute(SQL(
            """
            SELECT p.formation, p.jour,
                   CASE
                     WHEN f.id IS NULL OR f.state = 'brouillon' OR p.jour >= f.date_fermeture THEN 'aucune'
                     WHEN c.en_vigueur THEN CASE WHEN EXISTS (
                         SELECT 1 FROM cnas_suspension s
                          WHERE s.formation_id = p.formation AND s.date_debut <= p.jour
                            AND (s.date_fin IS NULL OR s.date_fin >= p.jour)
                            AND (s.convention_id IS NULL OR s.convention_id = c.id)
                     ) THEN 'suspendue' ELSE 'active' END
                     WHEN c.id IS NOT NULL THEN 'suspendue'
                     ELSE 'aucune'
                   END
              FROM unnest(%s::int[], %s::date[]) AS p(formation, jour)
              LEFT JOIN cnas_formation_sanitaire f ON f.id = p.formation
              LEFT JOIN LATERAL (
                  SELECT v.id, (v.date_fin IS NULL OR v.date_fin >= p.jour) AS en_vigueur
                    FROM cnas_convention v
                   WHERE v.formation_id = p.formation AND v.state <> 'brouillon' AND v.date_debut <= p.jour
                     AND (v.date_fin IS NULL OR v.date_fin >= p.jour
                          OR (v.state = 'denoncee'
                              AND (v.date_echeance_origine IS NULL OR v.date_echeance_origine >= p.jour)))
                   ORDER BY en_vigueur DESC, v.date_debut DESC
                   LIMIT 1
              ) c ON TRUE
            """, tableau(i for i, _j in couples), tableau(j for _i, j in couples)))
        return {(identifiant, jour): situation for identifiant, jour, situation in self.env.cr.fetchall()}

    def _synthese_par_lot(self):
        """Point d'extension : l'activité de chaque formation, en un nombre constant de requêtes.

        Les addons du haut (feuilles de soins, facturation) surchargent et complètent le résultat
        de `super()`. Clés : `disponible`, `depuis`, `volume`, `rejetees`, `montant_facture`,
        `montant_cnas`, `montant_rejete`, `taux_rejet`, `taux_rejet_montant`, `delai_traitement`,
        `delai_paiement` (montants en XAF, taux en pour cent, délais en jours).

        :return: dict {identifiant de formation: dict}
        """
        return {formation.id: {} for formation in self}
