from odoo import _, api, fields, models
from odoo.exceptions import UserError


class CompteurDepot(models.Model):
    """Dernier numéro donné par agence et par année. La ligne est verrouillée jusqu'à la fin de la
    transaction : un dépôt annulé rend ses numéros, il n'y a donc jamais de trou.
    """

    _name = "cnas.compteur_depot"
    _description = "Compteur des dépôts"
    _inherit = ["cnas.garde.mixin"]
    _order = "agence_id, annee desc"

    agence_id = fields.Many2one("cnas.agence", string="Agence", required=True, readonly=True, ondelete="restrict")
    annee = fields.Integer(string="Année", required=True, readonly=True)
    dernier = fields.Integer(string="Dernier numéro", required=True, readonly=True)

    _sql_constraints = [
        ("agence_annee_unique", "UNIQUE (agence_id, annee)", "Ce compteur existe déjà."),
    ]

    def _reserver(self, besoins):
        """Réserve des numéros consécutifs, en une requête pour tout le lot.

        :param besoins: {(agence_id, annee): combien}
        :return: {(agence_id, annee): premier numéro réservé}
        """
        if not besoins:
            return {}
        cles = sorted(besoins)  # toujours le même ordre : pas d'interblocage
        self.env.cr.execute("""
            INSERT INTO cnas_compteur_depot AS c (agence_id, annee, dernier)
            SELECT * FROM unnest(%s::int[], %s::int[], %s::int[])
            ON CONFLICT (agence_id, annee) DO UPDATE SET dernier = c.dernier + EXCLUDED.dernier
            RETURNING agence_id, annee, dernier
        """, [[c[0] for c in cles], [c[1] for c in cles], [besoins[c] for c in cles]])
        self.invalidate_model(["dernier"])
        return {(a, an): dernier - besoins[a, an] + 1 for a, an, dernier in self.env.cr.fetchall()}

    def _verrouiller(self, cles):
        """Prend dès le début d'un envoi les compteurs dont il aura besoin.

        Deux envois simultanés vers la même agence se suivent : le second attend ici, puis Odoo le rejoue,
        avant qu'il n'ait rien préparé.

        :param cles: {(agence_id, annee)}
        """
        if cles:
            self.env.cr.execute("""
                SELECT 1 FROM cnas_compteur_depot WHERE (agence_id, annee) IN %s
                 ORDER BY agence_id, annee FOR UPDATE
            """, [tuple(cles)])

    @api.ondelete(at_uninstall=False)
    def _unlink_jamais(self):
        """Un compteur effacé redonnerait les mêmes numéros."""
        raise UserError(_("Un compteur de dépôts ne se supprime pas."))
