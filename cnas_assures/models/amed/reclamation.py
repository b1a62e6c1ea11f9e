from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

from .decision import EN_COURS

SUPERVISEUR = "cnas_base.group_superviseur"
SIGNATAIRES = ("create_uid", "valideur_id")
DU_MENAGE = ("numero_menage", "district_id", "village", "chef", "nni", "score", "personnes", "assure_id")
CORRIGES = {"chef_corrige": "chef", "village_corrige": "village", "numero_corrige": "numero_menage", "nni_corrige": "nni"}


@actions
class ReclamationAmed(models.Model):
    """Ce qu'un ménage, ou son village, conteste d'une décision AMED : un exclu, un retenu à tort, une erreur sur le ménage.

    Déposée par un agent, elle se répond par écrit, dans le délai du paramètre « delai_reponse_reclamation_amed_jours », par un
    superviseur qui n'a ni saisi la réclamation ni validé la décision contestée. Acceptée, elle établit une nouvelle décision,
    ou corrige ce que la décision dit du ménage. Hors du délai « delai_reclamation_amed_jours », elle se reçoit et se rejette.

    États : déposée → acceptée | rejetée. Qui peut quoi : la table `_actions`. Rien ne s'en modifie ni ne s'efface.
    """

    _name = "cnas.reclamation_amed"
    _description = "Réclamation AMED"
    _inherit = ["cnas.decision.mixin", "cnas.menage_rsu.mixin", "mail.thread"]
    _order = "date_limite, id"

    _etat_initial = "deposee"
    _actions = {
        "accepter": Action(titre=_lt("Accepter la réclamation"), de=("deposee",), vers=("acceptee",), roles=(SUPERVISEUR,),
                           quatre_yeux=SIGNATAIRES, motif=True, date=True, empeche=("_inacceptable",)),
        "rejeter": Action(titre=_lt("Rejeter la réclamation"), de=("deposee",), vers=("rejetee",), roles=(SUPERVISEUR,),
                          quatre_yeux=SIGNATAIRES, motif=True),
    }
    _champs_geles = ("date_limite", "hors_delai", "reponse", "decideur_id", "date_reponse", "nouvelle_decision_id")
    _champs_de_la_demande = (
        "nature", "decision_id", *DU_MENAGE, *CORRIGES, "demandeur", "telephone", "expose", "piece", "piece_nom", "date_depot")

    nature = fields.Selection(
        selection=[("exclusion", "Exclu à tort"), ("inclusion", "Retenu à tort"), ("erreur", "Erreur sur le ménage")],
        string="Objet", required=True, default="exclusion", index=True)
    decision_id = fields.Many2one(
        "cnas.decision_amed", string="Décision contestée", index="btree_not_null", ondelete="restrict",
        help="Vide : le ménage n'a été l'objet d'aucune décision.")
    valideur_id = fields.Many2one("res.users", string="Décision validée par", related="decision_id.valideur_id")
    chef_corrige = fields.Char(string="Chef, corrigé")
    village_corrige = fields.Char(string="Village, corrigé")
    numero_corrige = fields.Char(string="Numéro RSU, corrigé")
    nni_corrige = fields.Char(string="NNI, corrigé")
    demandeur = fields.Char(string="Demandeur", required=True, help="Qui réclame : le chef de ménage, un membre, le chef du village.")
    telephone = fields.Char(string="Téléphone")
    expose = fields.Text(string="Exposé", required=True)
    piece = fields.Binary(string="Pièce", attachment=True)
    piece_nom = fields.Char(string="Nom de la pièce")
    date_depot = fields.Date(string="Déposée le", required=True, default=lambda self: aujourd_hui())
    date_limite = fields.Date(string="Réponse au plus tard le", index=True, copy=False)
    hors_delai = fields.Boolean(string="Hors délai", copy=False)
    en_retard = fields.Boolean(string="En retard", compute="_compute_en_retard", search="_search_en_retard")
    state = fields.Selection(
        selection=[("deposee", "Déposée"), ("acceptee", "Acceptée"), ("rejetee", "Rejetée")],
        string="Statut", default="deposee", required=True, copy=False, index=True, tracking=True)
    reponse = fields.Text(string="Réponse", copy=False)
    decideur_id = fields.Many2one("res.users", string="Répondu par", copy=False, ondelete="restrict")
    date_reponse = fields.Date(string="Répondu le", copy=False)
    nouvelle_decision_id = fields.Many2one("cnas.decision_amed", string="Nouvelle décision", copy=False, ondelete="restrict")

    _sql_constraints = [
        ("quatre_yeux", "CHECK (decideur_id IS NULL OR decideur_id <> create_uid)",
         "Qui saisit une réclamation n'y répond pas : une autre personne décide."),
        ("reponse_motivee", "CHECK (state = 'deposee' OR COALESCE(reponse, '') <> '')", "Une réclamation se répond par écrit."),
    ]

    # ------------------------------------------------------------------ calculs, contraintes
    @api.depends("numero_menage", "village", "demandeur")
    def _compute_display_name(self):
        for reclamation in self:
            reclamation.display_name = _("Réclamation de %(qui)s — ménage %(numero)s (%(village)s)", qui=reclamation.demandeur or "…",
                                         numero=reclamation.numero_menage or "…", village=reclamation.village or "…")

    @api.depends("state", "date_limite")
    def _compute_en_retard(self):
        jour = aujourd_hui()
        for reclamation in self:
            reclamation.en_retard = reclamation.state == "deposee" and bool(reclamation.date_limite) and reclamation.date_limite < jour

    def _search_en_retard(self, operator, value):
        domaine = [("state", "=", "deposee"), ("date_limite", "<", aujourd_hui())]
        return domaine if (operator == "=") == bool(value) else ["!", "&", *domaine]

    @api.constrains("nature", "decision_id", "date_depot")
    def _check_objet(self):
        attendues = {"exclusion": "non_eligible", "inclusion": "eligible"}
        for reclamation in self:
            decision = reclamation.decision_id
            if reclamation.date_depot > aujourd_hui():
                raise ValidationError(_("La date de dépôt est à venir."))
            if reclamation.nature != "exclusion" and not decision:
                raise ValidationError(_("Dites quelle décision est contestée."))
            if decision and decision.decision != attendues.get(reclamation.nature, decision.decision):
                raise ValidationError(_("« %(decision)s » dit déjà ce ménage « %(etat)s » : l'objet de la réclamation ne convient pas.",
                                        decision=decision.display_name, etat=decision._libelle_decision()))
            if decision and reclamation.date_depot < decision.date_decision:
                raise ValidationError(_("Une réclamation ne précède pas la décision qu'elle conteste (%s).", ecrire_date(decision.date_decision)))

    # ------------------------------------------------------------------ onchange, CRUD
    @api.onchange("decision_id")
    def _onchange_decision_id(self):
        if self.decision_id:
            self.update({champ: self.decision_id[champ] for champ in DU_MENAGE})

    def _completer_creation(self, vals_list):
        """Reprend le ménage de la décision contestée, et fixe la date limite de la réponse."""
        Decision, lire = self.env["cnas.decision_amed"], self.env["cnas.parametre"]._au
        for vals in vals_list:
            if "decision_id" not in vals:
                # Donnée par le contexte, la décision contestée compte comme écrite.
                vals.update(self.default_get(["decision_id"]))
            for champ in {"nni", "nni_corrige"} & vals.keys():
                vals[champ] = self.env["cnas.assure"]._normaliser_matricule(vals[champ]) or False
            decision = Decision.browse(vals.get("decision_id") or ()).exists()
            if decision:
                vals.update({champ: valeur for champ, valeur in decision._valeurs_du_menage().items() if champ in DU_MENAGE})
            depot = lire_date(vals.get("date_depot"), aujourd_hui(), _("Date de dépôt"), stricte=True)
            vals["date_depot"] = depot
            vals["date_limite"] = depot + timedelta(days=lire("delai_reponse_reclamation_amed_jours", depot))
            vals["hors_delai"] = bool(decision) and depot > decision.date_decision + timedelta(
                days=lire("delai_reclamation_amed_jours", decision.date_decision))
        return super()._completer_creation(vals_list)

    # ------------------------------------------------------------------ actions
    @transition("accepter")
    def action_accepter(self, motif=None, date=None):
        """Fait droit à des réclamations : le ménage reçoit une nouvelle décision, ou ce qui en est dit se corrige.

        :param str motif: la réponse, écrite ; sans elle l'assistant s'ouvre
        :param date: premier jour de la nouvelle décision, aujourd'hui par défaut
        :return: True, ou l'action de l'assistant
        """
        jour = lire_date(date, aujourd_hui(), stricte=True)
        self._attendre_son_tour()
        self._verifier_effet(jour)
        self._repondre("acceptee", motif)
        erreurs = self.filtered(lambda r: r.nature == "erreur")
        erreurs._corriger_le_menage()
        autres = self - erreurs
        decisions = self.env["cnas.decision_amed"]._etablir([reclamation._decision_rendue(jour) for reclamation in autres])
        for reclamation, decision in zip(autres, decisions):
            reclamation._ecrire({"nouvelle_decision_id": decision.id})

    @transition("rejeter")
    def action_rejeter(self, motif=None):
        """Rejette des réclamations.

        :param str motif: la réponse, écrite ; sans elle l'assistant s'ouvre
        :return: True, ou l'action de l'assistant
        """
        self._attendre_son_tour()
        self._repondre("rejetee", motif)

    # ------------------------------------------------------------------ privé
    def _repondre(self, etat, reponse):
        self._changer_etat(etat, reponse=reponse, decideur_id=self.env.uid, date_reponse=aujourd_hui())

    def _inacceptable(self):
        """Rend {id: phrase} des réclamations hors délai, sans objet, ou dont la décision contestée n'est plus en cours."""
        en_cours = self.env["cnas.decision_amed"].search([
            ("cle_menage", "in", self.mapped("cle_menage")), ("decision", "=", "eligible"), ("state", "in", EN_COURS)]).grouped("cle_menage")
        cles = {}
        for reclamation in self.filtered(lambda r: r.nature == "exclusion" and r.assure_id):
            cles.setdefault(reclamation.assure_id.id, set()).add(reclamation.cle_menage)
        doutes = self.env["cnas.decision_amed"]._raisons_de_douter(self.env["cnas.assure"].browse(cles), cles)
        nnis = {r: (r._nni_demande(), r.cle_menage) for r in self}
        ailleurs = self.env["cnas.decision_amed"]._nni_ailleurs(list(nnis.values()))
        raisons = {}
        for reclamation in self:
            eligible = en_cours.get(reclamation.cle_menage)
            if reclamation.hors_delai:
                phrase = _("réclamation déposée hors délai : elle se rejette, ou le ménage revient par une liste.")
            elif reclamation.decision_id and reclamation.decision_id.state not in EN_COURS:
                phrase = _("la décision contestée n'est plus en cours.")
            elif reclamation.nature == "exclusion" and eligible:
                phrase = _("ce ménage est déjà éligible jusqu'au %s.", ecrire_date(eligible[:1].date_fin))
            elif reclamation.nature == "exclusion" and reclamation.assure_id.id in doutes:
                phrase = doutes[reclamation.assure_id.id]
            elif nnis[reclamation] in ailleurs:
                phrase = ailleurs[nnis[reclamation]]
            elif reclamation.nature == "erreur" and not any(reclamation[champ] for champ in CORRIGES):
                phrase = _("rien n'est donné à corriger.")
            else:
                continue
            raisons[reclamation._origin.id] = phrase
        return raisons

    def _nni_demande(self):
        """Rend le NNI qu'aura, acceptée la réclamation, un ménage éligible ; faux si elle n'en rend aucun éligible."""
        if self.nature == "exclusion":
            return self.nni
        return self.nature == "erreur" and self.decision_id.decision == "eligible" and self.nni_corrige

    def _verifier_effet(self, jour):
        """Refuse qu'une nouvelle décision commence avant celle qui est contestée ou, sans elle, avant le dépôt."""
        for reclamation in self:
            debut = reclamation.decision_id.date_debut or reclamation.date_depot
            if jour < debut and reclamation.nature != "erreur":
                raise UserError(_("La nouvelle décision de « %(quoi)s » commence au plus tôt le %(debut)s.",
                                  quoi=reclamation.display_name, debut=ecrire_date(debut)))

    def _decision_rendue(self, jour):
        self.ensure_one()
        contestee = self.decision_id
        return {
            **{champ: self[champ].id if champ.endswith("_id") else self[champ] for champ in DU_MENAGE},
            "assure_id": (contestee.assure_id or self.assure_id).id,
            "decision": "eligible" if self.nature == "exclusion" else "non_eligible", "date_debut": jour,
            "reference": _("Réclamation %s", self.id), "date_decision": aujourd_hui(), "precedente_id": contestee.id}

    def _corriger_le_menage(self):
        """Écrit ce que la réclamation corrige du ménage ; l'ancienne valeur reste au fil de la décision."""
        for reclamation in self:
            decision = reclamation.decision_id.sudo()
            valeurs = {champ: reclamation[corrige] for corrige, champ in CORRIGES.items() if reclamation[corrige]}
            avant = ", ".join(f"{decision._fields[champ]._description_string(self.env)} : {decision[champ] or '—'} → {valeur}"
                              for champ, valeur in valeurs.items())
            decision._ecrire(valeurs)
            decision.message_post(body=_("Corrigée par la réclamation de %(qui)s. %(avant)s", qui=reclamation.demandeur, avant=avant))
