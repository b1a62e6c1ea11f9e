from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from .facture.dossier import FINANCE, ORDRES_VIVANTS


@actions
class OrdrePaiement(models.Model):
    """Ordre de payer un compte : le RIB y est figé au jour de l'ordonnancement.

    États : émis → en lot → transmis → payé ; rejeté par la banque (puis réémis) ou annulé (table `_actions`).
    Il naît de l'ordonnancement ; personne ne le crée ni ne le modifie à la main. Qui l'émet, ou le réémet
    (`create_uid`), l'ordonnance : il ne le paiera pas. Rien ne part d'une facture qui n'est plus ordonnancée.
    """

    _name = "cnas.ordre_paiement"
    _description = "Ordre de paiement"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "id desc"
    _rec_name = "numero"

    _etat_initial = "emis"
    _actions = {
        "creer_lot": Action(
            titre=_lt("Préparer le lot de virements"), de=("emis",), vers=("en_lot",), roles=(FINANCE,),
            empeche=("_empeche_facture", "_empeche_payeur", "_empeche_rib")),
        "rejeter_banque": Action(titre=_lt("Rejet de la banque"), de=ORDRES_VIVANTS, vers=("rejete",), roles=(FINANCE,), motif=True),
        "reemettre": Action(
            titre=_lt("Réémettre"), de=("rejete",), roles=(FINANCE,),
            quatre_yeux=("validateur_id", "premier_validateur_id"), empeche=("_empeche_facture", "_empeche_reemis", "_empeche_decideur_du_rib")),
    }
    # Le paiement de la facture, l'annulation de son ordonnancement, la vie du lot.
    _passages = {
        "emis": ("paye", "annule"), "en_lot": ("emis", "transmis", "paye", "annule"), "transmis": ("paye",),
        "rejete": ("annule",)}
    _champs_geles = (
        "numero", "facture_id", "formation_id", "assure_id", "compte", "mode_paiement", "montant", "titulaire",
        "compte_bancaire_id", "compte_paiement_id", "rib", "banque", "telephone", "lot_id", "remplace_id", "motif_rejet", "date_emission",
        "date_paiement", "reference_paiement", "payeur_id",
    )
    _champs_journal = ("facture_id", "compte", "montant", "mode_paiement", "rib", "telephone")

    numero = fields.Char(string="Numéro", required=True, readonly=True, index=True, copy=False)
    facture_id = fields.Many2one(
        "cnas.facture", string="Facture", required=True, index=True, ondelete="restrict", readonly=True)
    validateur_id = fields.Many2one(related="facture_id.validateur_id", string="Facture validée par", store=True)
    premier_validateur_id = fields.Many2one(
        related="facture_id.premier_validateur_id", string="Facture validée une première fois par", store=True)
    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", index=True, ondelete="restrict", readonly=True)
    assure_id = fields.Many2one(
        "cnas.assure", string="Assuré", index="btree_not_null", ondelete="restrict", readonly=True)
    compte = fields.Selection(
        [("principal", "Compte principal"), ("pharmacie", "Compte pharmacie"), ("assure", "Assuré")],
        string="Compte", required=True, readonly=True)
    mode_paiement = fields.Selection(
        [("virement", "Virement"), ("mobile_money", "Mobile money"), ("cheque", "Chèque du Trésor")],
        string="Mode de paiement", required=True, readonly=True)
    montant = fields.Monetary(string="Montant", required=True, readonly=True)
    titulaire = fields.Char(string="Titulaire", readonly=True)
    compte_bancaire_id = fields.Many2one(
        "res.partner.bank", string="Compte bancaire", readonly=True, ondelete="restrict", index="btree_not_null")
    compte_paiement_id = fields.Many2one(
        "cnas.compte_paiement", string="Compte de paiement", readonly=True, ondelete="restrict", index="btree_not_null")
    rib = fields.Char(string="RIB figé", readonly=True, help="Recopié à l'ordonnancement, comparé avant paiement.")
    banque = fields.Char(string="Banque", readonly=True)
    telephone = fields.Char(string="Téléphone du paiement mobile", readonly=True)
    state = fields.Selection(
        [("emis", "Émis"), ("en_lot", "En lot"), ("transmis", "Transmis à la banque"), ("paye", "Payé"),
         ("rejete", "Rejeté par la banque"), ("annule", "Annulé")],
        string="État", default="emis", required=True, readonly=True, index=True, tracking=True)
    lot_id = fields.Many2one(
        "cnas.lot_virement", string="Lot de virements", readonly=True, index="btree_not_null", ondelete="restrict")
    remplace_id = fields.Many2one(
        "cnas.ordre_paiement", string="Réémission de", readonly=True, index="btree_not_null", ondelete="restrict")
    remplacant_ids = fields.One2many("cnas.ordre_paiement", "remplace_id", string="Réémis par", readonly=True)
    motif_rejet = fields.Char(string="Motif du rejet ou de l'annulation", readonly=True)
    date_emission = fields.Date(string="Émis le", readonly=True)
    date_paiement = fields.Date(string="Payé le", readonly=True)
    reference_paiement = fields.Char(string="Référence", readonly=True)
    payeur_id = fields.Many2one("res.users", string="Payé par", readonly=True)

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro d'ordre est déjà pris."),
        ("vivant", "", "Ce compte a déjà un ordre de paiement pour cette facture."),
        ("montant_positif", "CHECK (montant > 0)", "Un ordre de paiement porte un montant positif."),
        ("virement_avec_rib", "CHECK (mode_paiement <> 'virement' OR rib IS NOT NULL)",
         "Un ordre de virement porte un RIB."),
        ("paiement_date", "CHECK (state <> 'paye' OR (date_paiement IS NOT NULL AND reference_paiement IS NOT NULL))",
         "Un ordre payé porte la date et la référence du paiement."),
    ]

    def init(self):
        super().init()
        # Un seul ordre vivant par facture et par compte : pas de double paiement, même en concurrence.
        self.env.cr.execute("""
            CREATE UNIQUE INDEX IF NOT EXISTS cnas_ordre_paiement_vivant ON cnas_ordre_paiement (facture_id, compte)
                WHERE state IN ('emis', 'en_lot', 'transmis', 'paye')
        """)

    # ------------------------------------------------------------------ CRUD
    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un ordre de paiement ne se supprime pas."))

    # ------------------------------------------------------------------ actions publiques
    @transition("creer_lot")
    def action_creer_lot(self):
        """Met les ordres émis (virements) dans un nouveau lot. Rend l'action qui ouvre le lot.

        :raise UserError: aucun virement à mettre en lot
        """
        ordres = self.filtered(lambda o: o.mode_paiement == "virement")
        if not ordres:
            raise UserError(_("Choisissez des ordres émis, payables par virement."))
        freres = ordres.facture_id.ordre_ids.filtered(
            lambda o: o.state == "emis" and o.mode_paiement == "virement")
        # Paiement partiel interdit : les deux ordres d'une facture partent ensemble.
        ordres |= freres
        ordres.facture_id._verrouiller()
        ordres._exiger("creer_lot")
        lot = self.env["cnas.lot_virement"]._creer([{
            "numero": self.env["ir.sequence"].sudo().next_by_code(
                "cnas.lot_virement", sequence_date=aujourd_hui())}])
        ordres._changer_etat("en_lot", lot_id=lot.id)
        return {
            "type": "ir.actions.act_window", "res_model": "cnas.lot_virement", "res_id": lot.id,
            "view_mode": "form", "target": "current",
        }

    @transition("rejeter_banque")
    def action_rejeter_banque(self, motif=None):
        """Note que la banque a rendu le virement. Une facture déjà payée redevient ordonnancée.

        :return: True, ou l'action de l'assistant de motif
        """
        self.facture_id._verrouiller()
        # Un ordre rejeté avant d'être remis à la banque n'est plus de son lot.
        self.filtered(lambda o: o.state == "en_lot")._changer_etat("emis", lot_id=False)
        self._changer_etat("rejete", motif_rejet=motif)
        self.facture_id._rouvrir_apres_rejet_banque()

    @transition("reemettre")
    def action_reemettre(self):
        """Réémet les ordres rejetés vers le compte d'aujourd'hui. Rend True."""
        self.facture_id._verrouiller()
        self.flush_recordset()
        comptes = self.facture_id._comptes_du_jour()
        self.sudo()._creer([{
            **ordre._valeurs_beneficiaire(ordre.facture_id, ordre.compte, comptes), "montant": ordre.montant,
            "remplace_id": ordre.id,
            "numero": self.env["ir.sequence"].sudo().next_by_code("cnas.ordre_paiement", sequence_date=aujourd_hui()),
        } for ordre in self])

    # ------------------------------------------------------------------ métier
    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"remplacant_ids", "facture_id.state", "facture_id.ordonnateur_id"}

    def _empeche_facture(self):
        """Rend {id: raison} des ordres dont la facture n'est pas, ou n'est plus, ordonnancée."""
        return {ordre.id: _("l'ordre %(ordre)s ne part pas : sa facture %(facture)s n'est plus ordonnancée (« %(etat)s »).",
                            ordre=ordre.numero, facture=ordre.facture_id.numero,
                            etat=ordre.facture_id._libelle_etat(ordre.facture_id.state))
                for ordre in self.sudo() if ordre.facture_id.state != "ordonnancee"}

    def _empeche_payeur(self):
        """Rend {id: raison} des ordres que l'usager ne paie pas : la loi est celle de la facture."""
        return self._raisons_de_la_facture("_empeche_payeur")

    def _empeche_decideur_du_rib(self):
        """Rend {id: raison} des ordres d'une formation dont l'usager a décidé le RIB."""
        return self._raisons_de_la_facture("_empeche_decideur_du_rib")

    def _raisons_de_la_facture(self, methode):
        raisons = getattr(self.sudo().facture_id, methode)()
        return {ordre.id: raisons[ordre.facture_id.id] for ordre in self.sudo() if ordre.facture_id.id in raisons}

    def _empeche_rib(self):
        """Rend {id: raison} des virements dont le RIB a changé depuis l'ordre, ou qu'un changement met en doute."""
        raisons, virements = {}, self.sudo().filtered(lambda o: o.mode_paiement == "virement")
        suspens = virements.formation_id._ribs_en_suspens()
        for ordre in virements:
            if ordre._rib_change():
                raisons[ordre.id] = _(
                    "Le RIB de %(formation)s a changé depuis l'ordonnancement de %(ordre)s : annulez "
                    "l'ordonnancement, vérifiez le nouveau RIB auprès de la formation, puis ordonnancez à nouveau.",
                    formation=ordre.formation_id.name, ordre=ordre.numero)
                continue
            doute = next(filter(None, (suspens.get((ordre.formation_id.id, usage)) for usage in ordre._usages_du_rib())), None)
            if doute:
                raisons[ordre.id] = _("L'ordre %(ordre)s ne part pas : %(doute)s", ordre=ordre.numero, doute=doute)
        return raisons

    def _rib_change(self):
        """Dit si le compte de la formation n'est plus celui que l'ordonnateur a signé ; celui d'un assuré ne déroute pas l'ordre."""
        return self.compte != "assure" and self.mode_paiement == "virement" and self.rib != self._compte_courant(self.formation_id, self.compte).acc_number

    def _usages_du_rib(self):
        """Rend les comptes de la formation dont un changement toucherait l'ordre."""
        seul = self.compte == "principal" or self.formation_id.compte_pharmacie_id
        return (self.compte,) if seul else (self.compte, "principal")

    def _constater_paiement(self, jour, reference):
        """Note les ordres payés, au compte qu'ils portent, même si la formation en a changé depuis l'envoi."""
        self._changer_etat("paye", date_paiement=jour, reference_paiement=reference, payeur_id=self.env.uid)
        for ordre in self.sudo().filtered(lambda o: o._rib_change()):
            ordre.facture_id.message_post(body=_(
                "L'ordre %(ordre)s a été payé au RIB %(rib)s, qui n'est plus celui de la formation.",
                ordre=ordre.numero, rib=ordre.rib))

    def _empeche_reemis(self):
        """Rend {id: raison} des ordres déjà réémis."""
        return {ordre.id: _("l'ordre est déjà réémis (%s).", ordre.remplacant_ids[0].numero)
                for ordre in self if ordre.remplacant_ids}

    def _phrase_champ_gele(self, champ):
        return _("Un ordre de paiement naît de l'ordonnancement d'une facture : annulez-le ou réémettez-le.")

    @api.model
    def _emettre(self, factures):
        """Crée les ordres des factures : un par compte au net positif."""
        self.flush_model(["state"])
        sequence = self.env["ir.sequence"].sudo()
        valeurs, comptes = [], factures._comptes_du_jour()
        for facture in factures:
            if facture.mode == "remboursement":
                parts = [("assure", facture.net_a_payer)]
            else:
                parts = [("principal", facture.net_principal), ("pharmacie", facture.net_pharmacie)]
            for compte, montant in parts:
                if montant > 0:
                    valeurs.append({
                        **self._valeurs_beneficiaire(facture, compte, comptes), "montant": montant,
                        "numero": sequence.next_by_code("cnas.ordre_paiement", sequence_date=aujourd_hui())})
        ordres = self._creer(valeurs)
        for ordre in ordres.filtered(lambda o: o.mode_paiement == "cheque"):
            ordre.facture_id.message_post(body=_(
                "Aucun RIB ni compte de paiement en vigueur : l'ordre est payable par chèque du Trésor, hors lot de virements."))
        return ordres

    @api.model
    def _valeurs_beneficiaire(self, facture, compte, comptes):
        """Rend les valeurs d'un ordre : bénéficiaire, mode et compte du jour.

        :param comptes: ceux des assurés (`_comptes_du_jour`)
        """
        valeurs = {
            "facture_id": facture.id, "formation_id": facture.formation_id.id, "compte": compte,
            "assure_id": facture.assure_id.id, "date_emission": aujourd_hui(),
        }
        if compte == "assure":
            # Le téléphone de contact ne paie jamais : un agent l'écrit seul, le compte s'accepte à deux.
            choisi = comptes.get(facture) or self.env["cnas.compte_paiement"]
            return {**valeurs, **choisi._valeurs_ordre(), "titulaire": choisi.nom_titulaire or facture._identite()["assure"]}
        banque = self._compte_courant(facture.formation_id, compte)
        return {
            **valeurs, "titulaire": banque.acc_holder_name or facture.formation_id.name,
            "mode_paiement": "virement" if banque else "cheque", "compte_bancaire_id": banque.id,
            "rib": banque.acc_number, "banque": banque.bank_id.name,
        }

    @api.model
    def _compte_courant(self, formation, compte):
        """Rend le compte bancaire d'aujourd'hui ; sans compte pharmacie, le compte principal."""
        if compte == "pharmacie" and formation.compte_pharmacie_id:
            return formation.compte_pharmacie_id
        return formation.compte_principal_id
