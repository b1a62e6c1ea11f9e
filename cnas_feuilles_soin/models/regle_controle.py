from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.cnas_base.impression.langue import FRANCAIS, en_francais
from odoo.addons.cnas_base.jour import aujourd_hui

from ..regles import lecture_motif, registre
from .demande_pieces import lire_liste

FAMILLES = [
    ("recevabilite", "Recevabilité"),
    ("droits", "Droits"),
    ("formation", "Prestataire"),
    ("nomenclature", "Nomenclature"),
    ("clinique", "Cohérence clinique"),
    ("doublons", "Doublons"),
    ("ententes", "Entente préalable"),
    ("quantites", "Quantités"),
    ("tarif", "Tarif"),
    ("plafonds", "Plafonds"),
]
SEVERITES = [
    ("instance", "Instance"),
    ("rejet", "Rejet"),
    ("abattement", "Abattement"),
    ("signalement", "Signalement"),
]
TYPES_FORMATION = ("centre_sante", "hopital_district", "hopital_provincial", "hopital_reference")


class RegleControle(models.Model):
    """Une règle de contrôle : sa ligne de données ; sa fonction est dans `regles/`, sous le même code.

    | qui | peut |
    |---|---|
    | agents | lire |
    | administrateur | changer libellés et motifs |
    | administrateur, puis un superviseur | ajouter, ôter, changer tout ce qui décide du résultat : sévérité, dates, cibles, ordre, famille, paramètres, activer ou non (`cnas.changement`) |
    """

    _name = "cnas.regle_controle"
    _description = "Règle de contrôle"
    _inherit = ["cnas.changement.mixin", "mail.thread"]
    _order = "sequence, code"
    _rec_names_search = ["code", "name"]
    _champs_journal = ("code", "severite", "avis_medical", "date_debut", "date_fin", "active", "regime_ids", "types_formation",
                      "famille", "sequence")

    code = fields.Char(string="Code", required=True, copy=False)
    name = fields.Char(string="Règle", required=True, translate=True)
    definition = fields.Text(string="Définition", translate=True)
    famille = fields.Selection(FAMILLES, string="Famille", required=True, index=True)
    niveau = fields.Selection([("entete", "Feuille"), ("ligne", "Ligne")], string="Porte sur", required=True,
                              default="ligne")
    sequence = fields.Integer(string="Ordre d'évaluation", default=1000)
    severite = fields.Selection(
        SEVERITES, string="Sévérité", required=True, tracking=True,
        help="Vaut pour toutes les dates de soins. Pour la changer à partir d'un jour : essai à blanc, puis appliquer.")
    motif = fields.Char(string="Motif imprimé", required=True, translate=True,
                        help="Les mots entre accolades sont remplacés par les valeurs du dossier.")
    source = fields.Char(string="Source")
    avis_medical = fields.Boolean(string="Demande un avis médical", tracking=True,
                                  help="Son signalement mène la feuille au médecin-conseil.")
    date_debut = fields.Date(string="Date d'effet", required=True, tracking=True,
                             default=lambda self: aujourd_hui(),
                             help="La règle vaut pour les soins donnés à partir de ce jour.")
    date_fin = fields.Date(string="Date de fin", tracking=True, help="Incluse ; vide : sans fin.")
    active = fields.Boolean(string="Active", default=True, tracking=True)
    regime_ids = fields.Many2many("cnas.regime", "cnas_regle_regime_rel", "regle_id", "regime_id",
                                  string="Régimes visés", help="Vide : tous.")
    types_formation = fields.Char(
        string="Types de formation visés", tracking=True,
        help="Vide : tous. Sinon, séparés par des virgules : centre_sante, hopital_district, "
             "hopital_provincial, hopital_reference.")
    parametre_ids = fields.One2many("cnas.regle_parametre", "regle_id", string="Paramètres", groups="cnas_base.group_interne")
    version = fields.Integer(string="Version", default=1, readonly=True, copy=False,
                             help="Augmente à chaque changement ; chaque anomalie garde celle qui l'a produite.")
    anomalie_count = fields.Integer(string="Anomalies", compute="_compute_anomalie_count",
                                    groups="cnas_base.group_agent,cnas_base.group_medecin_conseil")

    _sql_constraints = [
        ("code_unique", "UNIQUE (code)", "Une règle porte déjà ce code."),
        ("dates_ordonnees", "CHECK (date_fin IS NULL OR date_fin >= date_debut)",
         "La date de fin doit suivre la date d'effet."),
    ]

    # Champs dont le changement fait une nouvelle version.
    _champs_de_version = ("severite", "date_debut", "date_fin", "active", "regime_ids", "types_formation",
                          "avis_medical", "famille", "sequence")
    # Tout ce que le catalogue lit d'une règle, hors son motif imprimé : l'ordre et la famille décident aussi du résultat.
    _champs_sensibles = dict.fromkeys((*_champs_de_version, "code", "niveau"), "_toujours")
    _cree_a_deux = True

    # ------------------------------------------------------------------ contraintes
    @api.constrains("severite", "code")
    def _check_severite(self):
        for regle in self:
            regle._verifier_severite(regle.severite)

    @api.constrains("types_formation")
    def _check_types_formation(self):
        for regle in self:
            inconnus = [t for t in regle._types_formation_vises() if t not in TYPES_FORMATION]
            if inconnus:
                raise ValidationError(_(
                    "Type de formation inconnu : %(inconnu)s. Les types sont : %(types)s.",
                    inconnu=", ".join(inconnus), types=", ".join(TYPES_FORMATION)))

    # ------------------------------------------------------------------ calculs
    @api.depends("code", "name")
    def _compute_display_name(self):
        for regle in self:
            regle.display_name = f"{regle.code} — {regle.name}" if regle.code else regle.name

    def _compute_anomalie_count(self):
        comptes = self.env["cnas.anomalie"]._read_group([("regle_id", "in", self.ids)], ["regle_id"], ["__count"])
        par_regle = {regle.id: nombre for regle, nombre in comptes}
        for regle in self:
            regle.anomalie_count = par_regle.get(regle.id, 0)

    # ------------------------------------------------------------------ CRUD
    def write(self, vals):
        resultat = super().write(vals)
        if any(champ in vals for champ in self._champs_de_version):
            self._noter_version()
        return resultat

    # ------------------------------------------------------------------ actions
    def action_voir_anomalies(self):
        """Ouvre les anomalies de la règle."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_feuilles_soin.anomalie_action")
        return dict(action, domain=[("regle_id", "=", self.id)], context={})

    # ------------------------------------------------------------------ métier
    def _lire_motif(self, message, noms=()):
        """Rend dans la langue de l'usager un motif que l'une de ces règles a écrit, en français, sur un dossier.

        :param noms: {nom français: nom traduit} des pièces qu'il cite
        """
        if not message or en_francais(self.env):
            return message
        return lecture_motif.dire([
            (ecrite.motif, lue.motif) for lue, *ecrites in zip(self, self.with_context(lang=FRANCAIS), self.with_context(lang=None))
            for ecrite in ecrites], lire_liste(message, noms), self.env.lang)

    def _noter_version(self):
        """Passe à la version suivante les règles qui viennent de changer."""
        if self.ids and self.env.registry.ready:
            self.flush_model(["version"])
            self.env.cr.execute(
                "UPDATE cnas_regle_controle SET version = version + 1 WHERE id IN %s", [tuple(self.ids)])
            self.invalidate_recordset(["version"])

    def _dater_parametre(self, code, valeur, date):
        """Ferme la veille la période en cours d'un paramètre et en ouvre une nouvelle (le crée au besoin).

        :param code: nom du paramètre (`severite` pour la sévérité)
        :param date: premier jour de soins où la valeur vaut
        """
        self.ensure_one()
        if self.parametre_ids.filtered(lambda p: p.code == code):
            self.env["cnas.parametre"]._dater(f"{self.code}.{code}", valeur, date)
            self.invalidate_recordset(["parametre_ids"])
        else:
            self.env["cnas.regle_parametre"].create({
                "regle_id": self.id, "code": code, "valeur": valeur, "date_debut": date})

    def _verifier_demande(self, valeurs):
        """Une demande porte aussi {"parametre_ids": {code: valeur}} : des paramètres datés du jour d'effet."""
        parametres = valeurs.get("parametre_ids", {}) if self else {}
        if not isinstance(parametres, dict):
            raise ValidationError(_("Les paramètres demandés sont mal formés."))
        for code, valeur in parametres.items():
            try:
                self._verifier_parametre(code, valeur)
            except ValueError as erreur:
                raise ValidationError(_("Paramètre « %(code)s » : %(raison)s.", code=code, raison=erreur)) from erreur
        super()._verifier_demande({champ: valeur for champ, valeur in valeurs.items() if champ != "parametre_ids" or not self})

    def _appliquer_changement(self, valeurs, jour):
        directes = {champ: valeur for champ, valeur in valeurs.items() if champ != "parametre_ids"}
        for code, valeur in valeurs.get("parametre_ids", {}).items():
            self._dater_parametre(code, valeur, max(jour, aujourd_hui()))
        return super()._appliquer_changement(directes, jour) if directes or not valeurs else self

    def _severite_au(self, jour):
        """Rend la sévérité pour des soins donnés ce jour : celle datée, sinon celle de la fiche."""
        self.ensure_one()
        datee = self.parametre_ids.filtered(lambda p: p.code == "severite" and p.parametre_id._couvre(jour))
        return datee[:1].valeur or self.severite

    def _verifier_severite(self, severite):
        """Refuse une sévérité inconnue, ou un abattement que la fonction de la règle ne sait pas calculer."""
        self.ensure_one()
        if severite not in dict(SEVERITES):
            raise ValidationError(_("Sévérité inconnue : « %s ». Choisissez instance, rejet, abattement "
                                    "ou signalement.", severite))
        fonction = registre.REGLES.get(self.code)
        if severite == "abattement" and fonction and not fonction.abat:
            raise ValidationError(_(
                "La règle %s ne calcule pas de montant réduit : choisissez rejet, instance ou signalement.", self.code))

    def _verifier_parametre(self, code, valeur):
        """Refuse une valeur que la fonction de la règle ne saurait pas lire.

        :raise ValueError: valeur illisible ou paramètre que la règle ne connaît pas
        """
        self.ensure_one()
        if code == "severite":
            self._verifier_severite(valeur)
        elif self.code in registre.REGLES:
            registre.REGLES[self.code].lire(code, valeur)

    def _type_parametre(self, code):
        """Rend le type, au sens du magasin, d'un paramètre de la règle."""
        fonction = registre.REGLES.get(self.code)
        lecteur = fonction and fonction.lecteur(code)
        return {registre.entier: "entier", registre.recul: "entier", registre.oui_non: "booleen", registre.pourcentage: "pourcentage"}.get(
            lecteur, "texte")

    def _types_formation_vises(self):
        """Rend l'ensemble des types de formation visés (vide : tous)."""
        return {t.strip() for t in (self.types_formation or "").split(",") if t.strip()}
