from odoo import _, api, fields, models

from .constantes import NATURES, TYPES_PRESTATION


class Taux(models.Model):
    """Taux de prise en charge daté, du plus précis au plus général.

    Pour une ligne, on cherche dans l'ordre : régime + type + nature, régime + nature, régime + type, régime.
    La nature du dossier l'emporte sur le type de prestation : un taux de maternité vaut pour ses médicaments.

    Lecture : tous les rôles internes. Écriture : administrateur.
    """

    _name = "cnas.taux"
    _description = "Taux de prise en charge"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin", "mail.thread"]
    _order = "regime_id, nature, type_prestation, date_debut desc"

    _periode_cle = ("regime_id", "type_prestation", "nature")
    _periode_message = "Un autre taux couvre déjà ces dates pour ce régime, ce type et cette nature."

    regime_id = fields.Many2one("cnas.regime", string="Régime", required=True, index=True, ondelete="restrict",
                                tracking=True)
    type_prestation = fields.Selection(TYPES_PRESTATION, string="Type de prestation", tracking=True,
                                       help="Vide : tous les types.")
    nature = fields.Selection(NATURES, string="Nature du dossier", tracking=True, help="Vide : toutes.")
    taux = fields.Float(string="Taux (%)", digits=(5, 2), required=True, tracking=True, group_operator="avg",
                        help="Part payée par la caisse, de 0 à 100.")
    date_debut = fields.Date(tracking=True)
    date_fin = fields.Date(tracking=True)

    _sql_constraints = [("taux_borne", "CHECK (taux BETWEEN 0 AND 100)", "Un taux va de 0 à 100 %.")]

    @api.depends("regime_id", "type_prestation", "nature", "taux")
    def _compute_display_name(self):
        types, natures = dict(TYPES_PRESTATION), dict(NATURES)
        for ligne in self:
            precisions = [types.get(ligne.type_prestation), natures.get(ligne.nature)]
            portee = ", ".join(p for p in precisions if p) or _("tous soins")
            ligne.display_name = f"{ligne.regime_id.code or ''} — {portee} : {ligne.taux:g} %"

    @api.model
    def _taux_par_lot(self, demandes):
        """Rend le taux de chaque demande, en une requête.

        :param demandes: liste de (regime_id, type_prestation ou False, nature ou False, date)
        :return: {demande: taux (0 à 100) ou False}
        """
        if not demandes:
            return {}
        self.flush_model()
        regimes, types, natures, jours = zip(*demandes)
        self.env.cr.execute(
            """SELECT d.rang, t.taux
                 FROM unnest(%s::int[], %s::varchar[], %s::varchar[], %s::date[])
                      WITH ORDINALITY AS d(regime_id, type_prestation, nature, jour, rang)
                 JOIN LATERAL (
                      SELECT t.taux FROM cnas_taux t
                       WHERE t.regime_id = d.regime_id AND t.date_debut <= d.jour
                         AND (t.date_fin IS NULL OR t.date_fin >= d.jour)
                         AND (t.type_prestation IS NULL OR t.type_prestation = d.type_prestation)
                         AND (t.nature IS NULL OR t.nature = d.nature)
                    ORDER BY t.nature IS NULL, t.type_prestation IS NULL LIMIT 1) t ON TRUE""",
            (list(regimes), [t or None for t in types], [n or None for n in natures], list(jours)))
        resultat = dict.fromkeys(demandes, False)
        for rang, taux in self.env.cr.fetchall():
            resultat[demandes[rang - 1]] = float(taux)
        return resultat
