import base64
import binascii
import contextlib
import errno
import hashlib
import io
import logging
import os
import uuid
import zipfile

from odoo import SUPERUSER_ID, _, api, models
from odoo.exceptions import AccessError, UserError
from odoo.osv import expression

from ..garde import efface_en_cours, ouverture, ouvrir
from ..lecture import ouvrir_fichier, se_dit_document
from .message import est_scelle

_logger = logging.getLogger(__name__)

CONTENU = {"datas", "raw", "db_datas", "index_content"}
# Ce qu'est un fichier : son contenu, son nom, son dossier, qui l'ouvre.
FIGES = CONTENU | {"name", "type", "url", "mimetype", "public", "res_model", "res_id", "res_field", "store_fname", "create_uid"}
# Ce que le contexte ne dit pas d'un fichier qui naît : l'ORM le poserait après la réception, que `sudo()` suivrait.
DEFAUTS_FERMES = {f"default_{champ}" for champ in (*CONTENU, "store_fname", "res_field", "public")}


def _est_archive(contenu):
    try:
        with zipfile.ZipFile(io.BytesIO(contenu)):
            return True
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


class IrAttachment(models.Model):
    """Le fichier d'un dossier CNAS suit la règle de sa pièce.

    Un modèle qui porte des fichiers médicaux dit par `_fichiers_comme` de quel modèle il faut avoir la lecture pour
    ouvrir les siens : `search`, `read`, `/web/content`, `/web/image`, archive, fil de messages, tout passe ici.

    Joint à un dossier, un fichier ne change plus ; son auteur seul le retire, tant qu'aucun message ne le cite. Celui
    d'un champ ne passe que par la fiche, et sa garde.

    Reçu par quelque porte que ce soit, il s'ouvre jusqu'à sa dernière page, ou il est refusé (`_check_contents`) ; il se
    garde tel quel, à l'octet près. Écrit, il est forcé sur le disque, relu et comparé à son empreinte dans la
    transaction (`_file_write`) ; chaque nuit le relit (`cnas.fichier_abime`).
    """

    _inherit = "ir.attachment"

    @api.model
    def check(self, mode, values=None):
        resultat = super().check(mode, values=values)
        if not self.env.su:
            fermes = set(self._modeles_fermes())
            if fermes and (fermes & set(self.sudo().mapped("res_model")) or (values or {}).get("res_model") in fermes):
                raise AccessError(_("Les fichiers de ce dossier ne vous sont pas ouverts."))
        return resultat

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, access_rights_uid=None):
        fermes = [] if self.env.su else self._modeles_fermes()
        if fermes:
            domain = expression.AND([domain, [("res_model", "not in", fermes)]])
        return super()._search(domain, offset, limit, order, access_rights_uid)

    def _attachment_format(self):
        """Ce que le fil montre d'un fichier, jusqu'à son nom, suit la même règle."""
        fermes = self._modeles_fermes() if self.env.user else []
        return super(IrAttachment, self.filtered(lambda fichier: fichier.sudo().res_model not in fermes))._attachment_format()

    def _post_add_create(self, **kwargs):
        fermes = self._modeles_fermes()
        if self.filtered(lambda fichier: fichier.res_model in fermes):
            self.unlink()
            raise AccessError(_("Les fichiers de ce dossier ne vous sont pas ouverts."))
        return super()._post_add_create(**kwargs)

    @api.model_create_multi
    def create(self, vals_list):
        self._refuser_contenu_brut(vals_list)
        self = self.with_context({cle: valeur for cle, valeur in self.env.context.items() if cle not in DEFAUTS_FERMES})
        modele = self.env.context.get("default_res_model")
        if not self.env.su and any(vals.get("res_field") and est_scelle(vals.get("res_model", modele)) for vals in vals_list):
            raise UserError(_("Ce fichier se dépose dans le champ de sa fiche."))
        return super().create(vals_list)

    def write(self, vals):
        if FIGES & vals.keys() and self._joints_a_un_dossier():
            raise UserError(_("Le fichier d'un dossier ne change plus : joignez-en un autre."))
        self._refuser_contenu_brut([vals])
        arrivee = vals.get("res_model")
        if est_scelle(arrivee) and not getattr(self.env.registry.get(arrivee), "_fichiers_a_trier", False):
            for fichier in self.sudo().filtered(lambda f: f.type == "binary" and not est_scelle(f.res_model)):
                fichier._exiger_lisible(fichier.raw, fichier.name, fichier.mimetype)
        return super().write(vals)

    def unlink(self):
        self._refuser_si_message_scelle()
        if any(fichier.res_field or fichier.create_uid != self.env.user for fichier in self._joints_a_un_dossier()):
            raise UserError(_("Le fichier d'un dossier ne se retire que par qui l'a joint, et celui d'un champ par sa fiche."))
        self._journaliser_retrait()
        return super().unlink()

    def _read_format(self, fnames, load="_classic_read"):
        if not CONTENU.isdisjoint(fnames):
            self._journaliser_lecture()
        return super()._read_format(fnames, load)

    # ------------------------------------------------------------------ réception
    def _check_contents(self, values):
        """Toute porte passe ici : le fichier d'un dossier qui est, ou se dit, un document s'ouvre vraiment."""
        if est_scelle(self._modele_vise(values)):
            contenu = self._octets_recus(values)
            if contenu is not None and (contenu or not values.get("res_field")):
                fichier = self._exiger_lisible(contenu, values.get("name") or self[:1].name, values.get("mimetype"))
                if fichier:
                    # Sur place : Odoo ne relit que le dictionnaire qu'il a donné.
                    values["mimetype"] = fichier.mime
        return super()._check_contents(values)

    def _compute_mimetype(self, values):
        # Un classeur coupé, que son lecteur refusera : Odoo, à deviner son type, crierait au journal.
        contenu = self._octets_recus(values)
        if contenu and contenu[:2] == b"PK" and not _est_archive(contenu):
            return "application/octet-stream"
        return super()._compute_mimetype(values)

    def _postprocess_contents(self, values):
        # Réduite par Odoo, une page numérisée ne serait plus celle qu'on a reçue, ni un TIFF toutes ses pages.
        # Choisie avant que sa fiche existe, elle n'a pas encore de modèle.
        modele = self._modele_vise(values)
        return values if not modele or est_scelle(modele) else super()._postprocess_contents(values)

    @api.model
    def _refuser_contenu_brut(self, vals_list):
        """Ce champ d'Odoo remplit un fichier sans passer par la réception."""
        if not self.env.su and any(vals.get("db_datas") for vals in vals_list):
            raise UserError(_("Le contenu d'un fichier se donne par « datas » ou « raw », non par « db_datas »."))

    def _modele_vise(self, values):
        return values.get("res_model") or self.env.context.get("default_res_model") or self[:1].sudo().res_model

    @api.model
    def _octets_recus(self, values):
        """Rend les octets donnés, ou None s'il n'en vient pas (un lien, un autre champ)."""
        if values.get("raw") is not None:
            brut = values["raw"]
            return brut.encode() if isinstance(brut, str) else brut or b""
        if values.get("datas") is None:
            return None
        try:
            return base64.b64decode(values["datas"] or b"")
        except (binascii.Error, ValueError, TypeError) as erreur:
            raise UserError(_("Un fichier est mal transmis : envoyez-le de nouveau.")) from erreur

    @api.model
    def _exiger_lisible(self, contenu, nom, mime=None):
        """Rend le `Fichier` ouvert d'un document, None d'un fichier d'une autre sorte (un classeur).

        :raise UserError: vide, illisible, ou qui n'est pas ce que dit son nom
        """
        if not contenu or se_dit_document(contenu, nom, mime):
            return ouvrir_fichier(contenu, nom or _("sans nom"))
        return None

    # ------------------------------------------------------------------ disque
    @api.model
    def _file_write(self, bin_value, checksum):
        """Écrit à côté, force sur le disque, relit, compare, puis met en place ; un fichier abîmé est remplacé.

        :raise UserError: plus de place, ou disque qui ne rend pas ce qu'on lui a confié
        """
        chemins = [self._full_path(f"{checksum[:taille]}/{checksum}") for taille in (3, 2)]
        for chemin in filter(os.path.isfile, chemins):
            if empreinte_du_disque(chemin) == checksum:
                continue
            _logger.warning("Fichier abîmé, remplacé par celui qu'on renvoie : %s", chemin)
            os.unlink(chemin)
        if not any(map(os.path.isfile, chemins)):
            try:
                # D'abord la marque du ramasse-miettes : une transaction annulée laisse le fichier à effacer.
                self._mark_for_gc(f"{checksum[:2]}/{checksum}")
                _ecrire_surement(chemins[1], bin_value, checksum)
            except OSError as erreur:
                _logger.warning("Fichier non enregistré : %s", erreur)
                if erreur.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise UserError(_("Plus de place sur le serveur : le fichier n'est pas enregistré. "
                                      "Prévenez l'administrateur, puis recommencez.")) from erreur
                raise UserError(_("Le serveur n'a pas pu garder le fichier : rien n'est enregistré. "
                                  "Prévenez l'administrateur, puis recommencez.")) from erreur
        return super()._file_write(bin_value, checksum)

    def _remplacer(self, contenu):
        """Met un nouveau contenu à la place d'un fichier perdu ou altéré : au seul code, qui l'a constaté.

        :raise UserError: le nouveau fichier est illisible
        """
        self.ensure_one()
        # Le même nom peut avoir changé de format : l'extension ne dit rien, le contenu décide.
        fichier = self._exiger_lisible(contenu, self.name)
        ancien = self.checksum
        with ouvrir(self, ("raw",)):
            self.sudo().write({"raw": contenu, **({"mimetype": fichier.mime} if fichier else {})})
        self._apres_remplacement(contenu)
        return ancien, self.checksum

    def _vider(self):
        """Efface pour de bon le contenu de ces fichiers et garde leur fiche : au seul procès-verbal de destruction.

        Le disque se vide au ramassage du jour, si nul autre fichier n'a le même contenu.
        """
        self.flush_recordset()
        noms = [nom for nom in self.mapped("store_fname") if nom]
        self.env.cr.execute("""
            UPDATE ir_attachment SET store_fname = NULL, db_datas = NULL, file_size = 0, index_content = NULL
             WHERE id = ANY(%s)""", [self.ids])
        self.invalidate_recordset()
        for nom in noms:
            self._file_delete(nom)

    def _remplacement_en_cours(self):
        ouverte = ouverture()
        return bool(ouverte) and ouverte.couvre(self, ("raw",))

    def _apres_remplacement(self, contenu):
        """Point d'extension : la fiche qui porte ce fichier en note la nouvelle empreinte."""
        fiches = self.env.get(self.res_model or "")
        if self.res_field == "fichier" and hasattr(fiches, "_prendre_fichier"):
            fiches.sudo().browse(self.res_id)._prendre_fichier(contenu, self.mimetype)

    # ------------------------------------------------------------------ privé
    @api.model
    def _modeles_fermes(self):
        """Rend les modèles dont l'usager ne lit pas les fichiers."""
        return [nom for nom, comme in self._regles_de_fichiers().items()
                if not self.env[comme].sudo(False).check_access_rights("read", raise_exception=False)]

    @api.model
    def _regles_de_fichiers(self):
        """Rend {modèle: modèle dont la lecture ouvre ses fichiers}."""
        return {nom: comme for nom, modele in self.env.registry.items()
                if (comme := getattr(modele, "_fichiers_comme", None)) and not modele._abstract}

    def _joints_a_un_dossier(self):
        """Rend ceux que l'appelant, qui n'est pas le programme, trouve joints à un dossier CNAS."""
        return self.browse() if self.env.su else self.sudo().filtered(lambda f: est_scelle(f.res_model) and f.res_id)

    def _journaliser_retrait(self):
        self.env["cnas.journal"]._ajouter([
            {"modele": fichier.res_model, "res_id": fichier.res_id, "evenement": "retrait_fichier", "avant": {"nom": fichier.name}}
            for fichier in self._joints_a_un_dossier()])

    def _journaliser_lecture(self):
        """Une ligne par fichier médical ouvert."""
        if self.env.su:
            return
        regles = self._regles_de_fichiers()
        for fichier in self.sudo():
            if fichier.res_model in regles:
                self.env["cnas.journal"]._ajouter_une_fois({
                    "modele": fichier.res_model, "res_id": fichier.res_id, "evenement": "lecture_fichier",
                    "apres": {"fichier": fichier.id, "nom": fichier.name}})

    def _refuser_si_message_scelle(self):
        """Le fichier d'un message de dossier reste avec lui ; ce qui n'a jamais été dit se retire."""
        if self.env.uid == SUPERUSER_ID or not self:
            return
        self.env["mail.message"].flush_model(["attachment_ids", "model", "res_id"])
        self.env.cr.execute("""
            SELECT m.model, m.res_id FROM message_attachment_rel r JOIN mail_message m ON m.id = r.message_id
             WHERE r.attachment_id = ANY(%s) AND m.model LIKE 'cnas.%%'""", [self.ids])
        if any(not efface_en_cours(modele, res_id) for modele, res_id in self.env.cr.fetchall()):
            raise UserError(_("Le fichier d'un message de dossier ne s'efface pas."))


