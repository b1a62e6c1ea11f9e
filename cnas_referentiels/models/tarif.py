from odoo import api, fields, models, tools

from .constantes import NIVEAUX


class Tarif(models.Model):
    """Tarifs datés de toutes les prestations (vue SQL `cnas_tarif`, lecture seule).

    Réunit les montants datés (forfait) et coefficient × lettre-clé datée (cotation, arrondi au franc, demi
    supérieur). Une ligne : prestation, niveau (NULL = tous), montant entier, dates incluses, source.
    """

    _name = "cnas.tarif"
    _description = "Tarif daté d'une prestation"
    _inherit = ["cnas.montant.mixin"]
    _auto = False
    _order = "prestation_id, niveau, date_debut desc"
    _rec_name = "prestation_id"
    _depends = {
        **{f"cnas.config_{nom}": [f"{nom}_id", "montant", "niveau", "date_debut", "date_fin"]
           for nom in ("medicament", "consommable", "acte", "examen", "lettre_cle")},
        **{f"cnas.{nom}": ["prestation_id", "mode_tarif", "lettre_cle_id", "coefficient"] for nom in ("acte", "examen")},
        **{f"cnas.{nom}": ["prestation_id"] for nom in ("medicament", "consommable")},
    }

    prestation_id = fields.Many2one("cnas.prestation", string="Prestation", readonly=True)
    niveau = fields.Integer(string="Niveau (1 à 4)", readonly=True, group_operator=None)
    niveau_libelle = fields.Selection([("0", "Tous les niveaux"), *NIVEAUX], string="Niveau", readonly=True)
    montant = fields.Monetary(string="Montant", readonly=True, group_operator="avg")
    date_debut = fields.Date(string="Date début", readonly=True)
    date_fin = fields.Date(string="Date fin", readonly=True)
    source = fields.Selection(
        [("config_medicament", "Config Médicament"), ("config_consommable", "Config Consommable"),
         ("config_acte", "Config Acte"), ("config_examen", "Config Examen"), ("cotation", "Cotation")],
        string="Source", readonly=True)

    @api.model
    def _requete(self):
        """Rend la définition SQL de la vue."""
        forfaits = [
            ("medicament", "", 0), ("consommable", "", 1),
            ("acte", "AND f.mode_tarif = 'forfait'", 2), ("examen", "AND f.mode_tarif = 'forfait'", 3),
        ]
        requetes = [
            f"""SELECT c.id * 5 + {rang} AS id, f.prestation_id, c.niveau,
                       COALESCE(c.niveau, 0)::varchar AS niveau_libelle, c.montant::bigint AS montant,
                       c.date_debut, c.date_fin, 'config_{nom}'::varchar AS source
                  FROM cnas_config_{nom} c JOIN cnas_{nom} f ON f.id = c.{nom}_id {condition}"""
            for nom, condition, rang in forfaits
        ]
        # Identifiant d'une cotation : numérotation de Cantor du couple (lettre datée, prestation), sans collision.
        requetes += [
            f"""SELECT ((c.id + f.prestation_id)::bigint * (c.id + f.prestation_id + 1) / 2 + f.prestation_id) * 5 + 4,
                       f.prestation_id, c.niveau, COALESCE(c.niveau, 0)::varchar, round(f.coefficient * c.montant)::bigint,
                       c.date_debut, c.date_fin, 'cotation'
                  FROM cnas_{nom} f JOIN cnas_config_lettre_cle c ON c.lettre_cle_id = f.lettre_cle_id
                 WHERE f.mode_tarif = 'cotation'"""
            for nom in ("acte", "examen")
        ]
        return " UNION ALL ".join(requetes)

    def init(self):
        tools.drop_view_if_exists(self.env.cr, "cnas_tarif")
        self.env.cr.execute(tools.SQL("CREATE VIEW cnas_tarif AS (%s)", tools.SQL(self._requete())))

    def _vider_tampon(self):
        """Écrit en base ce que la vue doit voir (à appeler avant une requête SQL sur `cnas_tarif`)."""
        for modele, champs in self._depends.items():
            self.env[modele].flush_model(champs)
