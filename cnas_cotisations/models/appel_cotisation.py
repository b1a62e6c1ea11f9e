from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_montant
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

from .numeros import tirer
from .roles import AGENT, SUPERVISEUR

SORTES = [("initial", "Appel"), ("complement", "Complément"), ("majoration", "Majoration de retard"), ("taxation", "Taxation d'office")]
A_REMPLIR = frozenset(("montant_employeur", "montant_salarie", "motif"))
MOIS_DU_TRIMESTRE = 3


@actions
class AppelCotisation(models.Model):
    """Ce que la caisse réclame à un cotisant pour une période : une pièce comptable, les parts sur leurs comptes.

    États : brouillon (complément qu'un agent prépare) → émis → annulé. L'appel d'une déclaration validée, d'un trimestre
    d'indépendant ou de l'État naît émis ; ses lignes gardent le barème, les assiettes et les têtes du jour. Il ne change plus :
    une erreur se régularise par un complément, en plus ou en moins, que prépare un agent et qu'émet un superviseur. Un complément,
    une majoration ou une taxation s'annule (superviseur, quatre yeux) : sa pièce est contre-passée.
    """

    _name = "cnas.appel_cotisation"
    _description = "Appel de cotisation"
    _inherit = ["cnas.etat.mixin", "cnas.papier_cotisation.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "date_appel desc, id desc"
    _rec_name = "numero"

    _sorte_papier = "appel"
    _papiers = {"ac": _lt("Avis d'appel de cotisation")}
    _actions = {
        "emettre": Action(titre=_lt("Émettre"), de=("brouillon",), vers=("emis",), roles=(SUPERVISEUR,), quatre_yeux=("create_uid", "rempli_par_id"),
                          empeche=("_complement_impossible",)),
        "regulariser": Action(titre=_lt("Régulariser"), de=("emis",), roles=(AGENT,), seul=True, empeche=("_pas_regularisable",),
                              annonce=False),
        "annuler": Action(titre=_lt("Annuler"), de=("brouillon", "emis"), vers=("annule",), roles=(SUPERVISEUR,), motif=True,
                          quatre_yeux=("emis_par_id",), empeche=("_initial",), annonce=False),
        "imprimer": Action(titre=_lt("Avis PDF"), de=("emis", "annule"), seul=True, annonce=False),
    }
    _champs_geles = (
        "numero", "sorte", "cotisant_id", "declaration_id", "periode", "periode_fin", "date_appel", "date_echeance", "emis_par_id", "rempli_par_id",
        "move_id", "annulation_id", "ligne_due_id", "motif_annulation", "date_annulation", "majore_jusqu_au")
    _champs_fixes = ("origine_id",)
    _champs_journal = ("numero", "sorte", "cotisant_id", "periode", "montant_employeur", "montant_salarie", "motif")

    numero = fields.Char(string="Numéro", readonly=True, copy=False, index=True)
    sorte = fields.Selection(SORTES, string="Sorte", required=True, default="complement", readonly=True)
    cotisant_id = fields.Many2one("cnas.cotisant", string="Cotisant", required=True, readonly=True, index=True, ondelete="restrict")
    employeur_id = fields.Many2one(related="cotisant_id.employeur_id", string="Employeur", store=True, precompute=True, index=True)
    type_cotisant = fields.Selection(related="cotisant_id.type_cotisant", string="Sorte de cotisant")
    declaration_id = fields.Many2one("cnas.declaration_effectif", string="Déclaration", readonly=True, index="btree_not_null", ondelete="restrict")
    origine_id = fields.Many2one("cnas.appel_cotisation", string="Appel régularisé", index="btree_not_null", ondelete="restrict",
                                 domain="[('state', '=', 'emis'), ('sorte', '!=', 'complement')]")
    complement_ids = fields.One2many("cnas.appel_cotisation", "origine_id", string="Compléments", readonly=True)
    periode = fields.Date(string="Période", required=True, readonly=True, index=True, help="Le premier jour de la période appelée.")
    periode_fin = fields.Date(string="Fin de période", readonly=True)
    periode_dite = fields.Char(string="Période appelée", compute="_compute_periode_dite")
    date_appel = fields.Date(string="Appelé le", readonly=True, index=True)
    date_echeance = fields.Date(string="À payer avant le", readonly=True, index=True)
    ligne_ids = fields.One2many("cnas.appel_cotisation.ligne", "appel_id", string="Détail", readonly=True)
    montant_employeur = fields.Monetary(string="Part patronale")
    montant_salarie = fields.Monetary(string="Part salariale")
    montant = fields.Monetary(string="Montant appelé", compute="_compute_montant", store=True, precompute=True)
    motif = fields.Text(string="Motif", help="Pourquoi ce complément.")
    state = fields.Selection([("brouillon", "Brouillon"), ("emis", "Émis"), ("annule", "Annulé")], string="État", default="brouillon",
                             required=True, readonly=True, copy=False, index=True, tracking=True)
    emis_par_id = fields.Many2one("res.users", string="Émis par", readonly=True, copy=False)
    rempli_par_id = fields.Many2one("res.users", string="Rempli par", readonly=True, copy=False, help="Qui a changé le complément en dernier : il ne l'émet pas.")
    move_id = fields.Many2one("account.move", string="Pièce comptable", readonly=True, copy=False, index="btree_not_null", ondelete="restrict")
    annulation_id = fields.Many2one("account.move", string="Contre-passation", readonly=True, copy=False, ondelete="restrict")
    ligne_due_id = fields.Many2one("account.move.line", string="Écriture due", readonly=True, copy=False, index="btree_not_null", ondelete="restrict")
    reste = fields.Monetary(string="Reste à payer", compute="_compute_reste", store=True, precompute=True)
    paiement = fields.Selection([("a_payer", "À payer"), ("partiel", "Payé en partie"), ("paye", "Payé")], string="Paiement",
                                compute="_compute_reste", store=True, precompute=True)
    motif_annulation = fields.Char(string="Motif de l'annulation", readonly=True, copy=False)
    date_annulation = fields.Date(string="Annulé le", readonly=True, copy=False)
    majore_jusqu_au = fields.Date(string="Majoré jusqu'au", readonly=True, copy=False)
    en_retard = fields.Boolean(string="En retard", compute="_compute_en_retard", search="_search_en_retard")

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro d'appel est déjà pris."),
        ("initial_unique", "EXCLUDE (cotisant_id WITH =, periode WITH =) WHERE (sorte = 'initial')", "Cette période est déjà appelée à ce cotisant."),
        ("taxation_unique", "EXCLUDE (cotisant_id WITH =, periode WITH =) WHERE (sorte = 'taxation' AND state <> 'annule')",
         "Ce mois est déjà taxé d'office."),
        ("montant_signe", "CHECK (sorte = 'complement' OR COALESCE(montant_employeur, 0) + COALESCE(montant_salarie, 0) > 0)", "Un appel porte un montant positif."),
    ]

    # ------------------------------------------------------------------ calculs
    @api.depends("montant_employeur", "montant_salarie")
    def _compute_montant(self):
        for appel in self:
            appel.montant = appel.montant_employeur + appel.montant_salarie

    @api.depends("periode", "periode_fin")
    @api.depends_context("lang")
    def _compute_periode_dite(self):
        langue = self.env["res.lang"]._attributs(self.env.lang)["lang"]
        for appel in self:
            appel.periode_dite = ecrire_mois(appel.periode, appel.periode_fin, langue)

    @api.depends("ligne_due_id.amount_residual", "montant", "state")
    def _compute_reste(self):
        for appel in self:
            appel.reste = appel.ligne_due_id.amount_residual if appel.state == "emis" else 0
            appel.paiement = False if appel.state != "emis" else (
                "paye" if not appel.reste else "a_payer" if appel.reste == appel.montant else "partiel")

    @api.depends("reste", "date_echeance", "state")
    def _compute_en_retard(self):
        jour = aujourd_hui()
        for appel in self:
            appel.en_retard = bool(appel.state == "emis" and appel.reste > 0 and appel.date_echeance and appel.date_echeance < jour)

    def _search_en_retard(self, operateur, valeur):
        return self._domaine_oui_non(operateur, valeur, [("state", "=", "emis"), ("reste", ">", 0), ("date_echeance", "<", aujourd_hui())])

    # ------------------------------------------------------------------ CRUD
    def _completer_creation(self, vals_list):
        for vals in vals_list:
            if "origine_id" not in vals and not vals.get("cotisant_id"):
                vals.update(self.default_get(["origine_id"]))
            if vals.get("sorte", "complement") == "complement" and not vals.get("cotisant_id"):
                origine = self.browse(vals.get("origine_id") or ()).exists()
                if not origine or origine.state != "emis" or origine.sorte == "complement":
                    raise UserError(_("Un complément régularise un appel émis, pas un autre complément : choisissez lequel."))
                vals.update(cotisant_id=origine.cotisant_id.id, periode=origine.periode, periode_fin=origine.periode_fin,
                            sorte="complement", declaration_id=origine.declaration_id.id)
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if A_REMPLIR & vals.keys() and not self._ouvert(A_REMPLIR & vals.keys()) and any(appel.state != "brouillon" for appel in self):
            raise UserError(_("Un appel émis ne se modifie pas : régularisez-le par un complément."))
        resultat = super().write(vals)
        if A_REMPLIR & vals.keys():
            self._ecrire({"rempli_par_id": self.env.uid}, suivi=False)
        return resultat

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        if any(appel.state != "brouillon" for appel in self):
            raise UserError(_("Un appel émis ne se supprime pas : régularisez-le par un complément."))

    # ------------------------------------------------------------------ actions
    @transition("emettre")
    def action_emettre(self):
        """Émet des compléments : un numéro, une échéance, une pièce. Rend True.

        :raise UserError: complément nul, sans motif, ou qui ôte plus que l'appel
        """
        jour = aujourd_hui()
        echeance = fields.Date.add(jour, days=self.env["cnas.parametre"]._au("appel_delai_paiement", jour))
        for appel, numero in zip(self, tirer(self.env, "cnas.appel_cotisation", [jour.year] * len(self))):
            appel._changer_etat("emis", numero=numero, date_appel=jour, date_echeance=echeance, emis_par_id=self.env.uid)
        self.sudo()._comptabiliser()

    @transition("regulariser")
    def action_regulariser(self):
        """Ouvre un complément à remplir. Rend une action de fenêtre."""
        return {"type": "ir.actions.act_window", "name": _("Complément"), "res_model": self._name, "view_mode": "form",
                "target": "current", "context": {"default_origine_id": self.id}}

    @transition("annuler")
    def action_annuler(self, motif=None):
        """Annule un complément, une majoration ou une taxation : sa pièce est contre-passée. Rend True, ou l'assistant de motif."""
        emis = self.filtered("move_id")
        self._changer_etat("annule", motif_annulation=motif, date_annulation=aujourd_hui())
        emis.sudo()._contrepasser()

    @transition("imprimer")
    def action_imprimer(self):
        """Ouvre l'avis PDF. Rend une action d'adresse."""
        return self._ouvrir_papier()

    # ------------------------------------------------------------------ ce qui empêche
    def _initial(self):
        return {a._origin.id: _("un appel initial ne s'annule pas : régularisez-le par un complément.") for a in self if a.sorte == "initial"}

    def _pas_regularisable(self):
        return {a._origin.id: _("un complément ne se régularise pas : régularisez l'appel d'origine.") for a in self if a.sorte == "complement"}

    def _complement_impossible(self):
        raisons = {}
        for appel in self:
            origine = appel.origine_id
            deja = sum(origine.complement_ids.filtered(lambda a: a.state == "emis").mapped("montant"))
            if not appel.montant_employeur and not appel.montant_salarie:
                raisons[appel._origin.id] = _("le complément est nul : écrivez ce qui s'ajoute ou s'ôte.")
            elif not (appel.motif or "").strip():
                raisons[appel._origin.id] = _("écrivez pourquoi cet appel se régularise.")
            elif origine and origine.montant + deja + appel.montant < 0:
                raisons[appel._origin.id] = _("il ôterait plus que les %s appelés.", ecrire_montant(origine.montant + deja))
        return raisons

    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"sorte", "montant_employeur", "montant_salarie", "motif", "origine_id"}

    # ------------------------------------------------------------------ émettre
    @api.model
    def _emettre(self, vals_list):
        """Émet des appels en un nombre constant de requêtes.

        :param vals_list: valeurs de l'appel ; « lignes » : valeurs de son détail, dont les parts
        :return: les appels, dans l'ordre
        :raise UserError: période close, montant nul
        """
        if not vals_list:
            return self.browse()
        jour = aujourd_hui()
        delai = fields.Date.add(jour, days=self.env["cnas.parametre"].sudo()._au("appel_delai_paiement", jour))
        numeros = tirer(self.env, "cnas.appel_cotisation", [jour.year] * len(vals_list))
        a_creer, details = [], []
        for vals, numero in zip(vals_list, numeros):
            vals = dict(vals)
            lignes = vals.pop("lignes")
            legale = fields.Date.add(vals["periode"], months=1, day=self.env["cnas.parametre"].sudo()._au("appel_jour_echeance", vals["periode"]))
            a_creer.append({
                "periode_fin": vals["periode"] + relativedelta(months=1, days=-1), "date_echeance": max(legale, delai), **vals, "numero": numero,
                "state": "emis", "date_appel": jour, "emis_par_id": self.env.uid,
                "montant_employeur": sum(ligne["part_employeur"] for ligne in lignes),
                "montant_salarie": sum(ligne["part_salarie"] for ligne in lignes)})
            details.append(lignes)
        appels = self.sudo()._creer(a_creer, suivi=False)
        self.env["cnas.appel_cotisation.ligne"].sudo()._creer([
            {**ligne, "appel_id": appel.id} for appel, lignes in zip(appels, details) for ligne in lignes], suivi=False)
        appels._comptabiliser()
        return appels.with_env(self.env)

    def _comptabiliser(self):
        """Pose la pièce de chaque appel, puis lettre ce que des avances couvrent déjà."""
        societe = self.env["res.company"]._cnas_societe()._cnas_preparer_comptes()
        self.flush_recordset()
        moves = self.env["account.move"]._cnas_poser([appel._piece(societe) for appel in self])
        moves._cnas_rattacher(self, moves, "ligne_due_id", "reste", paiement="a_payer")
        self.cotisant_id._lettrer()

    def _piece(self, societe):
        """Rend la pièce de l'appel, telle que la pose `_cnas_poser`."""
        tiers, libelle = self.cotisant_id.partner_id.id, self._libelle()
        return {"name": self.numero, "ref": libelle, "date": self.date_appel, "journal_id": societe.cnas_journal_appel_id.id, "lignes": [
            (societe.cnas_compte_cotisant_id.id, tiers, libelle, self.date_echeance, int(self.montant)),
            *((compte.id, tiers, libelle, None, -int(montant)) for compte, montant in self._ventilation(societe))]}

    def _ventilation(self, societe):
        """Point d'extension : rend [(compte, montant)] de ce qui est appelé."""
        if self.sorte == "majoration":
            return [(societe.cnas_compte_majoration_id, self.montant)]
        if self.cotisant_id.type_cotisant == "etat":
            return [(societe.cnas_compte_dotation_id, self.montant)]
        if self.cotisant_id.type_cotisant == "independant":
            return [(societe.cnas_compte_independant_id, self.montant)]
        return [(societe.cnas_compte_part_employeur_id, self.montant_employeur), (societe.cnas_compte_part_salarie_id, self.montant_salarie)]

    def _libelle(self):
        sorte = dict(self._fields["sorte"]._description_selection(self.env))[self.sorte]
        return f"{sorte} {ecrire_mois(self.periode, self.periode_fin)}"

    def _annuler_taxations(self):
        """Annule des taxations que des déclarations validées remplacent."""
        if self:
            motif = _("Déclaration validée")
            self._changer_etat("annule", motif_annulation=motif, date_annulation=aujourd_hui())
            self._contrepasser()

    def _contrepasser(self):
        noms = tirer(self.env, "cnas.contrepassation_cotisation", [aujourd_hui().year] * len(self))
        inverses = self.env["account.move"]._cnas_contrepasser(self.move_id, noms, aujourd_hui())
        for appel, inverse in zip(self, inverses):
            appel._ecrire({"annulation_id": inverse.id}, suivi=False)
        self.env.flush_all()
        self.cotisant_id._lettrer()

    # ------------------------------------------------------------------ indépendants et État
    @api.model
    def _trimestre(self, jour):
        """Rend (premier, dernier jour) du trimestre de ce jour."""
        debut = jour.replace(day=1, month=jour.month - (jour.month - 1) % MOIS_DU_TRIMESTRE)
        return debut, debut + relativedelta(months=MOIS_DU_TRIMESTRE, days=-1)

    @api.model
    def appeler_trimestre(self, jour=None):
        """Appelle le trimestre de ce jour aux indépendants et à l'État ; ce qui est déjà appelé ne l'est pas deux fois.

        :param str jour: AAAA-MM-JJ, aujourd'hui par défaut
        :return: le nombre d'appels émis
        :raise UserError: date à venir, barème ou montant par tête absent
        """
        self._exiger_groupe(SUPERVISEUR, _("appeler un trimestre"))
        jour = lire_date(jour, aujourd_hui(), _("Jour"), stricte=True)
        debut, fin = self._trimestre(jour)
        if debut > aujourd_hui():
            raise UserError(_("Le trimestre du %s n'a pas commencé.", ecrire_date(debut)))
        return len(self.sudo()._appeler_independants(debut, fin)) + len(self.sudo()._appeler_etat(debut, fin))

    @api.model
    def _appeler_du_jour(self):
        """Tâche planifiée : le trimestre en cours."""
        self.appeler_trimestre()

    @api.model
    def _appeler_independants(self, debut, fin):
        """Émet l'appel trimestriel de chaque indépendant aux droits ouverts : le forfait du barème, par tête et par mois."""
        regime = self.env.ref("cnas_base.regime_asi")
        bareme = self.env["cnas.bareme_cotisation"]._par_regime(debut).get(regime.id)
        if not bareme or bareme.mode != "forfait" or not bareme.forfait:
            raise UserError(_("Aucun forfait par tête ne vaut au %(jour)s pour le régime %(regime)s : posez son barème.",
                              jour=ecrire_date(debut), regime=regime.code))
        tetes = self._tetes(regime, debut)
        deja = set(self.search([("sorte", "=", "initial"), ("periode", "=", debut), ("cotisant_id.type_cotisant", "=", "independant")])
                   .cotisant_id.assure_id.ids)
        assures = self.env["cnas.assure"].browse([a for a in tetes if a not in deja])
        comptes = self.env["cnas.cotisant"]._de(assures)
        return self._emettre([{
            "sorte": "initial", "cotisant_id": comptes[assure].id, "periode": debut, "periode_fin": fin,
            "date_echeance": self._echeance_du_trimestre(debut), "lignes": [{
                "regime_id": regime.id, "mode": "forfait", "forfait": bareme.forfait, "tetes": tetes[assure.id], "mois": MOIS_DU_TRIMESTRE,
                "part_employeur": 0, "part_salarie": int(bareme.forfait) * MOIS_DU_TRIMESTRE * tetes[assure.id]}]} for assure in assures])

    @api.model
    def _appeler_etat(self, debut, fin):
        """Émet l'appel à l'État : les têtes de l'assistance médicale, par le montant daté d'une tête et d'un mois."""
        cotisant, regime = self.env["cnas.cotisant"]._de_l_etat(), self.env.ref("cnas_base.regime_amed")
        montant = self.env["cnas.parametre"]._au("amed_montant_tete", debut)
        tetes = sum(self._tetes(regime, debut).values())
        if not tetes or not montant or self.search_count(
                [("cotisant_id", "=", cotisant.id), ("sorte", "=", "initial"), ("periode", "=", debut)], limit=1):
            return self.browse()
        return self._emettre([{
            "sorte": "initial", "cotisant_id": cotisant.id, "periode": debut, "periode_fin": fin,
            "date_echeance": self._echeance_du_trimestre(debut), "lignes": [{
                "regime_id": regime.id, "mode": "etat", "forfait": montant, "tetes": tetes, "mois": MOIS_DU_TRIMESTRE,
                "part_employeur": montant * MOIS_DU_TRIMESTRE * tetes, "part_salarie": 0}]}])

    @api.model
    def _echeance_du_trimestre(self, debut):
        delai = self.env["cnas.parametre"]._au("appel_trimestre_delai", debut)
        return fields.Date.add(max(debut, aujourd_hui()), days=delai)

    @api.model
    def _tetes(self, regime, jour):
        """Rend {principal: têtes couvertes} du régime ce jour-là, lui et les siens, les décédés et les non couverts exclus."""
        self.env.flush_all()
        self.env.cr.execute("""
            SELECT p.id, 1 + count(k.membre_id)
              FROM cnas_assure p
              LEFT JOIN cnas_lien_familial k ON k.principal_id = p.id AND k.date_debut <= %(jour)s
                    AND (k.date_fin IS NULL OR k.date_fin >= %(jour)s)
                    AND NOT EXISTS (SELECT 1 FROM cnas_assure m WHERE m.id = k.membre_id AND m.date_deces < %(jour)s)
             WHERE p.regime_id = %(regime)s AND p.type_assure = 'principal' AND p.state = 'actif'
               AND (p.date_deces IS NULL OR p.date_deces >= %(jour)s)
               AND EXISTS (SELECT 1 FROM cnas_droit d WHERE d.assure_id = p.id AND d.state = 'ouvert' AND d.date_debut <= %(fin)s
                             AND (d.date_fin IS NULL OR d.date_fin >= %(jour)s))
             GROUP BY p.id ORDER BY p.id""",
                            {"jour": jour, "regime": regime.id, "fin": jour + relativedelta(months=MOIS_DU_TRIMESTRE, days=-1)})
        return dict(self.env.cr.fetchall())

    # ------------------------------------------------------------------ papier
    def _pdf(self):
        from ..report.avis import dessiner_avis

        return dessiner_avis(self)

    def _faits_du_papier(self, code):
        faits = [(_("Numéro"), self.numero), (_("Cotisant"), self.cotisant_id.matricule or self.cotisant_id.name), (_("Période"), ecrire_mois(self.periode, self.periode_fin)),
                 (_("Montant appelé"), ecrire_montant(self.montant)), (_("À payer avant le"), ecrire_date(self.date_echeance))]
        return faits if self.state != "annule" else [*faits, (_("Annulé le"), ecrire_date(self.date_annulation))]
