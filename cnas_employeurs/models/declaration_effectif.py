from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_xlsx
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

AGENT, CONTROLEUR, SUPERVISEUR = (f"cnas_base.group_{role}" for role in ("agent", "controleur", "superviseur"))


@actions
class DeclarationEffectif(models.Model):
    """La déclaration mensuelle nominative d'un employeur : qui travaille, pour quel salaire.

    États : brouillon → déposée → validée | rejetée ; une déclaration rejetée se reprend (brouillon).
    Préparée à partir de l'effectif, saisie ou importée. Validée, elle met à jour les emplois et les
    droits : les entrants sont rattachés, les sortants quittent l'effectif et gardent leurs droits
    pendant le maintien (paramètre, en mois). Le dépôt fige ce qui est appelé : régime, barème et parts sont
    recopiés sur les lignes (et recopiés de nouveau si la déclaration, rejetée, est redéposée).

    L'agent saisit un brouillon ; le reste : la table `_actions`.
    """

    _name = "cnas.declaration_effectif"
    _description = "Déclaration d'effectif"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "periode desc, employeur_id"

    _actions = {
        "preparer": Action(titre=_lt("Préparer depuis l'effectif"), de=("brouillon",), roles=(AGENT,)),
        "importer": Action(titre=_lt("Importer un classeur"), seul=True, de=("brouillon",), roles=(AGENT,)),
        "deposer": Action(titre=_lt("Déposer"), de=("brouillon",), vers=("deposee",), roles=(AGENT,),
                          empeche=("_indeposable",)),
        "valider": Action(titre=_lt("Valider"), de=("deposee",), vers=("validee",), roles=(SUPERVISEUR,),
                          quatre_yeux=("depose_par_id", "create_uid")),
        "rejeter": Action(titre=_lt("Rejeter"), de=("deposee",), vers=("rejetee",), roles=(CONTROLEUR,), motif=True),
        "reprendre": Action(titre=_lt("Reprendre"), de=("rejetee",), vers=("brouillon",), roles=(AGENT,)),
    }
    _champs_geles = ("date_depot", "depose_par_id", "date_validation", "valide_par_id", "motif_rejet", "date_relance")

    employeur_id = fields.Many2one(
        "cnas.employeur", string="Employeur", required=True, index=True, ondelete="restrict", tracking=True)
    periode = fields.Date(
        string="Période", required=True, index=True, tracking=True,
        default=lambda self: aujourd_hui().replace(day=1) - relativedelta(months=1),
        help="Le premier jour du mois déclaré.")
    date_limite = fields.Date(string="Date limite", compute="_compute_date_limite", store=True)
    ligne_ids = fields.One2many("cnas.declaration_effectif.ligne", "declaration_id", string="Salariés déclarés",
                                groups="cnas_base.group_interne")
    effectif_declare = fields.Integer(string="Effectif déclaré", compute="_compute_totaux", store=True)
    masse_salariale = fields.Monetary(string="Masse salariale", compute="_compute_totaux", store=True)
    montant_employeur = fields.Monetary(string="Part employeur", compute="_compute_totaux", store=True)
    montant_salarie = fields.Monetary(string="Part salariés", compute="_compute_totaux", store=True)
    montant_appele = fields.Monetary(
        string="Montant appelé", compute="_compute_totaux", store=True,
        help="Cotisations dues selon le barème en vigueur le mois déclaré.")
    nombre_ecarts = fields.Integer(string="Écarts", compute="_compute_totaux", store=True)
    sortant_ids = fields.Many2many(
        "cnas.assure", string="Sortants", compute="_compute_sortant_ids", groups="cnas_base.group_interne",
        help="Salariés de l'effectif du mois absents de la déclaration.")
    state = fields.Selection(
        [("brouillon", "Brouillon"), ("deposee", "Déposée"), ("validee", "Validée"), ("rejetee", "Rejetée")],
        string="Statut", default="brouillon", required=True, copy=False, index=True, tracking=True)
    motif_rejet = fields.Text(string="Motif du rejet", copy=False, tracking=True)
    date_depot = fields.Datetime(string="Déposée le", copy=False)
    depose_par_id = fields.Many2one("res.users", string="Déposée par", copy=False)
    date_validation = fields.Datetime(string="Validée le", copy=False)
    valide_par_id = fields.Many2one("res.users", string="Validée par", copy=False)
    date_relance = fields.Date(string="Dernière relance", copy=False)
    en_retard = fields.Boolean(string="En retard", compute="_compute_en_retard", search="_search_en_retard")

    _sql_constraints = [
        ("mois_unique", "UNIQUE (employeur_id, periode)", "Cet employeur a déjà une déclaration pour ce mois."),
        ("premier_du_mois", "CHECK (extract(day FROM periode) = 1)", "La période est le premier jour d'un mois."),
    ]

    # ------------------------------------------------------------------ contraintes
    @api.constrains("periode")
    def _check_periode(self):
        for declaration in self:
            if declaration.periode > aujourd_hui():
                raise ValidationError(_("On ne déclare pas un mois à venir : vérifiez la période."))

    # ------------------------------------------------------------------ calculs
    @api.depends("employeur_id", "periode")
    def _compute_display_name(self):
        for declaration in self:
            mois = ecrire_mois(declaration.periode) if declaration.periode else _("Nouveau")
            declaration.display_name = f"{declaration.employeur_id.raison_sociale or ''} — {mois}"

    @api.depends("periode")
    def _compute_date_limite(self):
        for declaration in self:
            periode = declaration.periode
            jour = periode and self.env["cnas.parametre"]._au("jour_limite", periode)
            declaration.date_limite = periode and periode + relativedelta(months=1, day=jour)

    @api.depends("ligne_ids.salaire", "ligne_ids.part_employeur", "ligne_ids.part_salarie", "ligne_ids.ecart")
    def _compute_totaux(self):
        for declaration in self:
            lignes = declaration.ligne_ids
            declaration.effectif_declare = len(lignes)
            declaration.masse_salariale = sum(lignes.mapped("salaire"))
            declaration.montant_employeur = sum(lignes.mapped("part_employeur"))
            declaration.montant_salarie = sum(lignes.mapped("part_salarie"))
            declaration.montant_appele = declaration.montant_employeur + declaration.montant_salarie
            declaration.nombre_ecarts = sum(1 for ligne in lignes if ligne.ecart != "aucun")

    @api.depends("ligne_ids.assure_id", "employeur_id", "periode")
    def _compute_sortant_ids(self):
        effectifs = self.filtered(lambda d: d.state != "validee")._effectifs_du_mois()
        for declaration in self:
            presents = effectifs.get(declaration, self.env["cnas.assure"])
            declaration.sortant_ids = presents - declaration.ligne_ids.assure_id

    @api.depends("state", "date_limite")
    def _compute_en_retard(self):
        aujourdhui = aujourd_hui()
        for declaration in self:
            declaration.en_retard = (
                declaration.state in ("brouillon", "rejetee")
                and bool(declaration.date_limite) and declaration.date_limite < aujourdhui)

    def _search_en_retard(self, operator, value):
        """Traduit « en retard » : ni déposée ni validée, date limite passée."""
        retard = [("state", "in", ("brouillon", "rejetee")), ("date_limite", "<", aujourd_hui())]
        return retard if (operator == "=") == bool(value) else ["!", "&", *retard]

    # ------------------------------------------------------------------ CRUD
    def write(self, vals):
        if {"employeur_id", "periode", "ligne_ids"} & vals.keys():
            self._exiger_brouillon()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_deposee(self):
        if any(d.state != "brouillon" or d.date_depot for d in self):
            raise UserError(_("Une déclaration déposée ne se supprime pas : rejetez-la avec un motif."))

    # ------------------------------------------------------------------ actions
    @transition("preparer")
    def action_preparer(self):
        """Remplit la déclaration avec l'effectif du mois et les derniers salaires connus."""
        manquants = {declaration: presents - declaration.ligne_ids.assure_id
                     for declaration, presents in self._effectifs_du_mois().items()}
        salaires = self._derniers_salaires(self.env["cnas.assure"].union(*manquants.values()))
        self.env["cnas.declaration_effectif.ligne"].create([
            {"declaration_id": declaration.id, "assure_id": assure.id, "matricule_declare": assure.matricule,
             "salaire": salaires.get((declaration, assure), 0)}
            for declaration, assures in manquants.items() for assure in assures])
        self.ligne_ids._recopier()

    @transition("deposer")
    def action_deposer(self):
        """Dépose la déclaration : elle ne se modifie plus.

        :raise UserError: déclaration vide, employeur non actif, salarié inconnu
        """
        self.ligne_ids._recopier()
        self._changer_etat("deposee", date_depot=fields.Datetime.now(), depose_par_id=self.env.uid, motif_rejet=False)
        self.activity_unlink(["cnas_employeurs.mail_activity_declaration"])

    @transition("valider")
    def action_valider(self):
        """Valide la déclaration et met à jour l'effectif et les droits.

        :raise UserError: si celui qui valide est celui qui a déposé (quatre yeux)
        """
        for declaration in self.sorted("periode"):
            declaration._changer_etat("validee", date_validation=fields.Datetime.now(), valide_par_id=self.env.uid)
            declaration._appliquer_mouvements()

    @transition("rejeter")
    def action_rejeter(self, motif=None):
        """Rejette la déclaration déposée. Motif obligatoire ; contrôleur."""
        self._changer_etat("rejetee", motif_rejet=motif)

    @transition("reprendre")
    def action_reprendre(self):
        """Remet en brouillon une déclaration rejetée, pour la corriger."""
        self._changer_etat("brouillon")

    @transition("importer")
    def action_importer(self):
        """Ouvre l'import d'un classeur pour cette déclaration. Rend une action de fenêtre."""
        return {"type": "ir.actions.act_window", "name": _("Importer un classeur"), "res_model": "cnas.import_fichier",
                "view_mode": "form", "target": "current",
                "context": {"default_sujet": "declaration", "default_declaration_id": self.id}}

    def action_telecharger_modele(self):
        """Rend le téléchargement du classeur à remplir, les salariés déjà saisis dedans."""
        self.ensure_one()
        self._exiger_groupe(AGENT, _("télécharger une déclaration"))
        self._journaliser_export({"quoi": "salariés d'une déclaration"})
        salaries = {ligne.id: (ligne.assure_id.matricule or ligne.matricule_declare, ligne.assure_id.name or ligne.nom_declare)
                    for ligne in self.ligne_ids}
        piece = self.env["ir.attachment"].create({
            "name": _("declaration.xlsx"), "raw": self._classeur(salaries), "res_model": self._name, "res_id": self.id})
        return {"type": "ir.actions.act_url", "url": f"/web/content/{piece.id}?download=true", "target": "self"}

    # ------------------------------------------------------------------ métier
    def _classeur(self, salaries):
        """Rend les octets du classeur à remplir, les salariés déjà saisis dedans. Entrée : {ligne: (matricule, nom)}."""
        colonnes = [nom for _code, nom, _oblig, _aide in self.env["cnas.colonne"].sudo()._du_sujet("declaration")]
        en_plus, titres = self.ligne_ids._en_plus(), self.ligne_ids._titres_en_plus(self.periode)
        rangs = [(*salaries[ligne.id], int(ligne.salaire), ligne.date_embauche or None, *(en_plus[ligne].get(code) for code in titres))
                 for ligne in self.ligne_ids]
        return ecrire_xlsx([*colonnes, *titres.values()], rangs, _("Déclaration"))

    def _remplacer_lignes(self, lignes):
        """Remplace les salariés de la déclaration par ceux-ci."""
        self.ligne_ids.unlink()
        self.ligne_ids._ajouter([{**vals, "declaration_id": self.id} for vals in lignes])

    def _exiger_brouillon(self):
        for declaration in self:
            if declaration.state != "brouillon":
                raise UserError(_("La déclaration %s est déjà déposée : elle ne se modifie plus.",
                                  declaration.display_name))

    def _indeposable(self):
        """Rend {id: phrase} des déclarations vides, d'un employeur inactif ou à salarié inconnu."""
        raisons = {}
        for declaration in self:
            inconnus = declaration.ligne_ids.filtered(lambda ligne: not ligne.assure_id)
            if not declaration.ligne_ids:
                raison = _("La déclaration de %s est vide : préparez-la ou importez-la d'abord.",
                           declaration.display_name)
            elif declaration.employeur_id.state != "actif":
                raison = _("« %s » n'est pas un employeur actif.", declaration.employeur_id.raison_sociale)
            elif inconnus:
                raison = _("%(nombre)s salariés ne sont pas reconnus (premier : %(premier)s) : "
                           "corrigez leur matricule ou retirez la ligne.", nombre=len(inconnus),
                           premier=inconnus[0].matricule_declare or inconnus[0].nom_declare)
            else:
                continue
            raisons[declaration._origin.id] = raison
        return raisons

    def _effectifs_du_mois(self):
        """Rend {déclaration: assurés dont l'emploi couvre au moins un jour du mois déclaré}, en une requête."""
        mois = {d: (d.periode, d.periode + relativedelta(months=1, days=-1)) for d in self if d.periode and d.employeur_id}
        emplois = self.env["cnas.emploi"]
        if mois:
            emplois = emplois.search([
                ("employeur_id", "in", self.employeur_id._origin.ids), ("date_debut", "<=", max(fin for _debut, fin in mois.values())),
                "|", ("date_fin", "=", False), ("date_fin", ">=", min(debut for debut, _fin in mois.values()))])
        par_employeur = emplois.grouped("employeur_id")
        effectifs = dict.fromkeys(self, self.env["cnas.assure"])
        for declaration, (debut, fin) in mois.items():
            effectifs[declaration] = par_employeur.get(declaration.employeur_id._origin, emplois.browse()).filtered(
                lambda e, debut=debut, fin=fin: e.date_debut <= fin and (not e.date_fin or e.date_fin >= debut)).assure_id
        return effectifs

    def _derniers_salaires(self, assures):
        """Rend {(déclaration, assuré): dernier salaire déclaré avant elle chez cet employeur}, en une requête."""
        lignes = self.env["cnas.declaration_effectif.ligne"].search(
            [("declaration_id.employeur_id", "in", self.employeur_id.ids), ("assure_id", "in", assures.ids),
             ("declaration_id.periode", "<", max(self.mapped("periode")))], order="id")
        par_employeur = lignes.grouped(lambda ligne: ligne.declaration_id.employeur_id)
        return {(declaration, ligne.assure_id): ligne.salaire
                for declaration in self for ligne in par_employeur.get(declaration.employeur_id, ())
                if ligne.declaration_id.periode < declaration.periode}

    def _appliquer_mouvements(self):
        """Rattache les entrants, fait sortir les absents, ouvre et borne les droits."""
        self.ensure_one()
        emplois = self.env["cnas.emploi"]
        presents = self._effectifs_du_mois()[self]
        entrants = self.ligne_ids.filtered(lambda ligne: ligne.assure_id not in presents)
        emplois._embaucher(
            self.employeur_id, {ligne.assure_id.id: ligne.date_embauche or self.periode for ligne in entrants})
        sortants = presents - self.ligne_ids.assure_id
        derniere_presence = self.periode - relativedelta(days=1)
        emplois.search([
            ("employeur_id", "=", self.employeur_id.id), ("assure_id", "in", sortants.ids), ("date_fin", "=", False),
        ])._clore(derniere_presence, _("Absent de la déclaration : %s", ecrire_mois(self.periode)))
        mois = self.env["cnas.parametre"]._au("maintien_mois", derniere_presence)
        fin_maintien = derniere_presence + relativedelta(months=mois)
        sortants.sudo()._maintenir_apres_emploi(fin_maintien)
        entrants.assure_id.sudo()._ouvrir_par_emploi(self.periode)
        if entrants or sortants:
            self.message_post(body=_(
                "Effectif mis à jour : %(entrants)s entrants, %(sortants)s sortants (droits maintenus jusqu'au %(fin)s).",
                entrants=len(entrants), sortants=len(sortants), fin=ecrire_date(fin_maintien)))

    # ------------------------------------------------------------------ tâche planifiée
    @api.model
    def _relancer_retards(self):
        """Ouvre la déclaration attendue de chaque employeur actif et relance les retards, une fois par mois."""
        aujourdhui = aujourd_hui()
        periode = aujourdhui.replace(day=1) - relativedelta(months=1)
        attendus = self.env["cnas.employeur"].search([("state", "=", "actif"), ("emploi_ids", "!=", False)])
        deja = self.search([("employeur_id", "in", attendus.ids), ("periode", "=", periode)]).employeur_id
        self.create([{"employeur_id": employeur.id, "periode": periode} for employeur in attendus - deja])
        retards = self.search([
            ("en_retard", "=", True), ("employeur_id.state", "=", "actif"),
            "|", ("date_relance", "=", False), ("date_relance", "<", aujourdhui.replace(day=1)),
        ])
        retards._ecrire({"date_relance": aujourdhui})
        for createur, siennes in retards.grouped(lambda d: d.employeur_id.create_uid).items():
            siennes.activity_schedule(
                "cnas_employeurs.mail_activity_declaration", date_deadline=aujourdhui, user_id=createur.id)
        gabarit = self.env.ref("cnas_employeurs.mail_template_relance")
        for declaration in retards.filtered(lambda d: d.employeur_id.email):
            gabarit.send_mail(declaration.id)
