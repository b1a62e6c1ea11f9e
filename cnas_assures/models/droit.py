from datetime import date, timedelta

from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

ORIGINES = [
    ("immatriculation", "Immatriculation"),
    ("decision_amed", "Décision AMED"),
    ("affiliation", "Affiliation"),
    ("changement_regime", "Changement de régime"),
    ("changement_principal", "Changement de principal"),
    ("reactivation", "Réactivation"),
    ("maintien", "Maintien des droits"),
    ("suspension", "Suspension"),
    ("radiation", "Radiation"),
    ("deces", "Décès"),
    ("fermeture", "Fermeture"),
    ("fusion", "Fusion de dossiers"),
]
# Une fermeture de ces origines est une sanction : nul droit ne s'ouvre ces jours-là, d'où qu'il vienne.
SANCTIONS = ("suspension", "radiation")
DEBUT_PLAUSIBLE = date(1950, 1, 1)
UN_JOUR = timedelta(days=1)
INFINI = date(9999, 12, 31)


def jours_libres(debut, fin, occupes):
    """Rend les intervalles de [debut, fin] hors des intervalles `occupes`, triés par début."""
    libres = []
    for debut_occupe, fin_occupe in occupes:
        if fin_occupe < debut:
            continue
        if debut_occupe > fin:
            break
        if debut_occupe > debut:
            libres.append((debut, debut_occupe - UN_JOUR))
        if fin_occupe >= fin:
            return libres
        debut = fin_occupe + UN_JOUR
    return [*libres, (debut, fin)]


