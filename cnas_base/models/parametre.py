from datetime import timedelta

from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ..ecriture import ecrire_date
from ..jour import aujourd_hui

TYPES = [
    ("entier", "Entier"),
    ("montant", "Montant (FCFA)"),
    ("pourcentage", "Pourcentage"),
    ("booleen", "Oui ou non"),
    ("texte", "Texte"),
    ("choix", "Choix"),
    ("date", "Date"),
]
FAMILLES = [
    ("assures", "Assurés et droits"),
    ("documents", "Cartes et attestations"),
    ("employeurs", "Employeurs"),
    ("formations", "Formations sanitaires"),
    ("feuilles", "Feuilles de soins"),
    ("ententes", "Ententes préalables"),
    ("facturation", "Facturation"),
    ("regles", "Règles de contrôle"),
    ("securite", "Sécurité"),
    ("acces", "Accès et débit"),
]
NOMBRE_MAX = 10**12
# Ce qui a déjà servi : on ne le réécrit pas, on ajoute une ligne datée.
FIGES = ("code", "valeur", "type_valeur", "date_debut")


class ChampValeur(fields.Char):
    """Le contrat donne un seul nom, « valeur », au champ et à la méthode publique : ce champ s'appelle aussi.

    `execute_kw("cnas.parametre", "valeur", [code, date])` prend l'attribut de la classe, qui est ce champ.
    """

    _api = "model"
    __name__ = "valeur"

    def __call__(self, modele, code, date=None):
        return modele.env["cnas.parametre"]._valeur_publique(code, date)


