import base64
import binascii
import hashlib

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import type_reel

EXTENSIONS = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png", "image/tiff": ".tif"}


class FeuilleSoinPiece(models.Model):
    """Une pièce d'un dossier : un fichier numérisé, son type et son empreinte SHA-256.

    Le format se lit dans le fichier, jamais dans son nom. Un fichier déjà vu dans un autre dossier
    est accepté mais signalé (`deja_vue_id`).

    | qui | peut |
    |---|---|
    | agent, contrôleur | ajouter une pièce ; la typer |
    | formation (portail) | ajouter aux siennes, lire les siennes |
    | personne | retirer ou remplacer une pièce d'un dossier déposé |
    """

    _name = "cnas.feuille_soin.piece"
    _description = "Pièce d'une feuille de soins"
    _inherit = ["cnas.garde.mixin"]
    _order = "feuille_id, id"
    _champs_lus = ("contenu",)
    _cloison_agence = ("feuille_id.agence_id", "feuille_id.bordereau_id.destination_id")
    _cloison_usager = ("feuille_id.controleur_id",)

    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", required=True, index=True,
                                 ondelete="cascade")
    type_id = fields.Many2one("cnas.type_piece", string="Type de pièce", index=True, ondelete="restrict",
                              domain=[("usage", "=", "feuille")])
    name = fields.Char(string="Nom du fichier", required=True)
    attachment_id = fields.Many2one("ir.attachment", string="Pièce jointe", readonly=True, required=True,
                                    index=True, ondelete="restrict")
    contenu = fields.Binary(string="Fichier", compute="_compute_contenu", inverse="_inverse_contenu")
    mimetype = fields.Char(string="Format", readonly=True)
    taille = fields.Integer(string="Taille (octets)", readonly=True)
    empreinte = fields.Char(string="Empreinte SHA-256", readonly=True, index=True)
    deja_vue_id = fields.Many2one("cnas.feuille_soin", string="Déjà vue dans", readonly=True,
                                  index="btree_not_null", ondelete="set null", groups="cnas_base.group_interne",
                                  help="Un autre dossier porte exactement le même fichier.")

    # ------------------------------------------------------------------ calculs
    @api.depends("attachment_id")
    def _compute_contenu(self):
        for piece in self:
            piece.contenu = piece.attachment_id.datas

    def _inverse_contenu(self):
        """Rien : `create()` range le fichier ; un fichier reçu ne se remplace pas."""

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        """Vérifie chaque fichier (type réel, taille), le joint à la feuille, signale les fichiers déjà vus."""
        feuilles = self.env["cnas.feuille_soin"].browse({vals.get("feuille_id") for vals in vals_list} - {None, False})
        feuilles.check_access_rights("read")
        feuilles.check_access_rule("read")
        feuilles._refuser_piece_si_clos()
        preparees = [self._preparer(vals) for vals in vals_list]
        jointes = self.env["ir.attachment"].sudo().create([{
            "name": p["name"], "raw": p.pop("octets"), "mimetype": p["mimetype"], "type": "binary",
            "res_model": "cnas.feuille_soin", "res_id": p.get("feuille_id"),
        } for p in preparees if "attachment_id" not in p])
        rangs = iter(jointes)
        for preparee in preparees:
            if "attachment_id" not in preparee:
                preparee["attachment_id"] = next(rangs).id
        pieces = super().create(preparees)
        pieces._signaler_deja_vues()
        pieces._dater_numerisation()
        return pieces

    def write(self, vals):
        """Un fichier reçu ne se remplace pas ; son type et son nom se corrigent."""
        self.check_access_rights("write")
        if set(vals) - {"type_id", "name"}:
            raise UserError(_("Le fichier d'une pièce ne se remplace pas : ajoutez une nouvelle pièce."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_brouillon_seul(self):
        if any(piece.feuille_id.state != "brouillon" for piece in self):
            raise UserError(_("Une pièce d'un dossier déposé ne se retire pas."))

    def unlink(self):
        """Retire les pièces d'un brouillon, fichiers compris."""
        jointes = self.attachment_id
        resultat = super().unlink()
        jointes.sudo().unlink()
        return resultat

    # ------------------------------------------------------------------ privé
    def _preparer(self, vals):
        """Rend les valeurs complétées du format réel, de la taille et de l'empreinte."""
        if self.env.su and vals.get("attachment_id"):
            contenu = self.env["ir.attachment"].browse(vals["attachment_id"]).raw or b""
        else:
            vals = {k: v for k, v in vals.items() if k != "attachment_id"}
            contenu = self._decoder(vals.get("contenu"))
        nom = (vals.get("name") or _("pièce")).replace("/", "_").replace("\\", "_")[:255]
        mime = self._verifier_fichier(contenu, nom)
        if not nom.lower().endswith((".pdf", ".jpg", ".jpeg", ".png", ".tif", ".tiff")):
            nom += EXTENSIONS[mime]
        gardes = {k: v for k, v in vals.items() if k in ("feuille_id", "type_id", "attachment_id")}
        return {**gardes, "name": nom, "mimetype": mime, "taille": len(contenu), "octets": contenu,
                "empreinte": hashlib.sha256(contenu).hexdigest()}

    @api.model
    def _decoder(self, contenu):
        if not isinstance(contenu, (str, bytes)):
            return b""
        try:
            return base64.b64decode(contenu)
        except (binascii.Error, ValueError) as erreur:
            raise UserError(_("Un fichier est illisible : envoyez-le de nouveau.")) from erreur

    @api.model
    def _verifier_fichier(self, contenu, nom):
        """Rend le type MIME lu dans le fichier.

        :raise UserError: vide, trop gros, ou d'un format refusé
        """
        maximum = self.env["cnas.parametre"]._au("taille_max_piece_mo")
        if not contenu:
            raise UserError(_("Le fichier « %s » est vide.", nom))
        if len(contenu) > maximum * 1024 * 1024:
            raise UserError(_("Le fichier « %(nom)s » dépasse %(mo)s Mo : numérisez-le en plus petit.",
                              nom=nom, mo=maximum))
        mime = type_reel(contenu)
        if not mime:
            raise UserError(_("Le fichier « %s » n'est ni un PDF, ni un JPEG, ni un PNG, ni un TIFF.", nom))
        return mime

    def _signaler_deja_vues(self):
        """Note, en une requête, le premier autre dossier qui porte le même fichier."""
        self.env.flush_all()
        self.env.cr.execute("""
            UPDATE cnas_feuille_soin_piece n
               SET deja_vue_id = (
                    SELECT a.feuille_id FROM cnas_feuille_soin_piece a
                      JOIN cnas_feuille_soin f ON f.id = a.feuille_id AND f.state <> 'annulee'
                     WHERE a.empreinte = n.empreinte AND a.feuille_id <> n.feuille_id ORDER BY a.id LIMIT 1)
             WHERE n.id = ANY(%s)
        """, [self.ids])
        self.invalidate_recordset(["deja_vue_id"])

    def _dater_numerisation(self):
        """La première pièce numérisée fait partir le compte à rebours du papier."""
        feuilles = self.feuille_id.sudo().filtered(lambda f: not f.date_numerisation)
        if feuilles:
            feuilles._ecrire({"date_numerisation": aujourd_hui()}, suivi=False)


class IrAttachment(models.Model):
    """Un fichier déposé dans le fil d'une feuille en devient une pièce ; une pièce ne se perd pas."""

    _inherit = "ir.attachment"

    def _post_add_create(self, **kwargs):
        """Glisser-déposer : fait une pièce de chaque fichier lâché sur une feuille de soins."""
        resultat = super()._post_add_create(**kwargs)
        for jointe in self.filtered(lambda a: a.res_model == "cnas.feuille_soin" and a.res_id):
            self.env["cnas.feuille_soin"].browse(jointe.res_id)._refuser_piece_si_clos()
            self.env["cnas.feuille_soin.piece"].sudo().create(
                {"feuille_id": jointe.res_id, "name": jointe.name, "attachment_id": jointe.id})
        return resultat

    def write(self, vals):
        """Refuse de changer le contenu ou le rattachement du fichier d'une pièce."""
        if not {"datas", "raw", "db_datas", "store_fname", "res_model", "res_id", "type"}.isdisjoint(vals):
            self._refuser_si_piece(_("Le fichier d'une pièce ne se remplace pas."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_sauf_piece(self):
        self._refuser_si_piece(_("Le fichier d'une pièce ne se supprime pas."))

    def _refuser_si_piece(self, phrase):
        candidates = self.filtered(lambda a: a.sudo().res_model == "cnas.feuille_soin")
        if candidates and self.env["cnas.feuille_soin.piece"].sudo().search_count(
                [("attachment_id", "in", candidates.ids)], limit=1):
            raise UserError(phrase)
