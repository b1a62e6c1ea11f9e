import base64
import binascii
import hashlib
import logging
from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.osv import expression

from odoo.addons.cnas_base.jour import aujourd_hui, debut_du_jour, jour_de
from odoo.addons.cnas_base.lecture import FORMATS, apercu_pdf, ouvrir_fichier, vues

from .feuille_soin.dossier import CLOS

# Deux numérisations d'une même page, tournées, recadrées ou recompressées, diffèrent de moins de 26 points sur 256 ; deux
# feuilles du même modèle remplies autrement, de plus de 30 (mesuré par `test_fichiers_recus`).
ECART_MAX = 26
# Comparer une page à cent mille prend 50 ms : un petit dépôt se compare aussitôt, un lot en tâche de fond.
PAGES_AUSSITOT = 20
PAGES_PAR_PASSAGE = 2000
_logger = logging.getLogger(__name__)


class FeuilleSoinPiece(models.Model):
    """Une pièce d'un dossier : un fichier numérisé, son type et son empreinte SHA-256.

    Le fichier s'ouvre jusqu'à sa dernière page, ou il est refusé ; un TIFF, un WebP ou un HEIC garde son original et reçoit
    un aperçu PDF. Déjà vu dans un autre dossier, au même octet près ou seulement à l'image (page tournée, recadrée,
    recompressée), il est accepté mais signalé (`deja_vue_id`, `ressemblance`).

    | qui | peut |
    |---|---|
    | agent, contrôleur | ajouter une pièce ; la typer |
    | formation (portail) | ajouter aux siennes, lire les siennes |
    | personne | retirer ou remplacer une pièce d'un dossier déposé |
    | deux personnes | en détruire le contenu, échu, par procès-verbal (`cnas.destruction`) |
    """

    _name = "cnas.feuille_soin.piece"
    _description = "Pièce d'une feuille de soins"
    _inherit = ["cnas.garde.mixin", "cnas.lecture.mixin", "cnas.classe.mixin"]
    _order = "feuille_id, id"
    _champs_lus = ("contenu", "texte_lu")
    _cloison_agence = ("feuille_id.agence_id", "feuille_id.bordereau_id.destination_id")
    _cloison_usager = ("feuille_id.controleur_id",)
    _champs_geles = ("apercu_id", "ressemblance")

    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", required=True, index=True,
                                 ondelete="cascade")
    type_id = fields.Many2one("cnas.type_piece", string="Type de pièce", index=True, ondelete="restrict",
                              domain=[("usage", "=", "feuille")])
    name = fields.Char(string="Nom du fichier", required=True)
    attachment_id = fields.Many2one("ir.attachment", string="Pièce jointe", readonly=True, required=True,
                                    index=True, ondelete="restrict")
    contenu = fields.Binary(string="Fichier", compute="_compute_contenu", inverse="_inverse_contenu", compute_sudo=True)
    mimetype = fields.Char(string="Format", readonly=True)
    taille = fields.Integer(string="Taille (octets)", readonly=True)
    empreinte = fields.Char(string="Empreinte SHA-256", readonly=True, index=True)
    deja_vue_id = fields.Many2one("cnas.feuille_soin", string="Déjà vue dans", readonly=True,
                                  index="btree_not_null", ondelete="set null", groups="cnas_base.group_interne",
                                  help="Un autre dossier porte exactement le même fichier.")

    apercu_id = fields.Many2one("ir.attachment", string="Aperçu", readonly=True, index="btree_not_null", ondelete="set null",
                                help="Le PDF qui montre page par page une image qu'un navigateur n'affiche pas.")
    ressemblance = fields.Char(string="Ressemblance", readonly=True, groups="cnas_base.group_interne",
                               help="La page qui montre la même image qu'une page d'un autre dossier.")

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
        pieces._montrer()
        pieces._signaler_deja_vues()
        pieces._relever_vues()
        pieces._dater_numerisation()
        return pieces

    def write(self, vals):
        """Un fichier reçu ne se remplace pas ; son type et son nom se corrigent."""
        self.check_access_rights("write")
        if set(vals) - {"type_id", "name"} and not self._ouvert(vals.keys()):
            raise UserError(_("Le fichier d'une pièce ne se remplace pas : ajoutez une nouvelle pièce."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_brouillon_seul(self):
        if any(piece.feuille_id.state != "brouillon" for piece in self):
            raise UserError(_("Une pièce d'un dossier déposé ne se retire pas."))

    def unlink(self):
        """Retire les pièces d'un brouillon, fichiers compris."""
        jointes = self.attachment_id | self.sudo().apercu_id
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
        mime = ouvrir_fichier(contenu, nom, self.env["cnas.parametre"]._au("taille_max_piece_mo")).mime
        if not nom.lower().endswith((f".{FORMATS[mime]}", ".jpeg", ".tiff", ".heif")):
            nom += f".{FORMATS[mime]}"
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

    def _montrer(self):
        """Joint à la feuille l'aperçu PDF des pièces qu'un navigateur n'affiche pas."""
        for piece in self.sudo():
            contenu = apercu_pdf(piece.attachment_id.raw, piece.mimetype)
            if contenu:
                apercu = self.env["ir.attachment"].sudo().create({
                    "name": f"{piece.name.rsplit('.', 1)[0]}.pdf", "raw": contenu, "mimetype": "application/pdf",
                    "type": "binary", "res_model": "cnas.feuille_soin", "res_id": piece.feuille_id.id})
                piece._ecrire({"apercu_id": apercu.id}, suivi=False)

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

    # ------------------------------------------------------------------ images déjà vues
    def init(self):
        """L'empreinte visuelle de chaque page, comparée en une requête : sans modèle, rien ne la lit que ce code."""
        super().init()
        self.env.cr.execute("""
            CREATE TABLE IF NOT EXISTS cnas_page_vue (
                piece_id integer NOT NULL REFERENCES cnas_feuille_soin_piece ON DELETE CASCADE,
                page integer NOT NULL, vue bit(256) NOT NULL, tournees bit(256)[] NOT NULL,
                comparee boolean NOT NULL DEFAULT false, PRIMARY KEY (piece_id, page));
            CREATE INDEX IF NOT EXISTS cnas_page_vue_a_comparer ON cnas_page_vue (piece_id) WHERE NOT comparee""")

    def _relever_vues(self):
        """Garde l'empreinte visuelle de chaque page ; compare aussitôt un petit dépôt, un lot plus tard."""
        rangs = []
        for piece in self.sudo():
            try:
                relevees = vues(piece.attachment_id.raw, piece.mimetype)
            except Exception:  # l'empreinte visuelle est un plus : un fichier lisible n'attend pas après elle
                _logger.warning("Pas d'empreinte visuelle : pièce %s", piece.id, exc_info=True)
                continue
            rangs += [(piece.id, page, quatre[0], quatre[1:]) for page, quatre in relevees.items()]
        if not rangs:
            return
        self.flush_recordset()
        self.env.cr.executemany(
            "INSERT INTO cnas_page_vue (piece_id, page, vue, tournees) VALUES (%s, %s, %s::bit(256), %s::bit(256)[])", rangs)
        if len(rangs) <= PAGES_AUSSITOT:
            self._comparer_vues()
        else:
            self.env.ref("cnas_feuilles_soin.ir_cron_pages_vues")._trigger()

    @api.model
    def _comparer_vues(self):
        """Signale les pages neuves qui montrent la même image qu'une page d'un autre dossier ; rend leur nombre."""
        self.env.cr.execute("""
            WITH neuves AS (
                UPDATE cnas_page_vue SET comparee = true WHERE (piece_id, page) IN (
                    SELECT piece_id, page FROM cnas_page_vue WHERE NOT comparee
                     ORDER BY piece_id, page LIMIT %s FOR UPDATE SKIP LOCKED)
                RETURNING piece_id, page, vue || tournees AS vues)
            SELECT DISTINCT ON (n.piece_id) n.piece_id, n.page, a.feuille_id, v.page, f.numero
              FROM neuves n JOIN cnas_feuille_soin_piece p ON p.id = n.piece_id
              JOIN cnas_page_vue v ON v.piece_id < n.piece_id
               AND EXISTS (SELECT FROM unnest(n.vues) t
                            WHERE bit_count(t # v.vue) <= %s)
              JOIN cnas_feuille_soin_piece a ON a.id = v.piece_id AND a.feuille_id <> p.feuille_id
               AND a.empreinte IS DISTINCT FROM p.empreinte
              JOIN cnas_feuille_soin f ON f.id = a.feuille_id AND f.state <> 'annulee'
             ORDER BY n.piece_id, v.piece_id, v.page""", [PAGES_PAR_PASSAGE, ECART_MAX])
        trouvees = self.env.cr.fetchall()
        for identifiant, page, feuille_id, autre, numero in trouvees:
            piece = self.browse(identifiant).sudo()
            phrase = _("La page %(page)s de « %(piece)s » montre la même image que la page %(autre)s d'une pièce du dossier "
                       "%(dossier)s.", page=page, piece=piece.name, autre=autre, dossier=numero or _("en brouillon"))
            piece._ecrire({"ressemblance": phrase, "deja_vue_id": piece.deja_vue_id.id or feuille_id}, suivi=False)
            piece.feuille_id._message_log(body=phrase)
        return len(trouvees)

    def _fichier_a_lire(self):
        return self.attachment_id.raw, self.mimetype

    # ------------------------------------------------------------------ classement
    @api.model
    def _domaine_du_type(self, type_document):
        return self._domaine_par_defaut("cnas_base.type_document_feuille", type_document, "type_id.type_document_id")

    @api.model
    def _domaine_depart(self, jour):
        """La durée court de la décision d'un dossier clos ; annulé sans décision, de son dépôt."""
        lendemain = debut_du_jour(jour + timedelta(days=1))
        return expression.AND([[("feuille_id.state", "in", CLOS)], expression.OR([
            [("feuille_id.date_decision", "<", lendemain)],
            [("feuille_id.date_decision", "=", False), ("feuille_id.date_depot", "<=", jour)]])])

    def _depart(self):
        feuille = self.feuille_id
        return jour_de(feuille.date_decision) if feuille.date_decision else feuille.date_depot

    def _cote(self):
        return f"{self.feuille_id.numero or self.feuille_id.reference}/{self.id}"

    @api.model
    def _chemins_de_gel(self):
        return [*super()._chemins_de_gel(), ("assure_id", "feuille_id.assure_id"),
                ("assure_id", "feuille_id.enfant_id"), ("formation_id", "feuille_id.formation_id")]

    def _fichiers_conserves(self):
        """L'original, son aperçu, et la pile numérisée d'où il vient quand plus rien d'autre n'y tient."""
        pieces = self.sudo()
        lignes = self.env["cnas.lot_numerisation.ligne"].sudo()
        piles = lignes.search([("piece_id", "in", self.ids)]).attachment_id
        tenues = lignes.search([("attachment_id", "in", piles.ids)]).filtered(
            lambda ligne: not ligne.piece_id or not (ligne.piece_id in pieces or ligne.piece_id.destruction_id))
        return pieces.attachment_id | pieces.apercu_id | (piles - tenues.attachment_id)

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

    def _attachment_format(self):
        """Le fil montre l'aperçu d'un TIFF ou d'un HEIC ; l'original s'y télécharge, aucun navigateur ne l'affiche."""
        formats = super()._attachment_format()
        caches = {piece.attachment_id.id for piece in self.env["cnas.feuille_soin.piece"].sudo().search(
            [("attachment_id", "in", self.ids), ("apercu_id", "!=", False)])}
        return [{**f, "mimetype": "application/octet-stream"} if f["id"] in caches else f for f in formats]

    def _apres_remplacement(self, contenu):
        super()._apres_remplacement(contenu)
        pieces = self.env["cnas.feuille_soin.piece"].sudo().search([("attachment_id", "in", self.ids)])
        pieces._ecrire({"empreinte": hashlib.sha256(contenu).hexdigest(), "taille": len(contenu), "mimetype": self.mimetype, "lecture": "a_lire"})
        pieces._demander_lecture()
        anciens = pieces.apercu_id
        pieces._ecrire({"apercu_id": False}, suivi=False)
        anciens.unlink()
        pieces._montrer()

    def _refuser_si_piece(self, phrase):
        if self._remplacement_en_cours():
            return
        candidates = self.filtered(lambda a: a.sudo().res_model == "cnas.feuille_soin")
        if candidates and self.env["cnas.feuille_soin.piece"].sudo().search_count(
                ["|", ("attachment_id", "in", candidates.ids), ("apercu_id", "in", candidates.ids)], limit=1):
            raise UserError(phrase)
