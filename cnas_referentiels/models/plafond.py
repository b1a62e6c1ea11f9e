from odoo import _, api, fields, models

from .constantes import CATEGORIES, TYPES_SOINS

PORTEES = [("feuille", "Feuille"), ("beneficiaire", "Bénéficiaire"), ("famille", "Famille")]


class Plafond(models.Model):
    """Franchise, montant et nombre maximaux d'un régime, datés.

    La consommation se compte par feuille, par bénéficiaire ou par famille, sur l'année de droits. Un montant ou
    un nombre à 0 : pas de limite. Catégorie vide : toutes. Les règles PLF et QTE-10 les appliquent.

    Lecture : tous les rôles internes. Écriture : administrateur.
    """

    _name = "cnas.plafond"
    _description = "Plafond"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "regime_id, portee, type_soins, categorie, date_debut desc"

    _periode_cle = ("regime_id", "portee", "type_soins", "categorie")
    _periode_message = "Un autre plafond couvre déjà ces dates pour ce régime, cette portée et cette catégorie."

    regime_id = fields.Many2one("cnas.regime", string="Régime", required=True, index=True, ondelete="restrict",
                                tracking=True)
    portee = fields.Selection(PORTEES, string="Portée", required=True, default="beneficiaire", tracking=True)
    type_soins = fields.Selection(TYPES_SOINS, string="Type de soins", required=True, default="tous", tracking=True)
    categorie = fields.Selection(CATEGORIES, string="Catégorie", tracking=True, help="Vide : toutes.")
    montant_max = fields.Monetary(string="Montant maximum", tracking=True, help="Part CNAS ; 0 : sans limite.")
    nombre_max = fields.Integer(string="Nombre maximum", tracking=True, group_operator=None,
                                help="Prises en charge dans l'année de droits ; 0 : sans limite.")
    franchise = fields.Monetary(string="Franchise", tracking=True, help="Reste à la charge de l'assuré avant tout.")
    date_debut = fields.Date(tracking=True)
    date_fin = fields.Date(tracking=True)

    _sql_constraints = [
        ("valeurs_positives", "CHECK (COALESCE(montant_max, 0) >= 0 AND COALESCE(nombre_max, 0) >= 0 "
         "AND COALESCE(franchise, 0) >= 0)", "Un plafond ou une franchise n'est jamais négatif."),
        ("valeur_presente", "CHECK (COALESCE(montant_max, 0) + COALESCE(nombre_max, 0) + COALESCE(franchise, 0) > 0)",
         "Donnez au moins un montant maximum, un nombre maximum ou une franchise."),
    ]

    @api.depends("regime_id", "portee", "type_soins", "categorie")
    def _compute_display_name(self):
        portees, soins, categories = dict(PORTEES), dict(TYPES_SOINS), dict(CATEGORIES)
        for plafond in self:
            parties = [plafond.regime_id.code, portees.get(plafond.portee)]
            if plafond.type_soins != "tous":
                parties.append(soins.get(plafond.type_soins))
            parties.append(categories.get(plafond.categorie, _("Toutes catégories")))
            plafond.display_name = " — ".join(p for p in parties if p)

    @api.model
    def _plafonds_par_lot(self, demandes):
        """Rend les plafonds en vigueur, en une requête.

        :param demandes: liste de (regime_id, date)
        :return: {demande: liste de {"id", "portee", "type_soins", "categorie" ou False, "montant_max",
            "nombre_max", "franchise"}} ; une liste vide : aucun plafond
        """
        resultat = {demande: [] for demande in demandes}
        if not demandes:
            return resultat
        self.flush_model()
        uniques = list(resultat)
        regimes, jours = zip(*uniques)
        self.env.cr.execute(
            """SELECT d.rang, p.id, p.portee, p.type_soins, p.categorie,
                      COALESCE(p.montant_max, 0)::bigint, COALESCE(p.nombre_max, 0), COALESCE(p.franchise, 0)::bigint
                 FROM unnest(%s::int[], %s::date[]) WITH ORDINALITY AS d(regime_id, jour, rang)
                 JOIN cnas_plafond p ON p.regime_id = d.regime_id AND p.date_debut <= d.jour
                      AND (p.date_fin IS NULL OR p.date_fin >= d.jour)
             ORDER BY d.rang, p.id""", (list(regimes), list(jours)))
        for rang, ident, portee, soins, categorie, montant, nombre, franchise in self.env.cr.fetchall():
            resultat[uniques[rang - 1]].append({
                "id": ident, "portee": portee, "type_soins": soins, "categorie": categorie or False,
                "montant_max": montant, "nombre_max": nombre, "franchise": franchise})
        return resultat
