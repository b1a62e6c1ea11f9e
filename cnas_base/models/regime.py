from odoo import fields, models


class Regime(models.Model):
    """Un régime de la couverture santé universelle : ASS, ASI, AMED (loi n° 035/PR/2019).

    | qui | peut |
    |---|---|
    | tous les agents | lire |
    | administrateur | modifier le nom et la carence |
    """

    _name = "cnas.regime"
    _description = "Régime"
    _inherit = ["cnas.garde.mixin"]
    _order = "numero"
    _champs_journal = ("code", "contributif", "carence_mois", "active")
    _rec_names_search = ["code", "name"]

    numero = fields.Integer(string="Numéro", required=True, help="1 à 9 : il entre dans le matricule.")
    code = fields.Char(string="Code", required=True)
    name = fields.Char(string="Régime", required=True, translate=True)
    contributif = fields.Boolean(string="Contributif")
    carence_mois = fields.Integer(
        string="Carence (mois)", help="Mois entre l'affiliation et le premier soin couvert, hors urgence et maternité.")
    active = fields.Boolean(string="Actif", default=True)

    _sql_constraints = [
        ("code_unique", "UNIQUE (code)", "Ce code de régime existe déjà."),
        ("numero_unique", "UNIQUE (numero)", "Ce numéro de régime existe déjà."),
        ("numero_borne", "CHECK (numero BETWEEN 1 AND 9)", "Le numéro d'un régime va de 1 à 9."),
        ("carence_positive", "CHECK (carence_mois BETWEEN 0 AND 60)", "La carence va de 0 à 60 mois."),
    ]