class Parametre(models.Model):
    """Le seul magasin des seuils, âges et délais : une valeur typée par période, avec sa source.

    Un changement s'ajoute : « Changer à partir du… » clôt la ligne en cours et en ouvre une autre. Une ligne
    déjà en vigueur hier ne change plus de valeur et ne se supprime pas ; elle ne peut que se clore.
    Le code du programme lit par `_au(code, jour)`, à la date du fait qu'il juge.

    | qui | peut |
    |---|---|
    | agents | lire |
    | administrateur | ajouter un code que rien ne lit encore ; changer libellé, unité, source |
    | administrateur, puis un superviseur | donner, changer, clore ou ôter une valeur, à venir comprise (`cnas.changement`) |
    """

    _name = "cnas.parametre"
    _description = "Paramètre daté"
    _inherit = ["cnas.changement.mixin", "cnas.periode.mixin", "mail.thread"]
    _order = "famille, code, date_debut desc"
    _rec_names_search = ["name", "code"]

    _periode_cle = ("code",)
    _champs_sensibles = dict.fromkeys(
        ("code", "valeur", "type_valeur", "minimum", "maximum", "choix", "date_debut", "date_fin"), "_toujours")
    _champs_joints = ("source",)
    _cree_a_deux = True
    _champs_journal = ("code", "valeur", "date_debut", "date_fin", "source")
    _periode_message = "Ce paramètre a déjà une valeur à ces dates : passez par « Changer à partir du… »."

    code = fields.Char(string="Code", required=True, index=True)
    name = fields.Char(string="Paramètre", required=True, translate=True)
    famille = fields.Selection(FAMILLES, string="Famille", required=True)
    valeur = ChampValeur(string="Valeur", required=True, tracking=True)
    type_valeur = fields.Selection(TYPES, string="Type", required=True, default="entier")
    unite = fields.Char(string="Unité")
    choix = fields.Char(string="Valeurs permises", help="Pour un choix : les valeurs, séparées par des virgules.")
    minimum = fields.Integer(string="Au moins", default=0)
    maximum = fields.Integer(string="Au plus", help="Zéro : sans maximum.")
    source = fields.Char(string="Source", required=True, default="livré", tracking=True,
                         help="Le texte qui fixe la valeur ; « livré » : proposée avec le logiciel.")
    date_debut = fields.Date(tracking=True, default=lambda self: aujourd_hui())
    date_fin = fields.Date(tracking=True)
    en_vigueur = fields.Boolean(string="En vigueur", compute="_compute_en_vigueur", search="_search_en_vigueur")
    historique_ids = fields.Many2many("cnas.parametre", string="Historique", compute="_compute_historique_ids")

    # ------------------------------------------------------------------ calculs
    @api.depends("name", "valeur", "unite")
    def _compute_display_name(self):
        for parametre in self:
            mots = (parametre.name, ":", parametre.valeur, parametre.unite) if parametre.name else (_("Nouveau"),)
            parametre.display_name = " ".join(filter(None, mots))

    @api.depends("date_debut", "date_fin")
    def _compute_en_vigueur(self):
        jour = aujourd_hui()
        for parametre in self:
            parametre.en_vigueur = parametre._couvre(jour)

    def _search_en_vigueur(self, operateur, valeur):
        domaine = self._domaine_en_vigueur(aujourd_hui())
        return domaine if (operateur == "=") == bool(valeur) else ["!", "&", *domaine]

    @api.depends("code")
    def _compute_historique_ids(self):
        par_code = self.search([("code", "in", self.mapped("code"))]).grouped("code")
        for parametre in self:
            parametre.historique_ids = par_code.get(parametre.code, self.browse())

    # ------------------------------------------------------------------ contraintes
    @api.constrains("code", "valeur", "type_valeur", "choix", "minimum", "maximum")
    def _check_valeur(self):
        for parametre in self:
            try:
                parametre._verifier_valeur()
            except ValueError as erreur:
                raise ValidationError(_(
                    "« %(nom)s » (%(code)s) : la valeur « %(valeur)s » ne convient pas, %(raison)s.",
                    nom=parametre.name, code=parametre.code, valeur=parametre.valeur, raison=erreur)) from erreur

    def _verifier_valeur(self):
        """Refuse (ValueError) une valeur que son lecteur ne saurait pas lire."""
        self._typer(self.valeur)

    def _typer(self, texte):
        """Rend la valeur typée d'un texte.

        :raise ValueError: avec ce qui est attendu
        """
        self.ensure_one()
        texte = (texte or "").strip()
        if self.type_valeur == "booleen":
            if texte not in ("oui", "non"):
                raise ValueError(_("« oui » ou « non » est attendu"))
            return texte == "oui"
        if self.type_valeur == "choix":
            permises = self._permises()
            if texte not in permises:
                raise ValueError(_("choisissez parmi : %s", ", ".join(permises)))
            return texte
        if self.type_valeur == "date":
            try:
                return fields.Date.to_date(texte)
            except ValueError as erreur:
                raise ValueError(_("une date au format AAAA-MM-JJ est attendue")) from erreur
        return texte if self.type_valeur == "texte" else self._typer_nombre(texte)

    def _permises(self):
        """Rend les valeurs permises d'un choix."""
        return [mot.strip() for mot in (self.choix or "").split(",")]

    def _typer_nombre(self, texte):
        try:
            nombre = int(texte)
        except ValueError as erreur:
            raise ValueError(_("un nombre entier est attendu")) from erreur
        maximum = 100 if self.type_valeur == "pourcentage" else self.maximum or NOMBRE_MAX
        if not self.minimum <= nombre <= maximum:
            raise ValueError(_("elle va de %(minimum)s à %(maximum)s", minimum=self.minimum, maximum=maximum))
        return nombre

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        parametres = super().create(vals_list)
        parametres._noter_changement(_("Paramètre ajouté"))
        return parametres

    def write(self, vals):
        if not self._ouvert(vals):
            self._refuser_reecriture(vals)
        resultat = super().write(vals)
        self._noter_changement(_("Paramètre modifié"))
        return resultat

    @api.ondelete(at_uninstall=False)
    def _garder_le_passe(self):
        jour = aujourd_hui()
        for parametre in self:
            if parametre.date_debut < jour:
                parametre._refuser_passe()
        self._noter_changement(_("Paramètre supprimé"))

    @api.model
    def _creation_sensible(self, vals):
        """Donner une valeur se fait à deux, même à venir ; à un code que rien ne lit encore, non."""
        code = str({**self.default_get(["code"]), **vals}.get("code") or "")
        return code in self._toutes_les_periodes() or "." in code

    def _verifier_demande(self, valeurs):
        super()._verifier_demande(valeurs)
        self._refuser_reecriture({champ: valeur for champ, valeur in valeurs.items() if champ != "valeur"})

    def _appliquer_changement(self, valeurs, jour):
        """Une valeur en vigueur ne se réécrit pas, même à deux : elle change à partir du jour."""
        if self and "valeur" in valeurs:
            complement = {champ: valeurs[champ] for champ in self._champs_joints if champ in valeurs}
            return self._dater(self.code, valeurs["valeur"], max(jour, aujourd_hui()), **complement)
        return super()._appliquer_changement(valeurs, jour)

    def _refuser_reecriture(self, vals):
        """Refuse de changer ce qui a déjà servi ; une ligne en cours se clôt au plus tôt hier."""
        jour = aujourd_hui()
        veille = jour - timedelta(days=1)
        for parametre in self:
            nouvelles = self.new(vals, origin=parametre)
            if parametre.date_debut < jour and any(c in vals and nouvelles[c] != parametre[c] for c in FIGES):
                parametre._refuser_passe()
            if "date_fin" in vals and nouvelles.date_fin != parametre.date_fin:
                if any(fin and fin < veille for fin in (nouvelles.date_fin, parametre.date_fin)):
                    parametre._refuser_passe()

    def _refuser_passe(self):
        raise UserError(_(
            "« %(nom)s » vaut %(valeur)s depuis le %(jour)s : ce qui a déjà servi ne se réécrit pas. "
            "Passez par « Changer à partir du… ».",
            nom=self.name, valeur=self.valeur, jour=ecrire_date(self.date_debut)))

    def _noter_changement(self, quoi):
        """Oublie les valeurs en mémoire, maintenant et une fois la transaction écrite."""
        self.env.registry.clear_cache()
        self.env.cr.postcommit.add(self.env.registry.clear_cache)

    # ------------------------------------------------------------------ lecture
    @api.model
    def _valeur_publique(self, code, date=None):
        """Rend la valeur d'un paramètre à une date : la méthode `valeur` du contrat.

        :param str code: code du paramètre (« delai_recours », « REC-07.delai_tiers_payant »…)
        :param date: AAAA-MM-JJ, aujourd'hui par défaut
        :return: entier, booléen ou texte (une date s'écrit AAAA-MM-JJ)
        :raise UserError: code inconnu, date illisible, aucune valeur ce jour-là
        """
        self.check_access_rights("read")
        try:
            jour = fields.Date.to_date(date) or aujourd_hui()
        except (TypeError, ValueError) as erreur:
            raise UserError(_("Écrivez la date au format AAAA-MM-JJ.")) from erreur
        valeur = self._au(code, jour)
        return fields.Date.to_string(valeur) if hasattr(valeur, "strftime") else valeur

    @api.model
    def _au(self, code, jour=None):
        """Rend la valeur typée en vigueur un jour donné (défaut : aujourd'hui), sans requête une fois lue.

        :raise UserError: code inconnu ou aucune valeur ce jour-là
        """
        jour = jour or aujourd_hui()
        for debut, fin, valeur in self._periodes(code):
            if debut <= jour and (not fin or jour <= fin):
                return valeur
        raise UserError(_(
            "Le paramètre « %(code)s » n'a pas de valeur au %(jour)s : ajoutez-la dans Configuration, Paramètres.",
            code=code, jour=ecrire_date(jour)))

    @api.model
    def _periodes(self, code):
        """Rend les périodes d'un paramètre, la plus récente d'abord : ((début, fin ou False, valeur typée), …).

        :raise UserError: code inconnu
        """
        periodes = self._toutes_les_periodes().get(code) if isinstance(code, str) else None
        if not periodes:
            raise UserError(_("Le paramètre « %s » n'existe pas : les codes se lisent dans Configuration, "
                              "Paramètres.", code))
        return periodes

    @api.model
    @tools.ormcache()
    def _toutes_les_periodes(self):
        par_code = self.sudo().search([]).grouped("code")
        return {code: tuple((p.date_debut, p.date_fin, p._typer(p.valeur)) for p in lignes)
                for code, lignes in par_code.items()}

    # ------------------------------------------------------------------ changer
    def action_changer(self):
        """Ouvre le geste « Changer à partir du… »."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_base.parametre_wizard_action")
        return {**action, "context": {"default_parametre_id": self.id}}

    @api.model
    def _dater(self, code, valeur, jour, **complement):
        """Clôt la veille la ligne en cours et en ouvre une au `jour` ; celle qui commence ce jour est remplacée.

        Primitive interne : l'assistant, lui, refuse un jour passé.

        :return: la ligne en vigueur au `jour`
        :raise UserError: code inconnu
        """
        lignes = self.search([("code", "=", code)], order="date_debut")
        if not lignes:
            raise UserError(_("Le paramètre « %s » n'existe pas.", code))
        neuves = {"valeur": valeur, **complement}
        couvre = lignes.filtered(lambda ligne: ligne._couvre(jour))
        if couvre.date_debut == jour:
            couvre._ecrire(neuves)
            return couvre
        suivante = lignes.filtered(lambda ligne: ligne.date_debut > jour)[:1]
        fin = couvre.date_fin or (suivante.date_debut - timedelta(days=1) if suivante else False)
        if couvre:
            couvre._ecrire({"date_fin": jour - timedelta(days=1)})
        return (couvre or lignes[-1]).copy({**neuves, "date_debut": jour, "date_fin": fin})
