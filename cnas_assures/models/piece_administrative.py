from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.osv import expression
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.impression.langue import dire_a
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_dates

ALERTES_PAR_PASSAGE = 500


@actions
class PieceAdministrative(models.Model):
    """Pièce du dossier d'un assuré : document numérisé, daté, jamais perdu.

    Le type du fichier est lu dans ses octets, sa taille est bornée, son empreinte SHA-256 est gardée.
    Un fichier déposé ne se remplace ni ne se supprime : on annule la pièce et on en dépose une autre.

    | état | sens |
    |---|---|
    | deposee | pièce au dossier |
    | annulee | écartée avec un motif, toujours consultable |

    Après la sortie de l'assuré, le temps que dit le plan de classement, un procès-verbal à deux peut en détruire le contenu.
    L'agent dépose, corrige numéro et dates (le reste : la table `_actions`) ; le médecin-conseil et
    l'ordonnateur lisent.
    """

    _name = "cnas.piece_administrative"
    _description = "Pièce administrative"
    _inherit = ["cnas.etat.mixin", "cnas.fichier_depose.mixin", "cnas.classe.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date_expiration, id desc"

    _etat_initial = "deposee"
    _actions = {
        "annuler": Action(titre=_lt("Annuler la pièce"), de=("deposee",), vers=("annulee",),
                          roles=("cnas_base.group_agent",), motif=True),
    }
    _champs_geles = ("motif_annulation",)

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
        return super()._completer_creation([lire_dates(self, vals) for vals in vals_list])

    def write(self, vals):
        return super().write(lire_dates(self, vals))

    def _refuser_remplacement(self, vals):
        """Refuse aussi de changer de dossier, ou un type que le fichier n'a pas."""
        super()._refuser_remplacement(vals)
        if "assure_id" in vals and any(piece.assure_id.id != vals["assure_id"] for piece in self):
            raise UserError(_("Une pièce ne change pas de dossier : annulez-la et déposez-la au bon endroit."))
        if "type_piece_id" in vals:
            self._verifier_nouveau_type(self._type_de(vals))

    def _phrase_de_remplacement(self):
        return _("Un fichier déposé ne se remplace pas : annulez la pièce avec un motif, puis déposez la nouvelle.")

    def _bornes_du_depot(self, vals):
        type_piece = self._type_de(vals) or self.type_piece_id
        return (type_piece.taille_max_mo or 10), (type_piece._types_acceptes() if type_piece else {})

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

    def _verifier_nouveau_type(self, type_piece):
        acceptes = type_piece._types_acceptes() if type_piece else {}
        for piece in self:
            if piece.mimetype and acceptes and piece.mimetype not in acceptes:
                raise UserError(_("Le fichier déposé n'est pas d'un type accepté pour « %s ».", type_piece.name))

    # ------------------------------------------------------------------ classement
    @api.model
    def _domaine_du_type(self, type_document):
        return self._domaine_par_defaut("cnas_base.type_document_assure", type_document, "type_piece_id.type_document_id")

    @api.model
    def _domaine_depart(self, jour):
        """Un dossier vivant garde toutes ses pièces : la durée court de la radiation ou du décès."""
        return expression.OR([[("assure_id.date_deces", "<=", jour)],
                              [("assure_id.state", "=", "radie"), ("assure_id.date_radiation", "<=", jour)]])

    def _depart(self):
        assure = self.assure_id
        return min(filter(None, (assure.date_deces, assure.state == "radie" and assure.date_radiation)), default=False)

    def _cote(self):
        return f"{self.assure_id.matricule or self.assure_id.id}/{self.id}"

    # ------------------------------------------------------------------ échéances
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
            responsable = piece._responsable()
            piece.activity_schedule(
                "mail.mail_activity_data_todo", date_deadline=piece.date_expiration, user_id=responsable.id,
                summary=dire_a(responsable, piece, lambda self: _("Pièce à renouveler : %s", self.type_piece_id.name)),
                note=dire_a(responsable, piece, lambda self: _(
                    "La pièce de %(nom)s expire le %(jour)s : demandez la nouvelle.", nom=self.assure_id.name, jour=ecrire_date(self.date_expiration))))
        return len(pieces)

    def _responsable(self):
        """Rend l'agent à prévenir : celui qui a déposé la pièce, sinon celui qui a créé le dossier."""
        candidats = self.create_uid | self.assure_id.create_uid
        internes = candidats.filtered(lambda u: u.active and u.has_group("cnas_base.group_agent"))
        return internes[:1] or self.env.ref("base.user_admin")
