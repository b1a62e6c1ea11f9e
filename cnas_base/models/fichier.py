import errno
import os
import uuid

from odoo import SUPERUSER_ID, _, api, models
from odoo.exceptions import AccessError, UserError
from odoo.osv import expression

from ..garde import efface_en_cours
from .message import est_scelle

CONTENU = {"datas", "raw", "db_datas", "index_content"}
# Ce qu'est un fichier : son contenu, son nom, son dossier, qui l'ouvre.
FIGES = CONTENU | {"name", "type", "url", "mimetype", "public", "res_model", "res_id", "res_field", "store_fname", "create_uid"}


class IrAttachment(models.Model):
    """Le fichier d'un dossier CNAS suit la règle de sa pièce.

    Un modèle qui porte des fichiers médicaux dit par `_fichiers_comme` de quel modèle il faut avoir la lecture pour
    ouvrir les siens : `search`, `read`, `/web/content`, `/web/image`, archive, fil de messages, tout passe ici.

    Joint à un dossier, un fichier ne change plus ; son auteur seul le retire, tant qu'aucun message ne le cite. Celui
    d'un champ ne passe que par la fiche, et sa garde.
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
        # Le contexte ne dit ni de quel champ est un fichier, ni qu'il est public : `sudo()` le suivrait.
        self = self.with_context(default_res_field=False, default_public=False)
        modele = self.env.context.get("default_res_model")
        if not self.env.su and any(vals.get("res_field") and est_scelle(vals.get("res_model", modele)) for vals in vals_list):
            raise UserError(_("Ce fichier se dépose dans le champ de sa fiche."))
        return super().create(vals_list)

    def write(self, vals):
        if FIGES & vals.keys() and self._joints_a_un_dossier():
            raise UserError(_("Le fichier d'un dossier ne change plus : joignez-en un autre."))
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

    # ------------------------------------------------------------------ disque
    @api.model
    def _file_write(self, bin_value, checksum):
        """Pose un fichier, forcé sur le disque et relu, ou refuse d'une phrase : Odoo, lui, tait un disque plein.

        Un fichier du même nom que son contenu dément (tronqué par un disque plein) est remplacé.
        """
        self._ecarter_abime(checksum)
        nom, chemin = self._get_path(bin_value, checksum)
        if os.path.exists(chemin):
            return nom
        partiel = f"{chemin}.{uuid.uuid4().hex}"
        try:
            with open(partiel, "wb") as flux:
                flux.write(bin_value)
                flux.flush()
                os.fsync(flux.fileno())
            if os.path.getsize(partiel) != len(bin_value):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._mark_for_gc(nom)
            os.replace(partiel, chemin)
        except OSError as erreur:
            if os.path.exists(partiel):
                os.unlink(partiel)
            if erreur.errno in (errno.ENOSPC, errno.EDQUOT):
                raise UserError(_("Plus de place sur le serveur : la pièce n'est pas enregistrée. Prévenez l'exploitant, puis recommencez."))
            raise UserError(_("Le serveur n'a pas pu écrire la pièce (%s) : elle n'est pas enregistrée.", erreur.strerror))
        return nom

    @api.model
    def _ecarter_abime(self, checksum):
        """Retire le fichier dont le contenu n'a plus l'empreinte qui le nomme."""
        for nom in (f"{checksum[:3]}/{checksum}", f"{checksum[:2]}/{checksum}"):
            chemin = self._full_path(nom)
            if os.path.isfile(chemin):
                with open(chemin, "rb") as flux:
                    if self._compute_checksum(flux.read()) != checksum:
                        os.unlink(chemin)

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
