from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.cnas_base.impression.langue import FRANCAIS, en_francais

TYPES_FICHIER = {
    "accepte_pdf": ("application/pdf", "PDF"),
    "accepte_jpeg": ("image/jpeg", "JPEG"),
    "accepte_png": ("image/png", "PNG"),
    "accepte_tiff": ("image/tiff", "TIFF"),
}


class TypePiece(models.Model):
    """Type de pièce : ce qu'on demande, à qui, pour combien de temps et sous quel format.

    | qui | peut |
    |---|---|
    | agent, contrôleur, médecin-conseil, finance | lire |
    | administrateur | créer, modifier, archiver |
    """

    _name = "cnas.type_piece"
    _description = "Type de pièce"
    _inherit = ["cnas.garde.mixin"]
    _order = "sequence, code"
    _rec_names_search = ["code", "name"]

    sequence = fields.Integer(string="Ordre", default=10)
    code = fields.Char(string="Code", required=True)
    name = fields.Char(string="Type de pièce", required=True, translate=True)
    description = fields.Char(string="Consigne", help="Ce que l'agent doit vérifier sur le document.")
    active = fields.Boolean(string="Actif", default=True)
    type_document_id = fields.Many2one(
        "cnas.type_document", string="Classée sous", ondelete="restrict",
        help="Dit combien de temps la pièce se garde ; vide : comme les pièces de son usage.")

    # === Obligation ===
    usage = fields.Selection(
        [("assure", "Dossier de l'assuré"), ("feuille", "Feuille de soins")],
        string="Usage", default="assure", required=True)
    regime_ids = fields.Many2many(
        "cnas.regime", "cnas_type_piece_regime_rel", "type_piece_id", "regime_id",
        string="Obligatoire pour les régimes", help="Vide : la pièce est facultative.")
    concerne = fields.Selection(
        [("tous", "Tous"), ("principal", "Assuré principal"), ("ayant_droit", "Ayants droit")],
        string="Demandée à", default="tous", required=True)
    lien = fields.Selection(
        [("conjoint", "Conjoint"), ("enfant", "Enfant"), ("ascendant", "Ascendant"), ("autre", "Autre")],
        string="Lien", help="Limite l'obligation aux ayants droit de ce lien.")
    age_min = fields.Integer(string="À partir de (ans)", help="Limite l'obligation à partir de cet âge ; 0 : sans limite.")

    # === Validité ===
    duree_mois = fields.Integer(
        string="Durée de validité (mois)", help="Sert à proposer la date d'expiration ; 0 : sans expiration.")
    alerte_jours = fields.Integer(
        string="Alerte avant expiration (jours)", default=30, help="Une activité prévient l'agent ; 0 : aucune alerte.")

    # === Fichier ===
    accepte_pdf = fields.Boolean(string="PDF", default=True)
    accepte_jpeg = fields.Boolean(string="JPEG", default=True)
    accepte_png = fields.Boolean(string="PNG", default=True)
    accepte_tiff = fields.Boolean(string="TIFF")
    taille_max_mo = fields.Integer(string="Taille maximale (Mo)", default=10, required=True)

    _sql_constraints = [
        ("code_unique", "UNIQUE (code)", "Ce code de type de pièce existe déjà."),
        ("taille_bornee", "CHECK (taille_max_mo BETWEEN 1 AND 25)", "La taille maximale va de 1 à 25 Mo."),
        ("durees_positives", "CHECK (duree_mois >= 0 AND alerte_jours >= 0 AND age_min >= 0)",
         "Une durée, une alerte ou un âge ne peuvent pas être négatifs."),
    ]

    @api.constrains("accepte_pdf", "accepte_jpeg", "accepte_png", "accepte_tiff")
    def _check_types_fichier(self):
        for type_piece in self:
            if not type_piece._types_acceptes():
                raise ValidationError(_("Acceptez au moins un type de fichier pour « %s ».", type_piece.name))

    def _types_acceptes(self):
        """Rend {type MIME: libellé} des fichiers acceptés."""
        self.ensure_one()
        return dict(couple for champ, couple in TYPES_FICHIER.items() if self[champ])

    @api.model
    def _noms_lus(self):
        """Rend {nom français, celui qu'écrivent les faits: nom dans la langue de l'usager} ; rien à qui lit en français."""
        if en_francais(self.env):
            return {}
        types = self.sudo().with_context(active_test=False).search([])
        return dict(zip(types.with_context(lang=FRANCAIS).mapped("name"), types.mapped("name")))

    def _concerne(self, assure):
        """Dit si la pièce est obligatoire pour cet assuré."""
        self.ensure_one()
        return (
            assure.regime_id in self.regime_ids
            and self.concerne in ("tous", assure.type_assure)
            and (not self.lien or (assure.type_assure == "ayant_droit" and self.lien == assure.lien))
            and (not self.age_min or (assure.age or 0) >= self.age_min)
        )
