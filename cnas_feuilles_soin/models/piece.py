import base64
import binascii
import hashlib

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.outils import type_reel

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
    _order = "feuille_id, id"

    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", required=True, index=True,
                                 ondelete="cascade")
    type_id = fields.Many2one("cnas.type_piece", string="Type de pièce", index=True, ondelete="restrict",
                              domain=[("usage", "=", "feuille")])
    name = fields.Char(string="Nom du fichier", required=True)
    contenu = fields.Binary(string="Fichier", attachment=True, required=True)
    mimetype = fields.Char(string="Format", readonly=True)
    taille = fields.Integer(string="Taille (octets)", readonly=True)
    empreinte = fields.Char(string="Empreinte SHA-256", readonly=True, index=True)
    deja_vue_id = fields.Many2one("cnas.feuille_soin", string="Déjà vue dans", readonly=True,
                                  index="btree_not_null", ondelete="set null",
                                  help="Un autre dossier porte exactement le même fichier.")
    ajoutee_par_id = fields.Many2one("res.users", string="Ajoutée par", related="create_uid")

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        """Vérifie chaque fichier (type réel, taille), calcule son empreinte, signale les fichiers déjà vus."""
        preparees = [self._preparer(vals) for vals in vals_list]
        pieces = super().create(preparees)
        pieces._refuser_dossier_clos()
        pieces._signaler_deja_vues()
        pieces._dater_numerisation()
        return pieces

    def write(self, vals):
        """Un fichier reçu ne se remplace pas ; son type et son nom se corrigent."""
        interdits = {"contenu", "feuille_id", "empreinte", "mimetype", "taille", "deja_vue_id"} & set(vals)
        if interdits and not self.env.su and any(piece.feuille_id.state != "brouillon" for piece in self):
            raise UserError(_("Le fichier d'un dossier déposé ne se remplace pas : ajoutez une nouvelle pièce."))
        if "contenu" in vals:
            vals = self._preparer({"name": self[:1].name, **vals})
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_brouillon_seul(self):
        if any(piece.feuille_id.state != "brouillon" for piece in self):
            raise UserError(_("Une pièce d'un dossier déposé ne se retire pas."))

    # ------------------------------------------------------------------ privé
    def _preparer(self, vals):
        """Rend les valeurs complétées du format réel, de la taille et de l'empreinte."""
        nom = (vals.get("name") or _("pièce")).replace("/", "_").replace("\\\\", "_")[:255]
        try:
            contenu = base64.b64decode(vals.get("contenu") or b"", validate=False)
        except (binascii.Error, ValueError, TypeError) as erreur:
            raise UserError(_("Le fichier « %s » est illisible : envoyez-le de nouveau.", nom)) from erreur
        mime = self._verifier_fichier(contenu, nom)
        if not nom.lower().endswith((".pdf", ".jpg", ".jpeg", ".png", ".tif", ".tiff")):
            nom += EXTENSIONS[mime]
        return {**vals, "name": nom, "mimetype": mime, "taille": len(contenu),
                "empreinte": hashlib.sha256(contenu).hexdigest(), "deja_vue_id": False}

    @api.model
    def _verifier_fichier(self, contenu, nom):
        """Rend le type MIME lu dans le fichier.

        :raise UserError: vide, trop gros, ou d'un format refusé
        """
        maximum = self.env["cnas.feuille_soin"]._parametre_entier("taille_max_piece_mo")
        if not contenu:
            raise UserError(_("Le fichier « %s » est vide.", nom))
        if len(contenu) > maximum * 1024 * 1024:
            raise UserError(_("Le fichier « %(nom)s » dépasse %(mo)s Mo : numérisez-le en plus petit.",
                              nom=nom, mo=maximum))
        mime = type_reel(contenu)
        if not mime:
            raise UserError(_("Le fichier « %s » n'est ni un PDF, ni un JPEG, ni un PNG, ni un TIFF.", nom))
        return mime

    def _refuser_dossier_clos(self):
        for feuille in self.feuille_id:
            if feuille.state in ("payee", "annulee", "rejetee"):
                raise UserError(_("La feuille %s est close : elle ne reçoit plus de pièce.", feuille.display_name))

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
            feuilles._deverrouiller().with_context(tracking_disable=True).write(
                {"date_numerisation": fields.Date.context_today(self)})