@actions
class Droit(models.Model):
    """Une période de droits d'un assuré, ouverte ou fermée.

    Une personne est couverte un jour donné si une période **ouverte** contient ce jour. Deux
    périodes ouvertes d'une même personne ne se chevauchent jamais (contrainte en base). Une
    période **fermée** ne donne rien : elle garde le motif (suspension, radiation…) et, chez un
    ayant droit, elle barre les droits dérivés de son principal.

    États : ouvert → fermé. L'agent ouvre une période et la corrige sur un brouillon ; ensuite seul le
    superviseur corrige ses dates. Qui ferme : la table `_actions`.
    """

    _name = "cnas.droit"
    _description = "Période de droits"
    _inherit = ["cnas.etat.mixin", "cnas.periode.mixin"]
    _order = "date_debut desc, id desc"
    _champs_journal = ("assure_id", "regime_id", "date_debut", "date_fin", "motif", "origine")

    _etat_initial = "ouvert"
    _actions = {
        "fermer": Action(titre=_lt("Fermer les droits"), de=("ouvert",), vers=("ferme",),
                         roles=("cnas_base.group_controleur",), motif=True, date=True),
    }
    _champs_geles = ("provisoire", "fin_prevue")
    _periode_cle = ("assure_id",)
    _periode_condition = "state = 'ouvert'"
    _periode_message = (
        "Cet assuré a déjà des droits ouverts à ces dates : fermez la période en cours ou changez les dates.")

    assure_id = fields.Many2one(
        comodel_name="cnas.assure", string="Assuré", required=True, index=True, ondelete="cascade")
    regime_id = fields.Many2one(comodel_name="cnas.regime", string="Régime", required=True, ondelete="restrict")
    date_debut = fields.Date(index=False)  # l'index de la liste (`init`) commence par elle
    motif = fields.Char(string="Motif")
    origine = fields.Selection(selection=ORIGINES, string="Origine", default="affiliation", required=True)
    state = fields.Selection(
        selection=[("ouvert", "Ouvert"), ("ferme", "Fermé")], string="Statut", default="ouvert", required=True, copy=False)
    situation = fields.Selection(
        selection=[("a_venir", "À venir"), ("en_cours", "En cours"), ("echue", "Échue"), ("fermee", "Fermée")],
        string="Situation", compute="_compute_situation")
    provisoire = fields.Boolean(
        string="Ouverte d'office", copy=False,
        help="Ouverte par l'immatriculation, sans date décidée : une décision datée plus tôt la remplace.")

    fin_prevue = fields.Date(
        string="Fin prévue avant fermeture", copy=False, help="Reprise à la réactivation d'un dossier suspendu.")

    _sql_constraints = [
        ("plausible", f"CHECK (date_debut >= DATE '{DEBUT_PLAUSIBLE}')", "La date de début des droits est trop ancienne."),
        # L'une suspend, l'autre ouvre, au même instant : la base n'en garde qu'une.
        ("hors_sanction",
         "EXCLUDE USING gist (assure_id WITH =, daterange(date_debut, date_fin, '[]') WITH &&,"
         f" ((state = 'ouvert')::int) WITH <>) WHERE (state = 'ouvert' OR origine IN {SANCTIONS})",
         "Un jour suspendu ou radié n'a pas de droits ouverts."),
    ]

    def init(self):
        """Pose l'index de la liste : un million de périodes commencent souvent le même jour."""
        super().init()
        tools.create_index(self.env.cr, "cnas_droit_liste_idx", self._table, ["date_debut", "id"])

    # ------------------------------------------------------------------ calculs
    @api.depends("assure_id.name", "date_debut", "date_fin", "state")
    def _compute_display_name(self):
        for droit in self:
            dits = {"nom": droit.assure_id.name or _("Nouveau"), "debut": ecrire_date(droit.date_debut, ""), "fin": ecrire_date(droit.date_fin)}
            droit.display_name = _("%(nom)s — %(debut)s au %(fin)s", **dits) if droit.date_fin else "{nom} — {debut}".format(**dits)

    @api.depends("date_debut", "date_fin", "state")
    def _compute_situation(self):
        jour = aujourd_hui()
        for droit in self:
            if droit.state == "ferme":
                droit.situation = "fermee"
            elif droit.date_debut and droit.date_debut > jour:
                droit.situation = "a_venir"
            elif droit.date_fin and droit.date_fin < jour:
                droit.situation = "echue"
            else:
                droit.situation = "en_cours"

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        droits = super().create(vals_list)
        if not self.browse()._ouvert(("assure_id",)):
            droits._refuser_sur_assure_ferme()
        return droits

    def _completer_creation(self, vals_list):
        """Donne le régime de l'assuré ; une décision saisie prend la place de la période d'office."""
        assures = self.env["cnas.assure"].browse([v["assure_id"] for v in vals_list if v.get("assure_id")])
        for vals in vals_list:
            if vals.get("assure_id") and not vals.get("regime_id"):
                vals["regime_id"] = assures.browse(vals["assure_id"]).regime_id.id
        if not self.browse()._ouvert(("assure_id",)):
            self._ceder_les_provisoires(vals_list)
        vals_list = super()._completer_creation(vals_list)
        date = fields.Date.to_date
        self._refuser_jours_sanctionnes([
            (vals["assure_id"], date(vals["date_debut"]), date(vals.get("date_fin"))) for vals in vals_list
            if vals.get("assure_id") and vals.get("date_debut") and vals.get("state", "ouvert") == "ouvert"])
        return vals_list

    def write(self, vals):
        if not self._ouvert(vals):
            if "assure_id" in vals and any(d.assure_id.id != vals["assure_id"] for d in self):
                raise UserError(_("Une période de droits ne change pas d'assuré : fermez-la et ouvrez-en une autre."))
            if any(droit.state == "ferme" for droit in self):
                raise UserError(_("Une période fermée ne se modifie plus."))
            if any(droit.assure_id.state != "brouillon" for droit in self):
                self._exiger_groupe("cnas_base.group_superviseur", _("corriger une période de droits"))
        resultat = super().write(vals)
        if {"date_debut", "date_fin", "state"} & vals.keys():
            self._refuser_jours_sanctionnes([
                (droit.assure_id.id, droit.date_debut, droit.date_fin) for droit in self if droit.state == "ouvert"])
        return resultat

    @api.ondelete(at_uninstall=False)
    def _unlink_except_effective(self):
        if self._ouvert(("unlink",)):
            return
        jour = aujourd_hui()
        for droit in self:
            if droit.assure_id.state != "brouillon" and (droit.state == "ferme" or droit.date_debut <= jour):
                raise UserError(_("Une période de droits déjà commencée ne se supprime pas : fermez-la avec un motif."))

    # ------------------------------------------------------------------ actions
    @transition("fermer")
    def action_fermer(self, motif=None, date=None):
        """Ferme les droits à compter de `date` (aujourd'hui par défaut), le jour même compris.

        :param str motif: obligatoire ; sans lui l'assistant s'ouvre
        :param date: premier jour sans droits, date ou texte AAAA-MM-JJ
        :return: True, ou l'action de l'assistant
        """
        self.assure_id._fermer_droits(self.env["cnas.assure"]._lire_date(date), motif, "fermeture")

    # ------------------------------------------------------------------ privé
    @api.model
    def _ceder_les_provisoires(self, vals_list):
        """Efface la période ouverte d'office que recouvre une décision commençant plus tôt.

        L'immatriculation ouvre les droits au jour même quand aucune date n'est connue. Quand
        la décision d'éligibilité arrive ensuite avec sa vraie date, elle prend la place.
        """
        debuts = {v["assure_id"]: fields.Date.to_date(v.get("date_debut")) for v in vals_list if v.get("assure_id")}
        provisoires = self.sudo().search(
            [("assure_id", "in", list(debuts)), ("provisoire", "=", True), ("state", "=", "ouvert")])
        cedent = provisoires.filtered(
            lambda d: debuts[d.assure_id.id] and debuts[d.assure_id.id] < d.date_debut)
        for droit in cedent:
            assure = droit.assure_id
            assure._ecrire({
                "date_affiliation": min(debuts[assure.id], assure.date_affiliation or droit.date_debut)})
        cedent._effacer()

    @api.model
    def _refuser_jours_sanctionnes(self, periodes):
        """Refuse d'une phrase ce que la contrainte de la base refuserait : ouvrir un jour suspendu ou radié.

        :param periodes: [(assure_id, premier jour, dernier jour ou False)] ouvertes
        """
        if not periodes:
            return
        sanctions = self.env["cnas.assure"].browse({assure for assure, _debut, _fin in periodes})._sanctions()
        for assure, debut, fin in periodes:
            for sanction in sanctions.get(assure, ()):
                if sanction._touche(debut, fin):
                    dernier = ecrire_date(sanction.date_fin, _("jour de sa reprise"))
                    raise ValidationError(_(
                        "%(nom)s est à l'état « %(quoi)s » du %(debut)s au %(fin)s : aucun droit ne s'ouvre ces jours-là ; "
                        "réactivez le dossier ou corrigez la suspension d'abord.",
                        nom=sanction.assure_id.name, quoi=dict(sanction._fields["origine"]._description_selection(self.env))[sanction.origine],
                        debut=ecrire_date(sanction.date_debut), fin=dernier))

    def _refuser_sur_assure_ferme(self):
        """Refuse d'ouvrir des droits en cours ou à venir à une personne suspendue, radiée ou décédée."""
        jour = aujourd_hui()
        for droit in self:
            assure = droit.assure_id
            if assure.state in ("suspendu", "radie") and (not droit.date_fin or droit.date_fin >= jour):
                raise UserError(_(
                    "%(nom)s est à l'état « %(etat)s » : réactivez le dossier avant d'ouvrir des droits.",
                    nom=assure.name, etat=assure._libelle_etat(assure.state)))

    @api.model
    def _ouvrir(self, vals_list):
        """Crée des périodes ouvertes, moins les jours suspendus ou radiés de leur assuré."""
        sanctions = self.env["cnas.assure"].browse([vals["assure_id"] for vals in vals_list])._sanctions()
        return self._creer([
            {**vals, "date_debut": debut, "date_fin": fin != INFINI and fin}
            for vals in vals_list for debut, fin in jours_libres(
                vals["date_debut"], vals.get("date_fin") or INFINI, sanctions.get(vals["assure_id"], self)._intervalles())])

    @api.model
    def _domaine_suspendu(self, jour):
        """Rend le domaine des suspensions qui couvrent `jour`."""
        return [("state", "=", "ferme"), ("origine", "=", "suspension"), *self._domaine_en_vigueur(jour)]

    def _touche(self, debut, fin):
        """Dit si cette période a un jour commun avec [debut, fin] (fin vide : sans fin)."""
        return self.date_debut <= (fin or INFINI) and (self.date_fin or INFINI) >= debut

    def _intervalles(self):
        """Rend les (premier, dernier jour) de ces périodes, par ordre de date."""
        return sorted((droit.date_debut, droit.date_fin or INFINI) for droit in self)

    def _couper(self, jour):
        """Arrête à la veille de `jour` les périodes commencées avant ; rend celles qui commencent après."""
        avant = self.filtered(lambda d: d.date_debut < jour)
        avant._ecrire({"date_fin": jour - UN_JOUR})
        return self - avant

    def _effacer(self):
        """Efface des périodes remplacées avant d'avoir servi ; le fil de l'assuré en garde la trace."""
        if not self:
            return
        traces = {}
        for droit in self:
            traces.setdefault(droit.assure_id.id, []).append(droit.display_name)
        self.assure_id._message_log_batch({
            assure_id: _("Période de droits remplacée avant son début : %s", ", ".join(noms))
            for assure_id, noms in traces.items()})
        self._supprimer()
