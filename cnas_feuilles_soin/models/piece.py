from odoo import fields, models


class FeuilleSoinPiece(models.Model):
    """Une pièce d'un dossier : un fichier numérisé, son type et son empreinte SHA-256.

    | qui | peut |
    |---|---|
    | agent, contrôleur | ajouter une pièce ; la typer |
    | formation (portail) | ajouter aux siennes, lire les siennes |
    | personne | retirer une pièce d'un dossier déposé |
    """

    _name = "cnas.feuille_soin.piece"
    _description = "Pièce d'une feuille de soins"
    _order = "feuille_id, id"

    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", required=True, index=True,
                                 ondelete="cascade")
    type_id = fields.Many2one("cnas.type_piece", string="Type de pièce", index=True, ondelete="restrict")
    name = fields.Char(string="Nom du fichier", required=True)
    contenu = fields.Binary(string="Fichier", attachment=True, required=True)
    mimetype = fields.Char(string="Format", readonly=True)
    taille = fields.Integer(string="Taille (octets)", readonly=True)
    empreinte = fields.Char(string="Empreinte SHA-256", readonly=True, index=True)
    deja_vue_id = fields.Many2one("cnas.feuille_soin", string="Déjà vue dans", readonly=True,
                                  index="btree_not_null", ondelete="set null",
                                  help="Un autre dossier porte exactement le même fichier.")
