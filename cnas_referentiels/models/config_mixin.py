import datetime
from collections import defaultdict

from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant
from odoo.addons.cnas_base.garde import en_silence
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date, lire_montant

from .constantes import NIVEAUX
from .niveau import Niveau, lire_niveau

UN_JOUR = datetime.timedelta(days=1)


class ConfigMixin(models.AbstractModel):
    """Tarif daté : un montant entier XAF, ses dates (incluses, fin vide = sans fin) et son niveau de formation.

    * Deux tarifs du même objet et du même niveau ne se chevauchent jamais (contrainte d'exclusion en base).
    * Créer un tarif qui suit clôt la veille le tarif sans fin qui précède, en deux requêtes pour tout un lot.
    * Un tarif utilisé par une feuille liquidée ne change plus sur les jours utilisés : on en crée un nouveau.

    | qui | peut |
    |---|---|
    | agents, contrôleurs, superviseurs, médecin-conseil, finance | lire |
    | administrateur | créer, modifier, supprimer ce qui n'a pas servi |
    """

    _name = "cnas.config.mixin"
    _description = "Tarif daté"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin", "cnas.montant.mixin", "mail.thread"]
    _champs_journal = ("montant", "niveau", "date_debut", "date_fin")

    # Champ Many2one de l'objet tarifé ; chaque modèle le déclare.
    _cle_tarif = None
    _periode_message = "Un autre tarif couvre déjà ces dates pour ce niveau : fermez-le d'abord ou changez les dates."

    montant = fields.Monetary(string="Montant", required=True, tracking=True)
    niveau = Niveau(string="Niveau (1 à 4)", tracking=True, group_operator=None,
                    help="1 centre de santé … 4 hôpital de référence ; vide (0) : tous les niveaux.")
    niveau_libelle = fields.Selection(
        NIVEAUX, string="Niveau", compute="_compute_niveau_libelle", inverse="_inverse_niveau_libelle",
        help="Vide : tous les niveaux.")
    description = fields.Text(string="Description")
    date_debut = fields.Date(tracking=True)
    date_fin = fields.Date(tracking=True)
    situation = fields.Selection(
        [("passe", "Passé"), ("en_vigueur", "En vigueur"), ("a_venir", "À venir")],
        string="Situation", compute="_compute_situation")

    _sql_constraints = [
        ("montant_positif", "CHECK (montant >= 0)", "Le montant d'un tarif n'est jamais négatif."),
        ("niveau_borne", "CHECK (niveau BETWEEN 1 AND 4)", "Le niveau va de 1 à 4 ; laissez vide pour tous."),
    ]

    @api.depends("niveau")
    def _compute_niveau_libelle(self):
        for tarif in self:
            tarif.niveau_libelle = str(tarif.niveau) if 1 <= tarif.niveau <= 4 else False

    def _inverse_niveau_libelle(self):
        for tarif in self:
            tarif.niveau = int(tarif.niveau_libelle or 0)

    @api.depends("date_debut", "date_fin")
    def _compute_situation(self):
        jour = aujourd_hui()
        for tarif in self:
            if tarif.date_debut and tarif.date_debut > jour:
                tarif.situation = "a_venir"
            elif tarif.date_fin and tarif.date_fin < jour:
                tarif.situation = "passe"
            else:
                tarif.situation = "en_vigueur"

    @api.depends("montant", "date_debut", "date_fin", "niveau")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for tarif in self:
            objet = tarif[self._cle_tarif]
            if not objet or not tarif.date_debut:
                tarif.display_name = objet.display_name or _("Nouveau")
                continue
            if tarif.date_fin:
                dates = _("du %s au %s", ecrire_date(tarif.date_debut), ecrire_date(tarif.date_fin))
            else:
                dates = _("à partir du %s", ecrire_date(tarif.date_debut))
            titre = f"{objet.display_name} — {ecrire_montant(tarif.montant)} {dates}"
            tarif.display_name = f"{titre} ({tarif._nom_niveau()})" if tarif.niveau else titre

    def _nom_niveau(self):
        """Rend le nom du niveau du tarif (« Hôpital de district »), ou « Tous les niveaux »."""
        self.ensure_one()
        return dict(self._fields["niveau_libelle"]._description_selection(self.env)).get(str(self.niveau), _("Tous les niveaux"))

    def _completer_creation(self, vals_list):
        vals_list = [self._lire_valeurs(vals) for vals in vals_list]
        self._clore_precedents(vals_list)
        return super()._completer_creation(vals_list)

    def write(self, vals):
        vals = self._lire_valeurs(vals)
        self._refuser_si_utilise(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_utilise(self):
        self._lever_si_utilise([(t, t.date_debut, t.date_fin) for t in self])

    @api.model
    def _lire_valeurs(self, vals):
        """Rend les valeurs avec dates, niveau et montant lus (une saisie illisible donne une phrase claire)."""
        vals = dict(vals)
        for champ in ("date_debut", "date_fin"):
            if vals.get(champ):
                vals[champ] = lire_date(vals[champ])
        if "niveau" not in vals and vals.get("niveau_libelle"):
            vals["niveau"] = vals.pop("niveau_libelle")
        if "niveau" in vals:
            vals["niveau"] = lire_niveau(vals["niveau"])
        if "montant" in vals:
            vals["montant"] = lire_montant(vals["montant"])
        return vals

    # Clôture automatique

    @api.model
    def _clore_precedents(self, vals_list):
        """Ferme la veille les tarifs sans fin que ceux de `vals_list` suivent, en base et dans le lot lui-même."""
        suites = defaultdict(list)
        for vals in vals_list:
            if vals.get(self._cle_tarif) and vals.get("date_debut"):
                suites[vals[self._cle_tarif], vals.get("niveau") or 0].append(vals)
        for suite in suites.values():
            suite.sort(key=lambda v: v["date_debut"])
            for avant, apres in zip(suite, suite[1:]):
                if not avant.get("date_fin") and avant["date_debut"] < apres["date_debut"]:
                    avant["date_fin"] = apres["date_debut"] - UN_JOUR
        if suites:
            self._clore_en_base([(objet, niveau, v["date_debut"]) for (objet, niveau), suite in suites.items()
                                 for v in suite])

    @api.model
    def _clore_en_base(self, debuts):
        """Ferme la veille de chaque (objet, niveau, date) le tarif sans fin qui court ; deux requêtes pour le lot."""
        objets, niveaux, dates = zip(*debuts)
        self.flush_model()
        self.env.cr.execute(tools.SQL(
            """SELECT t.id, min(d.debut)
                 FROM unnest(%s::int[], %s::int[], %s::date[]) AS d(objet, niveau, debut)
                 JOIN %s t ON t.%s = d.objet AND COALESCE(t.niveau, 0) = d.niveau
                WHERE t.date_fin IS NULL AND t.date_debut < d.debut
             GROUP BY t.id""",
            list(objets), list(niveaux), list(dates),
            tools.SQL.identifier(self._table), tools.SQL.identifier(self._cle_tarif)))
        fins = {tarif: debut - UN_JOUR for tarif, debut in self.env.cr.fetchall()}
        if not fins:
            return
        clos = self.browse(fins)
        self._lever_si_utilise([(t, fins[t.id] + UN_JOUR, False) for t in clos])
        self.env.cr.execute(tools.SQL(
            "UPDATE %s t SET date_fin = d.fin, write_uid = %s, write_date = now() AT TIME ZONE 'UTC' "
            "FROM unnest(%s::int[], %s::date[]) AS d(id, fin) WHERE t.id = d.id",
            tools.SQL.identifier(self._table), self.env.uid, list(fins), list(fins.values())))
        clos.invalidate_recordset(["date_fin"])
        if not en_silence():
            clos._message_log_batch(bodies={
                tarif: _("Clos le %s par le tarif suivant.", ecrire_date(fin)) for tarif, fin in fins.items()})

    # Tarif déjà utilisé

    def _refuser_si_utilise(self, vals):
        """Refuse de changer un tarif sur des jours où une feuille liquidée l'a utilisé."""
        if not {self._cle_tarif, "montant", "niveau", "date_debut", "date_fin"} & vals.keys():
            return
        plages = []
        for tarif in self:
            if any(champ in vals and vals[champ] != valeur for champ, valeur in (
                    (self._cle_tarif, tarif[self._cle_tarif].id), ("montant", tarif.montant),
                    ("niveau", tarif.niveau))):
                plages.append((tarif, tarif.date_debut, tarif.date_fin))
                continue
            debut = vals.get("date_debut") or tarif.date_debut
            fin = vals.get("date_fin", tarif.date_fin)
            if debut > tarif.date_debut:
                plages.append((tarif, tarif.date_debut, debut - UN_JOUR))
            if fin and (not tarif.date_fin or fin < tarif.date_fin):
                plages.append((tarif, fin + UN_JOUR, tarif.date_fin))
        self._lever_si_utilise(plages)

    @api.model
    def _lever_si_utilise(self, plages):
        """Lève une erreur si une feuille liquidée a utilisé l'une des plages [(tarif, début, fin)]."""
        utilises = self._plages_utilisees(plages)
        if utilises:
            raise UserError(_(
                "%(tarifs)s : déjà utilisé par une feuille liquidée. Créez un nouveau tarif qui commence après la "
                "dernière feuille liquidée.", tarifs=" ; ".join(utilises[:3].mapped("display_name"))))

    @api.model
    def _plages_utilisees(self, plages):
        """Rend les tarifs de [(tarif, début, fin)] utilisés dans leur plage."""
        if not plages:
            return self.browse()
        demandes = [
            (tarif.id, prestation, tarif.niveau, debut, fin)
            for tarif, debut, fin in plages for prestation in tarif._prestations_tarifees()]
        cles = self.env["cnas.prestation"]._tarif_utilise(demandes) if demandes else set()
        return self.browse(sorted(cles))

    def _prestations_tarifees(self):
        """Rend les identifiants des prestations que ce tarif tarife."""
        return self[self._cle_tarif].prestation_id.ids
