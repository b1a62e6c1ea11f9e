import json
import logging
from datetime import timedelta

from markupsafe import Markup

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from ..ecriture import ecrire_date
from ..garde import Action, actions, transition
from ..impression.langue import dire_a
from ..jour import aujourd_hui
from ..lecture import lire_date

_logger = logging.getLogger(__name__)

SUPERVISEUR = "cnas_base.group_superviseur"
DEMANDE = ("modele", "res_id", "valeurs", "date_effet", "motif", "demandeur_id", "piece", "piece_nom")


class DecisionMixin(models.AbstractModel):
    """Le cœur d'une décision à deux : une demande figée, chacun son tour, la cible changée par le code, l'intéressé prévenu.

    Le modèle qui hérite nomme dans `_champs_de_la_demande` ce qui est demandé : cela ne change plus, et rien ne s'efface.
    """

    _name = "cnas.decision.mixin"
    _description = "Décision à deux"
    _inherit = ["cnas.etat.mixin"]

    _champs_de_la_demande = ()
    _type_activite = "mail.mail_activity_data_todo"

    def write(self, vals):
        demande = set(self._champs_de_la_demande) & vals.keys()
        if demande and not self._ouvert(demande):
            raise UserError(_("Une demande faite ne se modifie pas : retirez-la ou faites-la refuser, et refaites-en une."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _garder_l_historique(self):
        raise UserError(_("Une demande fait partie de l'historique : elle ne s'efface pas."))

    def _attendre_son_tour(self):
        """Deux décisions au même instant : la seconde attend, puis lit l'état que la première a laissé."""
        self.flush_recordset(["state"])
        self.env.cr.execute(f'SELECT id FROM "{self._table}" WHERE id IN %s FOR UPDATE', (tuple(self.ids),))
        self.invalidate_recordset(["state"])

    def _changer_cible(self, cible, valeurs, jour=None):
        """Applique les valeurs à la cible, écrit à son dossier ce qui a changé et prévient l'intéressé."""
        contacts = cible._contacts() if cible else set()
        change = cible.sudo()._appliquer_changement(valeurs, jour or aujourd_hui())
        if change.exists():
            change._annoncer_changement(lambda change: self.with_context(lang=change.env.lang)._phrase_du_changement(), contacts)
        return change

    def _phrase_du_changement(self):
        """Rend ce qui a changé, de quoi à quoi, qui l'a demandé et qui l'a décidé, dans la langue de l'environnement."""
        raise NotImplementedError

    def _demander_decision(self):
        """Pose une activité chez un superviseur autre que le demandeur."""
        superviseurs = self.env.ref(SUPERVISEUR).sudo().users.filtered(lambda u: u.active and u != self.demandeur_id)
        if superviseurs:
            # Un compte technique qui porterait le rôle ne décide qu'à défaut d'un autre.
            decideur = superviseurs.sorted(lambda u: u.has_group("base.group_system"))[0]
            self.sudo().activity_schedule(self._type_activite, user_id=decideur.id,
                                          summary=dire_a(
                                              decideur, self, lambda self: _("Changement à décider : %s", self.display_name)))

    def _clore_activites(self):
        self.sudo().activity_unlink([self._type_activite])


@actions
class Changement(models.Model):
    """Une demande de changement sensible (`cnas.changement.mixin`) : demandée par l'un, acceptée par un autre.

    États : demandé → accepté → appliqué, ou refusé. Acceptée, elle s'applique à sa date d'effet, au plus tôt après
    le délai daté « delai_changement_jours » (zéro : tout de suite). `res_id` vide : une création ; `valeurs` vide : une
    suppression. Demande qui peut écrire l'enregistrement ; décide : la table `_actions`. Rien ne s'en efface.
    """

    _name = "cnas.changement"
    _description = "Demande de changement"
    _inherit = ["cnas.decision.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    _etat_initial = "demande"
    _actions = {
        "accepter": Action(titre=_lt("Accepter"), de=("demande",), vers=("accepte",), roles=(SUPERVISEUR,),
                           quatre_yeux=("demandeur_id",), empeche=("_cibles_disparues", "_cibles_retenues")),
        "refuser": Action(titre=_lt("Refuser"), de=("demande",), vers=("refuse",), roles=(SUPERVISEUR,),
                          quatre_yeux=("demandeur_id",), empeche=("_cibles_retenues",), motif=True),
    }
    # La date d'effet venue, la tâche quotidienne applique.
    _passages = {"accepte": ("applique",)}
    _champs_geles = ("decideur_id", "date_decision", "motif_refus", "avant")
    _champs_de_la_demande = DEMANDE
    _champs_journal = ("modele", "res_id", "valeurs", "date_effet", "motif")

    modele = fields.Char(string="Modèle", required=True)
    res_id = fields.Integer(string="Numéro de l'objet", group_operator=None, help="Zéro : une création.")
    valeurs = fields.Json(string="Valeurs demandées", default=dict)
    avant = fields.Json(string="Valeurs au jour de la demande", readonly=True, copy=False)
    motif = fields.Text(string="Motif", required=True)
    piece = fields.Binary(string="Pièce", attachment=True)
    piece_nom = fields.Char(string="Nom de la pièce")
    date_effet = fields.Date(string="Date d'effet", required=True, default=lambda self: aujourd_hui())
    demandeur_id = fields.Many2one("res.users", string="Demandé par", required=True, readonly=True,
                                   default=lambda self: self.env.uid, ondelete="restrict")
    decideur_id = fields.Many2one("res.users", string="Décidé par", readonly=True, copy=False, ondelete="restrict")
    date_decision = fields.Datetime(string="Décidé le", readonly=True, copy=False)
    motif_refus = fields.Char(string="Motif du refus", readonly=True, copy=False)
    state = fields.Selection(
        [("demande", "Demandé"), ("accepte", "Accepté"), ("refuse", "Refusé"), ("applique", "Appliqué")],
        string="État", required=True, default="demande", readonly=True, copy=False, index=True, tracking=True)
    objet = fields.Char(string="Objet", compute="_compute_objet")
    comparaison = fields.Html(string="Ce qui change", compute="_compute_comparaison", sanitize=False)

    _sql_constraints = [
        ("quatre_yeux", "CHECK (decideur_id IS NULL OR decideur_id <> demandeur_id)",
         "Qui demande un changement ne le décide pas : une autre personne doit l'accepter ou le refuser."),
    ]

    # ------------------------------------------------------------------ calculs
    @api.depends("modele", "res_id")
    def _compute_objet(self):
        for changements in self.grouped("modele").values():
            cibles = changements[0]._modele_vise()
            vivantes = cibles.browse(set(changements.mapped("res_id"))).exists() if cibles is not None else None
            for changement in changements:
                changement.objet = changement._nommer(vivantes)

    @api.depends("modele", "res_id", "valeurs", "avant")
    def _compute_comparaison(self):
        for changement in self:
            cible = changement._cible()
            changement.comparaison = changement._comparer(cible) if cible is not None else False

    @api.depends("objet")
    def _compute_display_name(self):
        for changement in self:
            changement.display_name = changement.objet or _("Nouvelle demande")

    def _nommer(self, vivantes):
        """Rend « Taux : Régime A, 80 % », parmi les objets qui existent encore ; faux si leur modèle n'est pas lisible."""
        if vivantes is None:
            return False
        nom = vivantes.filtered(lambda cible: cible.id == self.res_id).display_name if self.res_id else _("Nouveau")
        return f"{vivantes._description} : {nom}" if nom else _("%s : supprimé", vivantes._description)

    def _comparer(self, cible):
        """Rend le tableau avant → après, ou la phrase d'une suppression."""
        if not self.valeurs:
            return Markup("<p>%s</p>") % (_("Suppression") if self.res_id else "")
        avant = self._valeurs_lisibles(cible, self.avant or self._lire_valeurs(cible, self.valeurs))
        rangs = Markup("").join(
            Markup("<tr><td>%s</td><td>%s</td><td><strong>%s</strong></td></tr>") % (
                cible._fields[champ]._description_string(self.env) if champ in cible._fields else champ,
                avant.get(champ, "—"), valeur) for champ, valeur in self._valeurs_lisibles(cible, self.valeurs).items())
        return Markup('<table class="table table-sm"><thead><tr><th>%s</th><th>%s</th><th>%s</th></tr></thead>%s</table>') % (
            _("Champ"), _("Avant"), _("Après"), rangs)

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        changements = super().create(vals_list)
        for changement in changements:
            changement._demander_decision()
        return changements

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            # Ce que le contexte donnerait par défaut est une demande comme une autre : lue et vérifiée ici.
            vals.update(self.default_get([champ for champ in DEMANDE if champ not in vals]))
            if not self.env.su:
                vals["demandeur_id"] = self.env.uid
            if not str(vals.get("motif") or "").strip():
                raise UserError(_("Écrivez le motif du changement : il figurera dans le dossier."))
            effet = lire_date(vals.get("date_effet"), aujourd_hui(), stricte=True)
            if effet < aujourd_hui():
                raise UserError(_("Un changement prend effet aujourd'hui ou un jour à venir."))
            valeurs = vals["valeurs"] = self._en_json(vals.get("valeurs"))
            cible = self._lire_cible(vals.get("modele"), vals.get("res_id"))
            cible._verifier_demande(valeurs)
            if not valeurs and not cible:
                raise UserError(_("Dites ce qui doit changer."))
            vals["avant"] = self._en_json(self._lire_valeurs(cible, valeurs))
        return super()._completer_creation(vals_list)

    # ------------------------------------------------------------------ actions
    @transition("accepter")
    def action_accepter(self):
        """Accepte la demande ; elle s'applique à sa date d'effet, aujourd'hui compris.

        :return: True
        :raise UserError: demande de l'appelant, déjà décidée, ou sans objet
        """
        self._attendre_son_tour()
        jour = aujourd_hui()
        delai = self.env["cnas.parametre"]._au("delai_changement_jours", jour)
        for changement in self:
            aussitot = getattr(changement._modele_vise(), "_effet_immediat", False)
            changement._changer_etat(
                "accepte", decideur_id=self.env.uid, date_decision=fields.Datetime.now(),
                date_effet=jour if aussitot else max(changement.date_effet, jour + timedelta(days=delai)))
        self._clore_activites()
        self.filtered(lambda c: c.date_effet <= jour)._appliquer()

    @transition("refuser")
    def action_refuser(self, motif=None):
        """Refuse la demande ; rien ne change.

        :param motif: obligatoire ; vide → l'assistant qui le demande
        :return: True, ou l'action de l'assistant
        """
        self._attendre_son_tour()
        self._changer_etat("refuse", decideur_id=self.env.uid, date_decision=fields.Datetime.now(), motif_refus=motif)
        self._clore_activites()

    # ------------------------------------------------------------------ métier
    def _appliquer(self):
        """Applique des demandes acceptées dont le jour est venu."""
        for changement in self:
            cible = changement._cible()
            change = changement._changer_cible(cible, changement.valeurs or {}, changement.date_effet)
            changement._changer_etat("applique", **({} if changement.res_id else {"res_id": change.id}))

    def _phrase_du_changement(self):
        return _("Changement à deux : %(quoi)s. Motif : %(motif)s. Demandé par %(demandeur)s, accepté par %(decideur)s.",
                 quoi=self._resume(self._cible()), motif=self.motif, demandeur=self.demandeur_id.name, decideur=self.decideur_id.name)

    @api.model
    def _appliquer_les_dus(self):
        """Tâche quotidienne : applique ce qui prend effet ; une demande qui échoue le dit et n'arrête pas les autres."""
        jour = aujourd_hui()
        for changement in self.search([("state", "=", "accepte"), ("date_effet", "<=", jour)], order="id"):
            try:
                with self.env.cr.savepoint():
                    changement._appliquer()
            except Exception as erreur:
                _logger.warning("Changement %s non appliqué", changement.id, exc_info=True)
                changement.message_post(body=_("Non appliqué : %s", erreur))

    def _valeurs_lisibles(self, cible, valeurs):
        """Rend des valeurs, d'avant ou demandées, comme on les lit, un lien par son nom : qui décide lit ce qu'il signe."""
        return {champ: self._dire_valeur(cible, cible._fields.get(champ), valeur) for champ, valeur in valeurs.items()}

    def _dire_valeur(self, cible, field, valeur):
        if field is None:
            return valeur
        if field.type == "boolean":
            return _("oui") if valeur else _("non")
        if valeur in (None, "") or valeur is False:  # zéro est une valeur
            return "—"
        if isinstance(valeur, dict):
            return " ; ".join(f"{code} = {dite}" for code, dite in valeur.items())
        if field.type == "many2one" and isinstance(valeur, int):
            return cible.env[field.comodel_name].browse(valeur).exists().display_name or valeur
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(valeur, valeur)
        return ecrire_date(lire_date(valeur)) if field.type == "date" else valeur

    def _resume(self, cible):
        if not self.valeurs:
            return _("suppression")
        avant = self._valeurs_lisibles(cible, self.avant or {})
        return " ; ".join(
            f"{cible._fields[champ]._description_string(self.env)} : {avant.get(champ, '—')} → {valeur}"
            for champ, valeur in self._valeurs_lisibles(cible, self.valeurs).items())

    def _cibles_disparues(self):
        """Rend {id: raison} des demandes dont l'objet n'existe plus."""
        phrase = _("ce qu'elle vise n'existe plus.")
        return self._raisons_des_cibles(lambda cibles: dict.fromkeys(set(cibles.ids) - set(cibles.exists().ids), phrase))

    def _cibles_retenues(self):
        """Rend {id: raison} des demandes dont l'objet ne se juge pas par l'appelant."""
        return self._raisons_des_cibles(lambda cibles: cibles.exists()._empeche_de_decider())

    def _raisons_des_cibles(self, lire):
        """Rend {id: raison} des demandes, d'après ce que `lire` dit de tous les objets d'un modèle à la fois."""
        raisons = {}
        for demandes in self.filtered("res_id").grouped("modele").values():
            modele = demandes[0]._modele_vise()
            dites = {} if modele is None else lire(modele.browse(set(demandes.mapped("res_id"))))
            raisons.update({demande.id: dites[demande.res_id] for demande in demandes if demande.res_id in dites})
        return raisons

    def _cible(self):
        """Rend l'enregistrement visé (vide : une création), ou None si le modèle n'est pas lisible."""
        modele = self._modele_vise()
        return None if modele is None else modele.browse(self.res_id or [])

    def _modele_vise(self):
        modele = self.env.get(self.modele or "")
        return modele.sudo() if hasattr(modele, "_champs_sensibles") else None

    @api.model
    def _lire_cible(self, modele, res_id):
        """Rend l'enregistrement visé, si l'appelant peut l'écrire.

        :raise UserError: modèle qui ne se change pas à deux, objet inconnu
        """
        cible = self.env.get(modele if isinstance(modele, str) else "")
        if cible is None or not getattr(cible, "_champs_sensibles", None):
            raise UserError(_("Cet objet ne se change pas par une demande."))
        if res_id and (not isinstance(res_id, int) or not cible.browse(res_id).exists()):
            raise UserError(_("Ce que la demande vise n'existe pas."))
        cible = cible.browse(res_id or [])
        cible.check_access_rights("write" if cible else "create")
        cible.check_access_rule("write")
        return cible

    @api.model
    def _lire_valeurs(self, cible, champs):
        """Rend {champ: valeur d'aujourd'hui, telle qu'on la lit} ; rien pour une création."""
        lues = {champ: cible.sudo()[champ] for champ in champs if cible}
        return {champ: ", ".join(valeur.mapped("display_name")) if isinstance(valeur, models.BaseModel) else valeur
                for champ, valeur in lues.items()}

    @api.model
    def _en_json(self, valeurs):
        if not isinstance(valeurs, (dict, type(None))):
            raise UserError(_("Les valeurs demandées sont mal formées."))
        return json.loads(json.dumps(valeurs or {}, default=str))
