from odoo import _, api, fields, models

from .constantes import CATEGORIES, TYPES_SOINS

PORTEES = [("feuille", "Feuille"), ("beneficiaire", "Bénéficiaire"), ("famille", "Famille")]


class Plafond(models.Model):
    """Franchise, montant et nombre maximaux d'un régime, datés.

    La consommation se compte par feuille, par bénéficiaire ou par famille, sur l'année de droits. Un montant ou
    un nombre à 0 : pas de limite. Catégorie vide : toutes. Les règles PLF et QTE-10 les appliquent.

    Un plafond se reconnaît à ce qu'il vise (régime, portée, type de soins, catégorie) : la ligne ajoutée clôt celle
    qu'elle prolonge ; ce que l'année de droits a déjà pris reste pris.

    Lecture : tous les rôles internes. Écriture : un administrateur demande, un superviseur accepte (`cnas.changement.mixin`) ;
    l'administrateur pose seul un plafond là où il n'y en a pas : il ne fait que limiter.
    """

    _name = "cnas.plafond"
    _description = "Plafond"
    _inherit = ["cnas.changement.mixin", "cnas.periode.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "regime_id, portee, type_soins, categorie, date_debut desc"
    _champs_journal = ("regime_id", "portee", "type_soins", "categorie", "montant_max", "nombre_max", "franchise", "seuil_membres",
                       "majoration_membre", "majoration_max", "date_debut", "date_fin")

    _champs_sensibles = dict.fromkeys(_champs_journal, "_toujours")
    _cree_a_deux = True
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
    seuil_membres = fields.Integer(
        string="Membres compris", tracking=True, group_operator=None,
        help="Nombre de membres de la famille, principal compris, que le montant maximum couvre déjà.")
    majoration_membre = fields.Monetary(
        string="Majoration par membre", tracking=True,
        help="S'ajoute au montant maximum pour chaque membre au-delà des membres compris, à la date des soins.")
    majoration_max = fields.Monetary(
        string="Majoration au plus", tracking=True, help="Tous membres ensemble ; 0 : sans limite.")
    date_debut = fields.Date(tracking=True)
    date_fin = fields.Date(tracking=True)

    _sql_constraints = [
        ("valeurs_positives", "CHECK (COALESCE(montant_max, 0) >= 0 AND COALESCE(nombre_max, 0) >= 0 "
         "AND COALESCE(franchise, 0) >= 0 AND COALESCE(majoration_membre, 0) >= 0 "
         "AND COALESCE(majoration_max, 0) >= 0 AND COALESCE(seuil_membres, 0) >= 0)",
         "Un plafond, une franchise ou une majoration n'est jamais négatif."),
        ("majoration_d_un_montant", "CHECK (COALESCE(majoration_membre, 0) = 0 OR COALESCE(montant_max, 0) > 0)",
         "Une majoration par membre s'ajoute à un montant maximum : donnez-le."),
        ("valeur_presente", "CHECK (COALESCE(montant_max, 0) + COALESCE(nombre_max, 0) + COALESCE(franchise, 0) > 0)",
         "Donnez au moins un montant maximum, un nombre maximum ou une franchise."),
    ]

    @api.depends("regime_id", "portee", "type_soins", "categorie")
    @api.depends_context("lang")
    def _compute_display_name(self):
        portees, soins, categories = (
            dict(self._fields[champ]._description_selection(self.env)) for champ in ("portee", "type_soins", "categorie"))
        for plafond in self:
            parties = [plafond.regime_id.code, portees.get(plafond.portee)]
            if plafond.type_soins != "tous":
                parties.append(soins.get(plafond.type_soins))
            parties.append(categories.get(plafond.categorie, _("Toutes catégories")))
            plafond.display_name = " — ".join(p for p in parties if p)
