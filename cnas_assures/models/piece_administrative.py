import base64
import binascii
import hashlib

from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.osv import expression
from odoo.tools import human_size
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import FORMATS, lire_dates, lire_texte, ouvrir_fichier, type_reel

ALERTES_PAR_PASSAGE = 500
CHAMPS_DU_DEPOT = frozenset(("fichier", "nom_fichier", "mimetype", "taille", "empreinte"))


@actions
class PieceAdministrative(models.Model):
    """Pièce du dossier d'un assuré : document numérisé, daté, jamais perdu.

    Le type du fichier est lu dans ses octets, sa taille est bornée, son empreinte SHA-256 est gardée.
    Un fichier déposé ne se remplace ni ne se supprime : on annule la pièce et on en dépose une autre.

    | état | sens |
    |---|---|
    | deposee | pièce au dossier |
    | annulee | écartée avec un motif, toujours consultable |

    L'agent dépose, corrige numéro et dates (le reste : la table `_actions`) ; le médecin-conseil et
    l'ordonnateur lisent.
    """

    _name = "cnas.piece_administrative"
    _description = "Pièce administrative"
    _inherit = ["cnas.etat.mixin", "cnas.lecture.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date_expiration, id desc"

    _etat_initial = "deposee"
    _actions = {
        "annuler": Action(titre=_lt("Annuler la pièce"), de=("deposee",), vers=("annulee",),
                          roles=("cnas_base.group_agent",), motif=True),
    }
    _champs_geles = ("empreinte", "taille", "mimetype", "motif_annulation")

    assure_id = fields.Many2one(
        "cnas.assure", string="Assuré", required=True, index=True, ondelete="restrict")
    type_piece_id = fields.Many2one(
        "cnas.type_piece", string="Type de pièce", required=True, index=True, ondelete="restrict",
        domain=[("usage", "=", "assure")], tracking=True)
    numero = fields.Char(string="Numéro", tracking=True)
    date_delivrance = fields.Date(string="Date de délivrance", tracking=True)
    date_expiration = fields.Date(
        string="Date d'expiration", index=True, tracking=True,
        compute="_compute_date_expiration", store=True, readonly=False,
        help="Proposée d'après la durée de validité du type ; corrigez-la si le document dit autre chose.")
    autorite = fields.Char(string="Délivrée par", help="Mairie, préfecture, ANATS, employeur…")
    state = fields.Selection(
        [("deposee", "Déposée"), ("annulee", "Annulée")],
        string="État", default="deposee", required=True, copy=False, tracking=True)
    motif_annulation = fields.Char(string="Motif d'annulation", readonly=True, copy=False)
    situation = fields.Selection(
        [("valide", "Valide"), ("bientot", "Expire bientôt"), ("expiree", "Expirée"), ("annulee", "Annulée")],
        string="Situation", compute="_compute_situation", search="_search_situation")

    # === Fichier ===
    fichier = fields.Binary(string="Fichier", attachment=True, copy=False)
    nom_fichier = fields.Char(string="Nom du fichier", copy=False)
    mimetype = fields.Char(string="Type réel", readonly=True, copy=False)
    taille = fields.Integer(string="Taille (octets)", readonly=True, copy=False)
    taille_lisible = fields.Char(string="Taille", compute="_compute_taille_lisible")
    empreinte = fields.Char(
        string="Empreinte SHA-256", readonly=True, copy=False, index="btree_not_null",
        help="Deux fichiers identiques ont la même empreinte.")
    avertissement = fields.Char(string="Avertissement", compute="_compute_avertissement")

    _sql_constraints = [
        ("dates_ordonnees", "CHECK (date_expiration IS NULL OR date_delivrance IS NULL OR date_expiration >= date_delivrance)",
         "La date d'expiration doit suivre la date de délivrance."),
    ]

    # ------------------------------------------------------------------ contraintes
    @api.constrains("date_delivrance")
    def _check_date_delivrance(self):
        aujourdhui = aujourd_hui()
        for piece in self:
            if piece.date_delivrance and not 1900 <= piece.date_delivrance.year:
                raise ValidationError(_("La date de délivrance n'est pas plausible : vérifiez l'année."))
            if piece.date_delivrance and piece.date_delivrance > aujourdhui:
                raise ValidationError(_("La date de délivrance ne peut pas être dans le futur."))

    # ------------------------------------------------------------------ calculs
    @api.depends("type_piece_id", "numero", "assure_id.name")
    def _compute_display_name(self):
        for piece in self:
            parts = filter(None, (piece.type_piece_id.name, piece.numero, piece.assure_id.name))
            piece.display_name = " — ".join(parts) if piece._origin else _("Nouveau")

    @api.depends("type_piece_id", "date_delivrance")
    def _compute_date_expiration(self):
        for piece in self:
            mois = piece.type_piece_id.duree_mois
            if mois and piece.date_delivrance:
                piece.date_expiration = piece.date_delivrance + relativedelta(months=mois)
            else:
                piece.date_expiration = piece.date_expiration

    @api.depends("state", "date_expiration", "type_piece_id.alerte_jours")
    def _compute_situation(self):
        aujourdhui = aujourd_hui()
        for piece in self:
            if piece.state == "annulee":
                piece.situation = "annulee"
            elif not piece.date_expiration:
                piece.situation = "valide"
            elif piece.date_expiration < aujourdhui:
                piece.situation = "expiree"
            else:
                alerte = aujourdhui + relativedelta(days=piece.type_piece_id.alerte_jours or 0)
                piece.situation = "bientot" if piece.date_expiration <= alerte else "valide"

    @api.model
    def _search_situation(self, operator, value):
        if operator not in ("=", "in"):
            raise UserError(_("Cherchez une situation avec « = » ou « in »."))
        jour = aujourd_hui()
        # Les délais d'alerte distincts sont quelques-uns : un domaine par délai, jamais une liste de pièces.
        alertes = self.env["cnas.type_piece"].with_context(active_test=False)._read_group(
            [], ["alerte_jours"], ["id:array_agg"])
        bientot = expression.OR([
            [("type_piece_id", "in", ids), ("date_expiration", "<=", jour + relativedelta(days=jours or 0))]
            for jours, ids in alertes] or [expression.FALSE_DOMAIN])
        deposee = [("state", "=", "deposee")]
        a_venir = [*deposee, ("date_expiration", ">=", jour)]
        domaines = {
            "annulee": [("state", "=", "annulee")],
            "expiree": [*deposee, ("date_expiration", "<", jour)],
            "bientot": expression.AND([a_venir, bientot]),
            "valide": expression.OR([
                [*deposee, ("date_expiration", "=", False)], expression.AND([a_venir, ["!", *expression.normalize_domain(bientot)]])]),
        }
        valeurs = [value] if isinstance(value, str) else value
        return expression.OR([domaines[v] for v in valeurs if v in domaines] or [expression.FALSE_DOMAIN])

    @api.depends("taille")
    def _compute_taille_lisible(self):
        for piece in self:
            piece.taille_lisible = human_size(piece.taille) if piece.taille else False

    @api.depends("empreinte", "assure_id", "state")
    def _compute_avertissement(self):
        porteurs = self.sudo()._read_group(
            [("empreinte", "in", [e for e in self.mapped("empreinte") if e]), ("state", "=", "deposee")],
            ["empreinte"], ["assure_id:array_agg"])
        par_empreinte = {empreinte: set(ids) for empreinte, ids in porteurs}
        for piece in self:
            autres = par_empreinte.get(piece.empreinte, set()) - {piece.assure_id.id}
            piece.avertissement = bool(autres) and _(
                "Ce même fichier est au dossier de %s autre(s) personne(s) : vérifiez l'original.", len(autres))

    # ------------------------------------------------------------------ CRUD
    def _completer_creation(self, vals_list):
        vals_list = [lire_dates(self, vals) for vals in vals_list]
        return super()._completer_creation([self._avec_empreinte(vals, self._type_de(vals)) for vals in vals_list])

    def write(self, vals):
        vals = lire_dates(self, vals)
        if self._ouvert(CHAMPS_DU_DEPOT & vals.keys()):
            return super().write(vals)
        self._refuser_remplacement(vals)
        depots = []
        if vals.get("fichier"):
            depot = {champ: vals[champ] for champ in ("fichier", "nom_fichier") if champ in vals}
            depots = [(p, self._avec_empreinte(depot, self._type_de(vals) or p.type_piece_id)) for p in self]
            vals = {champ: valeur for champ, valeur in vals.items() if champ not in depot}
        resultat = super().write(vals)
        for piece, depot in depots:
            piece._ecrire(depot)
        if depots:
            self._demander_lecture()
        return resultat

    def _fichier_a_lire(self):
        return base64.b64decode(self.with_context(bin_size=False).fichier), self.mimetype

    def _refuser_remplacement(self, vals):
        """Refuse de remplacer un fichier déposé, de changer de dossier, ou un type que le fichier n'a pas."""
        if "fichier" in vals and any(piece.empreinte for piece in self):
            raise UserError(_(
                "Un fichier déposé ne se remplace pas : annulez la pièce avec un motif, puis déposez la nouvelle."))
        if "assure_id" in vals and any(piece.assure_id.id != vals["assure_id"] for piece in self):
            raise UserError(_("Une pièce ne change pas de dossier : annulez-la et déposez-la au bon endroit."))
        if "type_piece_id" in vals:
            self._verifier_nouveau_type(self._type_de(vals))

    @api.ondelete(at_uninstall=False)
    def _unlink_sauf_sans_fichier(self):
        if any(piece.empreinte for piece in self):
            raise UserError(_("Une pièce déposée ne se supprime pas : annulez-la avec un motif."))

    # ------------------------------------------------------------------ actions
    @transition("annuler")
    def action_annuler(self, motif=None):
        """Écarte la pièce du dossier sans la supprimer. Rend True, ou l'assistant de motif."""
        self.activity_unlink(["mail.mail_activity_data_todo"])
        self._changer_etat("annulee", motif_annulation=motif)

    # ------------------------------------------------------------------ métier
    @api.model
    def _type_de(self, vals):
        type_id = vals.get("type_piece_id")
        return self.env["cnas.type_piece"].browse(type_id if isinstance(type_id, int) else False).exists()

    @api.model
    def _avec_empreinte(self, vals, type_piece):
        """Rend les valeurs, complétées du type réel, de la taille et de l'empreinte du fichier.

        :raise UserError: fichier vide, trop gros, illisible ou d'un type refusé
        """
        if vals.get("fichier") in (None, False):
            return vals
        contenu = self._decoder(vals["fichier"], type_piece)
        mime = self._type_verifie(contenu, type_piece, vals.get("nom_fichier"))
        return {**vals, "mimetype": mime, "taille": len(contenu), "empreinte": hashlib.sha256(contenu).hexdigest(),
                "nom_fichier": self._nom_sur(vals.get("nom_fichier"), mime)}

    @api.model
    def _decoder(self, fichier, type_piece):
        maximum = (type_piece.taille_max_mo or 10) * 1024 * 1024
        trop_gros = _("Le fichier dépasse %s Mo : réduisez la résolution du scanner.", maximum // (1024 * 1024))
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
    def _type_verifie(self, contenu, type_piece, nom):
        acceptes = type_piece._types_acceptes() if type_piece else {}
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
        return f"{radical or _('piece')}.{extension}"

    def _verifier_nouveau_type(self, type_piece):
        acceptes = type_piece._types_acceptes() if type_piece else {}
        for piece in self:
            if piece.mimetype and acceptes and piece.mimetype not in acceptes:
                raise UserError(_("Le fichier déposé n'est pas d'un type accepté pour « %s ».", type_piece.name))

    @api.model
    def _cron_alerter_expiration(self):
        """Tâche planifiée : une activité par pièce qui expire bientôt, une seule fois. Rend leur nombre."""
        rappel = self.env["cnas.parametre"]._au("rappel_piece_expiree_jours")
        pieces = self.search([
            ("situation", "in", ("bientot", "expiree")), ("type_piece_id.alerte_jours", ">", 0),
            ("assure_id.state", "in", ("actif", "suspendu")), ("activity_ids", "=", False),
            ("date_expiration", ">=", aujourd_hui() - relativedelta(days=rappel)),
        ], limit=ALERTES_PAR_PASSAGE)
        for piece in pieces:
            piece.activity_schedule(
                "mail.mail_activity_data_todo", date_deadline=piece.date_expiration,
                summary=_("Pièce à renouveler : %s", piece.type_piece_id.name),
                note=_("La pièce de %(nom)s expire le %(jour)s : demandez la nouvelle.",
                       nom=piece.assure_id.name, jour=ecrire_date(piece.date_expiration)),
                user_id=piece._responsable().id)
        return len(pieces)

    def _responsable(self):
        """Rend l'agent à prévenir : celui qui a déposé la pièce, sinon celui qui a créé le dossier."""
        candidats = self.create_uid | self.assure_id.create_uid
        internes = candidats.filtered(lambda u: u.active and u.has_group("cnas_base.group_agent"))
        return internes[:1] or self.env.ref("base.user_admin")