def _ecrire_surement(chemin, contenu, empreinte):
    """Écrit un fichier entier ou pas du tout.

    :raise OSError: le disque est plein, ou ne rend pas les octets qu'on lui a donnés
    """
    dossier, provisoire = os.path.dirname(chemin), f"{chemin}.{uuid.uuid4().hex}.tmp"
    os.makedirs(dossier, exist_ok=True)
    try:
        with open(provisoire, "wb") as sortie:
            sortie.write(contenu)
            sortie.flush()
            os.fsync(sortie.fileno())
        if empreinte_du_disque(provisoire) != empreinte:
            raise OSError(errno.EIO, "relu autre qu'écrit", chemin)
        os.replace(provisoire, chemin)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(provisoire)
    descripteur = os.open(dossier, os.O_RDONLY)
    try:
        os.fsync(descripteur)
    finally:
        os.close(descripteur)


def empreinte_du_disque(chemin):
    """Rend le SHA-1 d'un fichier, celui que garde Odoo, ou None s'il ne se lit pas."""
    try:
        with open(chemin, "rb") as entree:
            calcul = hashlib.sha1()
            while morceau := entree.read(1 << 20):
                calcul.update(morceau)
            return calcul.hexdigest()
    except OSError:
        return None


class IrBinary(models.AbstractModel):
    """Un téléchargement de fichier médical laisse une ligne au journal."""

    _inherit = "ir.binary"

    def _record_to_stream(self, record, field_name):
        if record._name == "ir.attachment":
            if not record.env.su:
                record.check("read")
            record.sudo(False)._journaliser_lecture()
        elif field_name in getattr(record, "_champs_lus", ()):
            self.env["cnas.journal"]._ajouter_une_fois(
                {"modele": record._name, "res_id": record.id, "evenement": "lecture"})
        return super()._record_to_stream(record, field_name)
