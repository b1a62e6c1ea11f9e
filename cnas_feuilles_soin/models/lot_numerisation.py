import re

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.bilan import bilan
from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.jour import aujourd_hui

NUMERO = re.compile(r"[A-Z0-9-]{2,12}-[0-9]{4}-[0-9]{6}")


class LotNumerisation(models.Model):
    """Un lot de fichiers numérisés à ranger dans les dossiers, venus d'un dépôt ou d'un courriel.

    Chaque fichier se reconnaît à son nom : le numéro du dossier (AG-ABE-2026-000001.pdf) ou la référence
    de la feuille. Ce qui n'est pas reconnu se range à la main, ou en lisant le code-barres de l'accusé.

    | qui | peut |
    |---|---|
    | agent | déposer des fichiers, reconnaître, ranger |
    """

    _name = "cnas.lot_numerisation"
    _description = "Lot de numérisation"
    _inherit = ["cnas.garde.mixin", "cnas.fichiers.mixin", "mail.thread"]
    _order = "id desc"
    _champs_fichiers = ("fichier_ids",)
    _fichiers_comme = "cnas.feuille_soin.piece"
    _fichiers_a_trier = True
    _cloison_agence = ("agence_id",)

    name = fields.Char(string="Lot", required=True, default=lambda self: _("Lot du %s", ecrire_date(aujourd_hui())))
    agence_id = fields.Many2one("cnas.agence", string="Agence", ondelete="restrict",
                                default=lambda self: self.env["cnas.agence"]._de_l_usager())
    fichier_ids = fields.Many2many("ir.attachment", "cnas_lot_numerisation_fichier_rel", "lot_id", "attachment_id",
                                   string="Fichiers")
    ligne_ids = fields.One2many("cnas.lot_numerisation.ligne", "lot_id", string="Rangement")
    restants = fields.Integer(string="À ranger", compute="_compute_restants")

    @api.depends("ligne_ids.piece_id", "fichier_ids")
    def _compute_restants(self):
        for lot in self:
            lot.restants = len(lot.fichier_ids) - len(lot.ligne_ids.filtered("piece_id"))

    def action_reconnaitre(self):
        """Fait une ligne par fichier et cherche son dossier d'après son nom."""
        self.env["cnas.feuille_soin"]._exiger_groupe("cnas_base.group_agent", _("ranger des pièces"))
        for lot in self:
            connus = lot.ligne_ids.attachment_id
            nouveaux = lot.fichier_ids - connus
            dossiers = lot._dossiers_par_nom(nouveaux.mapped("name"))
            self.env["cnas.lot_numerisation.ligne"].create([{
                "lot_id": lot.id, "attachment_id": fichier.id, "feuille_id": dossiers.get(fichier.name, False),
            } for fichier in nouveaux])
        reconnus = len(self.ligne_ids.filtered("feuille_id"))
        inconnus = len(self.ligne_ids) - reconnus
        return bilan(_("%(nombre)s fichier(s) : %(reconnus)s reconnu(s), %(inconnus)s à désigner.",
                       nombre=len(self.ligne_ids), reconnus=reconnus, inconnus=inconnus), alerte=bool(inconnus))

    def action_ranger(self):
        """Range chaque fichier reconnu dans son dossier ; un fichier refusé garde son motif.

        :return: True
        """
        self.action_reconnaitre()
        for ligne in self.ligne_ids.filtered(lambda x: x.feuille_id and not x.piece_id):
            ligne._ranger()
        ranges, refuses = len(self.ligne_ids.filtered("piece_id")), len(self.ligne_ids.filtered("refus"))
        return bilan(_("%(nombre)s fichier(s) : %(ranges)s rangé(s), %(refuses)s refusé(s), %(reste)s sans dossier.",
                       nombre=len(self.ligne_ids), ranges=ranges, refuses=refuses,
                       reste=len(self.ligne_ids.filtered(lambda x: not x.feuille_id))), alerte=ranges < len(self.ligne_ids))

    def _dossiers_par_nom(self, noms):
        """Rend {nom de fichier: feuille_id}, en deux requêtes : par numéro, puis par référence."""
        racines = {nom: nom.rsplit(".", 1)[0].strip().upper() for nom in noms}
        numeros = {nom: trouve.group() for nom, racine in racines.items() if (trouve := NUMERO.search(racine))}
        feuilles = self.env["cnas.feuille_soin"]
        par_numero = {f.numero: f.id for f in feuilles.search([("numero", "in", list(numeros.values()))])}
        par_reference = {}
        for feuille in feuilles.search([("reference", "in", list(racines.values())), ("state", "!=", "annulee")]):
            # Une référence portée par deux formations ne désigne personne.
            par_reference[feuille.reference] = False if feuille.reference in par_reference else feuille.id
        return {nom: par_numero.get(numeros.get(nom)) or par_reference.get(racines[nom], False) for nom in noms}

    # ------------------------------------------------------------------ courriel
    def _message_post_after_hook(self, message, msg_vals):
        """Courriel reçu : ses pièces jointes deviennent les fichiers du lot."""
        resultat = super()._message_post_after_hook(message, msg_vals)
        if message.message_type == "email" and message.attachment_ids:
            self.fichier_ids = [(4, jointe.id) for jointe in message.attachment_ids]
        return resultat


class LotNumerisationLigne(models.Model):
    """Un fichier d'un lot, le dossier où il va, et ce qu'il en est advenu."""

    _name = "cnas.lot_numerisation.ligne"
    _description = "Fichier d'un lot de numérisation"
    _inherit = ["cnas.garde.mixin"]
    _order = "lot_id, id"

    lot_id = fields.Many2one("cnas.lot_numerisation", string="Lot", required=True, index=True, ondelete="cascade")
    attachment_id = fields.Many2one("ir.attachment", string="Fichier", required=True, readonly=True, ondelete="cascade")
    code_lu = fields.Char(string="Code-barres ou référence", store=False,
                          help="Lisez le code-barres de l'accusé : le dossier se remplit.")
    feuille_id = fields.Many2one("cnas.feuille_soin", string="Dossier", ondelete="set null")
    type_id = fields.Many2one("cnas.type_piece", string="Type de pièce", domain=[("usage", "=", "feuille")],
                              ondelete="restrict")
    piece_id = fields.Many2one("cnas.feuille_soin.piece", string="Pièce rangée", readonly=True, ondelete="set null")
    deja_vue_id = fields.Many2one(related="piece_id.deja_vue_id", string="Déjà vue dans", groups="cnas_base.group_interne")
    refus = fields.Char(string="Refus", readonly=True)

    @api.onchange("code_lu")
    def _onchange_code_lu(self):
        """Trouve le dossier par son numéro ou sa référence."""
        code = (self.code_lu or "").strip().upper()
        if code:
            self.feuille_id = self.env["cnas.feuille_soin"].search(
                ["|", ("numero", "=", code), ("reference", "=", code)], limit=1)
            self.code_lu = False

    def _ranger(self):
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self.piece_id = self.env["cnas.feuille_soin.piece"].create({
                    "feuille_id": self.feuille_id.id, "type_id": self.type_id.id, "name": self.attachment_id.name,
                    "contenu": self.attachment_id.datas})
            self.refus = False
        except UserError as erreur:
            self.refus = str(erreur.args[0])
