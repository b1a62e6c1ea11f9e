from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, en_silence, sans_suivi, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

from ..droit import INFINI, UN_JOUR, jours_libres
from .menage_mixin import DECISIONS

AGENT, SUPERVISEUR = "cnas_base.group_agent", "cnas_base.group_superviseur"
REGIME = "AMED"
# Ce que la décision dit du ménage : écrit par la validation d'une liste ou une réclamation, jamais à la main.
FIGES = ("numero_menage", "district_id", "village", "chef", "nni", "score", "personnes", "decision", "reference",
         "date_decision", "date_debut", "date_fin", "liste_id", "precedente_id", "valideur_id", "proposeur_id", "constat",
         "date_proposee", "motif_fin")
EN_COURS = ("en_vigueur", "a_recertifier", "proposee")
# Une décision qu'une autre peut remplacer : toutes, sauf celle qui n'a jamais compté.
REMPLACABLES = (*EN_COURS, "recertifiee", "echue", "remplacee")


@actions
class DecisionAmed(models.Model):
    """La décision datée qui dit si un ménage du registre social relève de l'AMED, et de quel jour à quel jour.

    Éligible, elle borne les droits du chef de ménage reconnu : ouverts du premier au dernier jour, jamais au-delà.
    Non éligible, elle les ferme à son premier jour. Un ménage n'a qu'une décision par jour (contrainte en base).

    États : en vigueur → à recertifier (à l'approche du terme, par la tâche quotidienne) → proposée → recertifiée (la
    suivante prend la suite), ou échue ; remplacée ou annulée par une décision plus récente. Elle naît d'une liste validée
    ou d'une réclamation acceptée ; le superviseur n'y écrit que l'assuré reconnu, une fois. Le reste : la table `_actions`.
    """

    _name = "cnas.decision_amed"
    _description = "Décision AMED"
    _inherit = ["cnas.decision.mixin", "cnas.periode.mixin", "cnas.menage_rsu.mixin", "mail.thread"]
    _order = "date_debut desc, id desc"
    _rec_names_search = ["reference", "numero_menage", "chef", "village"]

    _etat_initial = "en_vigueur"
    _actions = {
        "proposer": Action(titre=_lt("Proposer la recertification"), de=("a_recertifier",), vers=("proposee",), roles=(AGENT,),
                           motif=True, date=True),
        "recertifier": Action(titre=_lt("Recertifier"), de=("proposee",), vers=("recertifiee",), roles=(SUPERVISEUR,),
                              quatre_yeux=("proposeur_id",)),
        "laisser_echoir": Action(titre=_lt("Laisser échoir"), de=("a_recertifier", "proposee"), vers=("echue",),
                                 roles=(SUPERVISEUR,), quatre_yeux=("proposeur_id",), motif=True),
    }
    _passages = {
        **dict.fromkeys(REMPLACABLES, ("remplacee", "annulee")), "en_vigueur": ("a_recertifier", "remplacee", "annulee")}
    _champs_geles = FIGES
    _champs_journal = ("assure_id", "decision", "reference", "date_debut", "date_fin")
    _periode_cle = ("cle_menage",)
    _periode_condition = "state <> 'annulee'"
    _periode_message = "Ce ménage a déjà une décision à ces dates."

    decision = fields.Selection(selection=DECISIONS, string="Décision", required=True, index=True, tracking=True)
    reference = fields.Char(string="Référence", required=True, help="Le numéro de la décision ou du procès-verbal.")
    date_decision = fields.Date(string="Décidée le", required=True)
    date_debut = fields.Date(string="Premier jour")
    date_fin = fields.Date(string="Dernier jour", tracking=True)
    liste_id = fields.Many2one("cnas.liste_rsu", string="Liste", index="btree_not_null", ondelete="restrict")
    precedente_id = fields.Many2one("cnas.decision_amed", string="Fait suite à", ondelete="restrict")
    valideur_id = fields.Many2one("res.users", string="Validée par", ondelete="restrict")
    state = fields.Selection(
        selection=[("en_vigueur", "En vigueur"), ("a_recertifier", "À recertifier"), ("proposee", "Recertification proposée"),
                   ("recertifiee", "Recertifiée"), ("echue", "Échue"), ("remplacee", "Remplacée"), ("annulee", "Annulée")],
        string="Statut", default="en_vigueur", required=True, copy=False, index=True, tracking=True)
    proposeur_id = fields.Many2one("res.users", string="Recertification proposée par", copy=False, ondelete="restrict")
    constat = fields.Text(string="Constat", copy=False, help="Ce que l'agent a vérifié auprès du ménage et du village.")
    date_proposee = fields.Date(string="Reprise proposée le", copy=False)
    motif_fin = fields.Char(string="Motif de la fin", copy=False)
    jours_restants = fields.Integer(string="Jours restants", compute="_compute_jours_restants",
                                    help="Négatif : le terme est passé, les droits sont finis.")

    # ------------------------------------------------------------------ calculs
    @api.depends("reference", "numero_menage", "village")
    def _compute_display_name(self):
        for decision in self:
            decision.display_name = _("%(reference)s — ménage %(numero)s (%(village)s)", reference=decision.reference,
                                      numero=decision.numero_menage, village=decision.village)

    @api.depends("date_fin")
    def _compute_jours_restants(self):
        jour = aujourd_hui()
        for decision in self:
            decision.jours_restants = (decision.date_fin - jour).days if decision.date_fin else 0

    # ------------------------------------------------------------------ CRUD
    def write(self, vals):
        self._verifier_natures(vals)
        reconnues = self.browse() if self._ouvert(vals) or "assure_id" not in vals else self._rattachables(vals["assure_id"])
        resultat = super().write(vals)
        reconnues._borner_droits()
        return resultat

    def _rattachables(self, assure_id):
        """Rend les décisions que l'on rattache à cet assuré ; refuse d'en changer, et un assuré qui ne convient pas."""
        neuves = self.filtered(lambda decision: decision.assure_id.id != assure_id)
        if neuves:
            # Rattacher ouvre ou ferme des droits : c'est à qui décide de le faire, comme à la validation d'une liste.
            self._exiger_groupe(SUPERVISEUR, _("rattacher une décision à un assuré"))
        for decision in neuves.filtered("assure_id"):
            raise UserError(_("« %(decision)s » est déjà celle de %(nom)s : si c'est une erreur, passez par une réclamation.",
                              decision=decision.display_name, nom=decision.assure_id.name))
        for decision in neuves.filtered(lambda decision: decision.state not in EN_COURS):
            raise UserError(_("« %s » n'est plus en cours : rattachez la décision qui a pris sa suite.", decision.display_name))
        assure = self.env["cnas.assure"].browse(assure_id).exists()
        if neuves and assure:
            raison = self._raisons_de_douter(assure, {assure.id: set(neuves.mapped("cle_menage"))}).get(assure.id)
            if raison:
                raise UserError(raison)
        return neuves if assure else self.browse()

    # ------------------------------------------------------------------ actions
    @transition("proposer")
    def action_proposer(self, motif=None, date=None):
        """Propose de recertifier des ménages : un superviseur, autre que l'agent, décide.

        :param str motif: le constat ; sans lui l'assistant s'ouvre
        :param date: premier jour de la suite ; au plus tôt le lendemain du terme
        :return: True, ou l'action de l'assistant
        """
        self._changer_etat("proposee", proposeur_id=self.env.uid, constat=motif,
                           date_proposee=lire_date(date, aujourd_hui(), stricte=True))

    @transition("recertifier")
    def action_recertifier(self):
        """Recertifie : une nouvelle décision prend la suite, de la durée en vigueur à son premier jour.

        :return: True
        """
        self._attendre_son_tour()
        with sans_suivi(en_silence() or len(self) > 1):
            self._changer_etat("recertifiee")
        self._etablir([decision._suite() for decision in self])

    @transition("laisser_echoir")
    def action_laisser_echoir(self, motif=None):
        """Laisse finir des décisions : les droits s'arrêtent au dernier jour, sans suite.

        :param str motif: obligatoire ; sans lui l'assistant s'ouvre
        :return: True, ou l'action de l'assistant
        """
        self._attendre_son_tour()
        self._changer_etat("echue", motif_fin=motif)

    def action_reclamer(self):
        """Ouvre une réclamation sur cette décision.

        :return: action de fenêtre
        """
        self.ensure_one()
        return {"type": "ir.actions.act_window", "name": _("Réclamation"), "res_model": "cnas.reclamation_amed",
                "view_mode": "form", "context": {
                    "default_decision_id": self.id,
                    "default_nature": "inclusion" if self.decision == "eligible" else "exclusion"}}

    @api.model
    def _cron_ouvrir_recertification(self):
        """Tâche quotidienne : met en file les ménages dont le terme approche. Rend leur nombre."""
        preavis = self.env["cnas.parametre"]._au("preavis_recertification_amed_jours")
        decisions = self.sudo().search([("state", "=", "en_vigueur"), ("decision", "=", "eligible"),
                                        ("date_fin", "<=", aujourd_hui() + timedelta(days=preavis))])
        with sans_suivi():
            decisions._changer_etat("a_recertifier")
        return len(decisions)

    # ------------------------------------------------------------------ privé : établir
    @api.model
    def _etablir(self, vals_list):
        """Crée des décisions, qui prennent la suite de celles des mêmes ménages, et borne les droits. Requêtes constantes.

        :param vals_list: valeurs, sans `date_fin` ni `valideur_id`
        :return: les décisions créées
        """
        cles = [self._cle(v["district_id"], v["village"], v["numero_menage"]) for v in vals_list]
        debuts = dict(zip(cles, (v["date_debut"] for v in vals_list)))
        if not debuts:
            return self.browse()
        precedentes = self.sudo().search([
            ("cle_menage", "in", list(debuts)), ("state", "in", REMPLACABLES),
            "|", ("date_fin", "=", False), ("date_fin", ">=", min(debuts.values()))])
        finies = precedentes._ceder(debuts)
        decisions = self.sudo()._creer([
            {**v, "valideur_id": self.env.uid, "date_fin": v["decision"] == "eligible" and self._terme(v["date_debut"])}
            for v in vals_list], suivi=False)
        decisions._borner_droits()
        finies._delaisser(debuts)
        return decisions

    def _ceder(self, debuts):
        """Arrête ces décisions à la veille de celle qui prend leur suite ; celle qui commencerait après ne compte plus.

        :return: les décisions arrêtées
        """
        touchees = self.filtered(lambda d: (d.date_fin or INFINI) >= debuts[d.cle_menage])
        annulees = touchees.filtered(lambda d: d.date_debut >= debuts[d.cle_menage])
        with sans_suivi(en_silence() or len(self) > 1):
            annulees._changer_etat("annulee", motif_fin=_("Remplacée avant d'avoir commencé"))
            for debut, decisions in (touchees - annulees).grouped(lambda d: debuts[d.cle_menage]).items():
                decisions.filtered(lambda d: d.state == "remplacee")._ecrire({"date_fin": debut - UN_JOUR})
                decisions.filtered(lambda d: d.state != "remplacee")._changer_etat("remplacee", date_fin=debut - UN_JOUR)
        self.flush_model(["state", "date_fin"])
        return touchees

    @api.model
    def _terme(self, debut):
        """Rend le dernier jour d'une décision éligible qui commence ce jour-là."""
        return debut + relativedelta(months=self.env["cnas.parametre"]._au("duree_decision_amed_mois", debut)) - UN_JOUR

    def _suite(self):
        """Rend les valeurs de la décision qui recertifie celle-ci."""
        self.ensure_one()
        return {
            **self._valeurs_du_menage(), "decision": "eligible", "reference": self.reference, "precedente_id": self.id,
            "date_decision": aujourd_hui(), "date_debut": max(self.date_proposee or aujourd_hui(), self.date_fin + UN_JOUR)}

    def _libelle_decision(self):
        return dict(self._fields["decision"]._description_selection(self.env))[self.decision]

    def _valeurs_du_menage(self):
        """Rend ce qui dit le ménage, d'une décision à la suivante."""
        return {"numero_menage": self.numero_menage, "district_id": self.district_id.id, "village": self.village,
                "chef": self.chef, "nni": self.nni, "score": self.score, "personnes": self.personnes,
                "assure_id": self.assure_id.id, "liste_id": self.liste_id.id}

    # ------------------------------------------------------------------ privé : droits
    def _borner_droits(self):
        """Met les droits des assurés reconnus d'accord avec ces décisions, en un nombre constant de requêtes par date."""
        siennes = self._bornables()
        for reference, decisions in siennes.grouped("reference").items():
            decisions.assure_id._ecrire({"decision_amed": reference}, suivi=False)
        exclues = siennes.filtered(lambda d: d.decision == "non_eligible")
        for (debut, reference), decisions in exclues.grouped(lambda d: (d.date_debut, d.reference)).items():
            decisions.assure_id._fermer_droits(debut, _("Non éligible à l'AMED, décision %s", reference), "decision_amed")
        (siennes - exclues)._ouvrir_jusqu_au_terme()

    def _bornables(self):
        """Rend celles de ces décisions dont l'assuré reconnu tient d'elles ses droits."""
        siennes = self.sudo().filtered(lambda d: d.assure_id.regime_id.code == REGIME and not d.assure_id.date_deces)
        return siennes.filtered(lambda d: d.assure_id.state != "radie" and d.assure_id.type_assure == "principal")

    def _delaisser(self, debuts):
        """Arrête, le jour où une autre prend leur suite, les droits des chefs qu'aucune décision en cours ne reconnaît plus."""
        finies = self._bornables().filtered(lambda d: d.decision == "eligible")
        reconnus = self.sudo().search([("assure_id", "in", finies.assure_id.ids), ("state", "in", EN_COURS)]).assure_id
        for debut, decisions in finies.grouped(lambda d: debuts[d.cle_menage]).items():
            (decisions.assure_id - reconnus)._retirer_droits(debut, False)

    def _ouvrir_jusqu_au_terme(self):
        """Ouvre les droits du premier au dernier jour, et arrête ce qui courait au-delà."""
        Droit = self.env["cnas.droit"].sudo()
        siens = [("assure_id", "in", self.assure_id.ids)]
        ouverts = Droit.search([*siens, ("state", "=", "ouvert"), ("regime_id.code", "=", REGIME)])
        refus = Droit.search([*siens, ("state", "=", "ferme"), ("origine", "=", "decision_amed")])
        for fin, decisions in self.grouped("date_fin").items():
            longs = ouverts.filtered_domain([("assure_id", "in", decisions.assure_id.ids), "|", ("date_fin", "=", False), ("date_fin", ">", fin)])
            longs._couper(fin + UN_JOUR)._effacer()
        for debut, decisions in self.grouped("date_debut").items():
            leves = refus.filtered_domain([("assure_id", "in", decisions.assure_id.ids), "|", ("date_fin", "=", False), ("date_fin", ">=", debut)])
            leves._couper(debut)._effacer()
        occupes = {assure.id: droits._intervalles() for assure, droits in Droit.search(
            [*siens, ("state", "=", "ouvert")]).grouped("assure_id").items()}
        a_ouvrir = []
        for decision in self:
            pris = occupes.setdefault(decision.assure_id.id, [])
            libres = jours_libres(decision.date_debut, decision.date_fin, sorted(pris))
            pris += libres
            a_ouvrir += [{
                "assure_id": decision.assure_id.id, "regime_id": decision.assure_id.regime_id.id, "date_debut": debut, "date_fin": fin,
                "origine": "decision_amed", "motif": _("Décision %s", decision.reference)} for debut, fin in libres]
        Droit._ouvrir(a_ouvrir)

    # ------------------------------------------------------------------ privé : personne en double
    @api.model
    def _raisons_de_douter(self, assures, cles):
        """Rend {assure_id: phrase} de ceux qu'un ménage du registre ne peut pas prendre sans que quelqu'un tranche.

        :param cles: {assure_id: clés des ménages qui le demandent}
        """
        autres = self.sudo().search([("assure_id", "in", assures.ids), ("state", "in", EN_COURS)]).grouped("assure_id")
        raisons = {}
        for assure in assures.sudo():
            ailleurs = autres.get(assure, self.browse()).filtered(
                lambda d, a=assure: d.decision == "eligible" and d.cle_menage not in cles[a.id])[:1]
            if assure.type_assure != "principal":
                phrase = _("%(nom)s est l'ayant droit de %(principal)s : rattachez le ménage à l'assuré principal.",
                           nom=assure.name, principal=assure.assure_principal_id.name)
            elif assure.regime_id.code != REGIME:
                phrase = _("%(nom)s relève déjà du régime %(regime)s : l'AMED ne couvre que les personnes sans autre régime.",
                           nom=assure.name, regime=assure.regime_id.code)
            elif assure.date_deces or assure.state == "radie":
                phrase = _("%(nom)s est radié(e) ou décédé(e).", nom=assure.name)
            elif ailleurs:
                phrase = _("%(nom)s est déjà le chef du ménage %(numero)s (%(village)s), éligible jusqu'au %(fin)s.",
                           nom=assure.name, numero=ailleurs.numero_menage, village=ailleurs.village,
                           fin=ecrire_date(ailleurs.date_fin))
            else:
                continue
            raisons[assure.id] = phrase
        return raisons

    @api.model
    def _nni_ailleurs(self, menages):
        """Rend {(NNI, clé): phrase} des NNI qu'un autre ménage éligible porte déjà.

        :param menages: couples (NNI, clé du ménage qui le demande)
        """
        porteurs = self.sudo().search([("nni", "in", list({nni for nni, _cle in menages if nni})), ("decision", "=", "eligible"),
                                       ("state", "in", EN_COURS)]).grouped("nni")
        phrases = {}
        for nni, cle in menages:
            for autre in porteurs.get(nni, self.browse()).filtered(lambda d, c=cle: d.cle_menage != c)[:1]:
                phrases[nni, cle] = _("Le NNI %(nni)s est aussi celui du ménage %(numero)s (%(village)s), éligible jusqu'au %(fin)s.",
                                      nni=nni, numero=autre.numero_menage, village=autre.village, fin=ecrire_date(autre.date_fin))
        return phrases


class AssureDecisions(models.Model):
    """Les décisions AMED d'un assuré, la plus récente d'abord."""

    _inherit = "cnas.assure"

    decision_amed_ids = fields.One2many("cnas.decision_amed", "assure_id", string="Décisions AMED", groups=AGENT)
