import base64
import binascii
import hashlib

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import human_size

from ..lecture import FORMATS, lire_texte, ouvrir_fichier, type_reel

CHAMPS_DU_DEPOT = frozenset(("fichier", "nom_fichier", "mimetype", "taille", "empreinte"))


class FichierDeposeMixin(models.AbstractModel):
    """Une fiche qui est un fichier déposé : lu dans ses octets, borné, son empreinte SHA-256 gardée.

    Un fichier déposé ne se remplace ni ne se supprime. Le modèle dit par `_bornes_du_depot` ce qu'il accepte, et par
    `_phrase_de_remplacement` ce qu'on fait à la place.
    """

    _name = "cnas.fichier_depose.mixin"
    _description = "Fichier déposé"
    _inherit = ["cnas.garde.mixin", "cnas.lecture.mixin"]
    _champs_geles = ("empreinte", "taille", "mimetype")

    fichier = fields.Binary(string="Fichier", attachment=True, copy=False)
    nom_fichier = fields.Char(string="Nom du fichier", copy=False)
    mimetype = fields.Char(string="Type réel", readonly=True, copy=False)
    taille = fields.Integer(string="Taille (octets)", readonly=True, copy=False)
    taille_lisible = fields.Char(string="Taille", compute="_compute_taille_lisible")
    empreinte = fields.Char(
        string="Empreinte SHA-256", readonly=True, copy=False, index="btree_not_null",
        help="Deux fichiers identiques ont la même empreinte.")

    @api.depends("taille")
    def _compute_taille_lisible(self):
        for fiche in self:
            fiche.taille_lisible = human_size(fiche.taille) if fiche.taille else False

    # ------------------------------------------------------------------ CRUD
    def _completer_creation(self, vals_list):
        # Un fichier que le contexte donne par défaut se lit comme un autre.
        defaut = self.default_get(["fichier", "nom_fichier"])
        return super()._completer_creation([
            self._avec_empreinte({**defaut, **vals}, *self._bornes_du_depot(vals)) for vals in vals_list])

    def write(self, vals):
        if self._ouvert(CHAMPS_DU_DEPOT & vals.keys()):
            return super().write(vals)
        self._refuser_remplacement(vals)
        depots = []
        if vals.get("fichier"):
            depot = {champ: vals[champ] for champ in ("fichier", "nom_fichier") if champ in vals}
            depots = [(fiche, self._avec_empreinte(depot, *fiche._bornes_du_depot(vals))) for fiche in self]
            vals = {champ: valeur for champ, valeur in vals.items() if champ not in depot}
        resultat = super().write(vals)
        for fiche, depot in depots:
            fiche._ecrire(depot)
        if depots:
            self._demander_lecture()
        return resultat

    @api.ondelete(at_uninstall=False)
    def _unlink_sauf_sans_fichier(self):
        if any(fiche.empreinte for fiche in self):
            raise UserError(_("« %s » est déposé et ne se supprime pas : annulez-le avec un motif.",
                              next(fiche for fiche in self if fiche.empreinte).display_name))

    # ------------------------------------------------------------------ à dire par le modèle
    def _bornes_du_depot(self, vals):
        """Rend (taille maximale en Mo, {type MIME accepté: libellé}) ; aucun type : tous ceux qui se lisent."""
        return self.env["cnas.parametre"]._au("taille_max_document_mo"), {}

    def _phrase_de_remplacement(self):
        return _("Un fichier déposé ne se remplace pas : annulez-le avec un motif, puis déposez le nouveau.")

    # ------------------------------------------------------------------ privé
    def _fichier_a_lire(self):
        return base64.b64decode(self.with_context(bin_size=False).fichier or b""), self.mimetype

    def _refuser_remplacement(self, vals):
        """Point d'extension : refuse de remplacer un fichier déposé."""
        if "fichier" in vals and any(fiche.empreinte for fiche in self):
            raise UserError(self._phrase_de_remplacement())

    @api.model
    def _avec_empreinte(self, vals, maximum_mo, acceptes):
        """Rend les valeurs, complétées du type réel, de la taille et de l'empreinte du fichier.

        :raise UserError: fichier vide, trop gros, illisible ou d'un type refusé
        """
        if vals.get("fichier") in (None, False):
            return vals
        contenu = self._decoder(vals["fichier"], maximum_mo)
        mime = self._type_verifie(contenu, acceptes, vals.get("nom_fichier"))
        return {**vals, "mimetype": mime, "taille": len(contenu), "empreinte": hashlib.sha256(contenu).hexdigest(),
                "nom_fichier": self._nom_sur(vals.get("nom_fichier"), mime)}

    @api.model
    def _decoder(self, fichier, maximum_mo):
        maximum = maximum_mo * 1024 * 1024
        trop_gros = _("Le fichier dépasse %s Mo : réduisez la résolution du scanner.", maximum_mo)
        if isinstance(fichier, str):
            fichier = fichier.encode("ascii", "replace")
        if not isinstance(fichier, bytes):
            raise UserError(_("Le fichier est mal transmis : envoyez-le en base64."))
        if len(fichier) > maximum * 4 // 3 + 1024:
            raise UserError(trop_gros)
        try:
            contenu = base64.b64decode(b"".join(fichier.split()), validate=True)
        except (binascii.Error, ValueError) as erreur:
            raise UserError(_("Le fichier est mal transmis (base64 illisible) : envoyez-le à nouveau.")) from erreur
        if not contenu:
            raise UserError(_("Le fichier est vide : numérisez le document à nouveau."))
        if len(contenu) > maximum:
            raise UserError(trop_gros)
        return contenu

    @api.model
    def _type_verifie(self, contenu, acceptes, nom):
        mime = type_reel(contenu)
        if not mime or (acceptes and mime not in acceptes):
            raise UserError(_(
                "Ce fichier n'est pas accepté ici : son contenu doit être %s (l'extension ne suffit pas).",
                ", ".join(acceptes.values()) or "PDF, JPEG, PNG"))
        return ouvrir_fichier(contenu, lire_texte(nom) or _("piece")).mime

    @api.model
    def _nom_sur(self, nom, mime):
        """Rend un nom de fichier sans chemin, dont l'extension est celle du type réel."""
        extension = FORMATS[mime]
        radical = (lire_texte(nom) or _("piece")).replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
        radical = "".join(c for c in radical if c.isprintable() and c not in '<>:"|?*').strip()[:80]
        return f"{radical}.{extension}" if radical else "{}.{}".format(_("piece"), extension)

    def _prendre_fichier(self, contenu, mimetype):
        """Perdu puis renumérisé, le fichier déposé a l'empreinte du nouveau."""
        self._ecrire({"empreinte": hashlib.sha256(contenu).hexdigest(), "taille": len(contenu), "mimetype": mimetype, "lecture": "a_lire"},
                     suivi=False)
        self._demander_lecture()
