from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.cnas_base.ecriture import ecrire_date


class BaremeCotisation(models.Model):
    """Barème daté de cotisation d'un régime.

    Modes : `forfait` (montant mensuel par tête), `pourcentage` (du salaire, entre plancher et
    plafond, part employeur et part salarié), `etat` (pris en charge par l'État : rien à appeler).

    Lecture : agent. Écriture : un administrateur demande, un superviseur accepte (`cnas.changement.mixin`) ;
    l'administrateur pose seul le barème d'un régime qui n'en a pas à ces dates.
    """

    _name = "cnas.bareme_cotisation"
    _description = "Barème de cotisation"
    _inherit = ["cnas.changement.mixin", "cnas.periode.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "regime_id, date_debut desc"
    _champs_journal = ("regime_id", "mode", "forfait", "taux_employeur", "taux_salarie", "plancher", "plafond", "date_debut", "date_fin")

    _champs_sensibles = dict.fromkeys(_champs_journal, "_toujours")
    _cree_a_deux = True
    _periode_cle = ("regime_id",)
    _periode_message = "Ce régime a déjà un barème à ces dates : fermez-le d'abord."

    regime_id = fields.Many2one("cnas.regime", string="Régime", required=True, index=True, ondelete="restrict")
    mode = fields.Selection(
        [("forfait", "Forfait par tête"), ("pourcentage", "Pourcentage du salaire"), ("etat", "Pris en charge par l'État")],
        string="Mode", required=True, default="pourcentage", tracking=True)
    forfait = fields.Monetary(string="Forfait mensuel par tête", tracking=True)
    taux_employeur = fields.Float(string="Part employeur (%)", digits=(5, 2), tracking=True)
    taux_salarie = fields.Float(string="Part salarié (%)", digits=(5, 2), tracking=True)
    plancher = fields.Monetary(string="Plancher mensuel", help="Assiette minimale ; 0 : aucun.", tracking=True)
    plafond = fields.Monetary(string="Plafond mensuel", help="Assiette maximale ; 0 : aucun.", tracking=True)

    _sql_constraints = [
        ("taux_bornes", "CHECK (taux_employeur BETWEEN 0 AND 100 AND taux_salarie BETWEEN 0 AND 100"
                        " AND taux_employeur + taux_salarie <= 100)", "Les taux vont de 0 à 100 %, et leur somme aussi."),
        ("montants_positifs", "CHECK (COALESCE(forfait, 0) >= 0 AND COALESCE(plancher, 0) >= 0"
                              " AND COALESCE(plafond, 0) >= 0)", "Un montant de barème ne peut pas être négatif."),
    ]

    @api.constrains("plancher", "plafond")
    def _check_plancher_plafond(self):
        for bareme in self:
            if bareme.plafond and bareme.plancher > bareme.plafond:
                raise ValidationError(_("Le plancher dépasse le plafond : corrigez l'un des deux."))

    @api.depends("regime_id", "date_debut")
    def _compute_display_name(self):
        for bareme in self:
            jour = ecrire_date(bareme.date_debut, "")
            bareme.display_name = _("%(regime)s à partir du %(jour)s", regime=bareme.regime_id.code or "", jour=jour)

    @api.model
    def _par_regime(self, date):
        """Rend {regime_id: barème en vigueur à `date`} en une requête."""
        return {bareme.regime_id.id: bareme for bareme in self.sudo().search(self._domaine_en_vigueur(date))}

    def _cotisation(self, salaire):
        """Calcule la cotisation d'un mois.

        :param int salaire: salaire mensuel en XAF
        :return: (part employeur, part salarié), entiers ; la part employeur est la différence entre
            le total arrondi et la part salarié, pour que la somme tombe juste
        """
        if not self or self.mode == "etat":
            return 0, 0
        if self.mode == "forfait":
            return int(self.forfait), 0
        assiette = max(int(salaire), int(self.plancher))
        if self.plafond:
            assiette = min(assiette, int(self.plafond))
        # Les taux ont deux décimales : on calcule en centièmes entiers, sans flottant.
        salarie, total = (round(t * 100) for t in (self.taux_salarie, self.taux_employeur + self.taux_salarie))
        part_salarie = self._pourcentage(assiette, salarie)
        return self._pourcentage(assiette, total) - part_salarie, part_salarie

    @staticmethod
    def _pourcentage(assiette, centiemes):
        return (assiette * centiemes * 2 + 10000) // 20000
