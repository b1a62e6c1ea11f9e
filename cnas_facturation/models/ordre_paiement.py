from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, sans_suivi, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from .compte_paiement import INDICATIF_TCHAD, NATURES
from .facture.dossier import FINANCE


@actions
class OrdrePaiement(models.Model):
    """Ordre de payer un compte : le RIB ou le téléphone y est figé au jour de l'ordonnancement.

    États : émis → en lot → transmis → payé ; rejeté par qui paie (puis réémis) ou annulé (table `_actions`). On ne rejette
    que ce qui est parti : rien ne se réémet sans un vrai retour.
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
            titre=_lt("Préparer le lot"), de=("emis",), vers=("en_lot",), roles=(FINANCE,),
            empeche=("_empeche_facture", "_empeche_payeur", "_empeche_rib")),
        "rejeter_banque": Action(
            titre=_lt("Noter un rejet"), de=("transmis", "paye"), vers=("rejete",), roles=(FINANCE,), motif=True),
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
    nature = fields.Selection(NATURES, string="Voie", compute="_compute_nature", store=True)
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
        [("emis", "Émis"), ("en_lot", "En lot"), ("transmis", "Transmis"), ("paye", "Payé"),
         ("rejete", "Rejeté"), ("annule", "Annulé")],
        string="État", default="emis", required=True, readonly=True, index=True, tracking=True)
    lot_id = fields.Many2one(
        "cnas.lot_paiement", string="Lot de paiement", readonly=True, index="btree_not_null", ondelete="restrict")
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

    @api.depends("mode_paiement", "compte_paiement_id", "telephone")
    def _compute_nature(self):
        """Qui paie : la nature du compte ; un ordre mobile d'avant les comptes de paiement n'a que son numéro."""
        for ordre in self:
            if ordre.mode_paiement == "mobile_money":
                prefixe = f"+{INDICATIF_TCHAD}9"
                numero = (ordre.telephone or "").replace(" ", "")
                ordre.nature = ordre.sudo().compte_paiement_id.nature or ("moov" if numero.startswith(prefixe) else "airtel")
            else:
                ordre.nature = "banque" if ordre.mode_paiement == "virement" else "guichet"

    # ------------------------------------------------------------------ CRUD
    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un ordre de paiement ne se supprime pas."))

    # ------------------------------------------------------------------ actions publiques
    @transition("creer_lot")
    def action_creer_lot(self):
        """Met les ordres émis dans de nouveaux lots, un par voie (banque, Airtel Money, Moov Africa, guichet).

        Les autres ordres émis des mêmes factures partent avec eux : une facture ne se paie pas en partie.

        :return: l'action qui ouvre le lot, ou la liste des lots s'il y en a plusieurs
        """
        ordres = self | self.facture_id.ordre_ids.filtered(lambda o: o.state == "emis")
        ordres.facture_id._verrouiller()
        ordres._exiger("creer_lot")
        lots = self.env["cnas.lot_paiement"]._preparer(ordres)
        action = {"type": "ir.actions.act_window", "name": _("Lots de paiement"), "res_model": lots._name, "target": "current"}
        if len(lots) == 1:
            return {**action, "res_id": lots.id, "view_mode": "form"}
        return {**action, "domain": [("id", "in", lots.ids)], "view_mode": "tree,form"}

    @transition("rejeter_banque")
    def action_rejeter_banque(self, motif=None):
        """Note que la banque ou l'opérateur a rendu le paiement. Une facture déjà payée redevient ordonnancée.

        :return: True, ou l'action de l'assistant de motif
        """
        self.facture_id._verrouiller()
        self._noter_rejet(dict.fromkeys(self.ids, motif))

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
        # Un compte de paiement est figé par l'ordre : ce qui lui arrive ensuite ne le retient pas.
        raisons, virements = {}, self.sudo().filtered(lambda o: o.mode_paiement == "virement" and not o.compte_paiement_id)
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
        """Dit si le RIB de la formation n'est plus celui que l'ordonnateur a signé ; un compte de paiement ne déroute pas l'ordre."""
        return (self.compte != "assure" and self.mode_paiement == "virement" and not self.compte_paiement_id
                and self.rib != self._compte_courant(self.formation_id, self.compte).acc_number)

    def _usages_du_rib(self):
        """Rend les comptes de la formation dont un changement toucherait l'ordre."""
        seul = self.compte == "principal" or self.formation_id.compte_pharmacie_id
        return (self.compte,) if seul else (self.compte, "principal")

    def _raison_de_date(self, jour):
        """Rend pourquoi l'ordre n'a pas pu être payé ce jour-là, ou rien : il devait être émis, et remis s'il est en lot."""
        parti = max(filter(None, (self.date_emission, self.sudo().lot_id.date_transmission)))
        return jour < parti and _("L'ordre %(ordre)s n'est parti que le %(jour)s : il n'a pas pu être payé avant.",
                                  ordre=self.numero, jour=ecrire_date(parti))

    def _exiger_date(self, jour):
        """Refuse une date de paiement qui précède le départ d'un ordre."""
        for ordre in self:
            raison = ordre._raison_de_date(jour)
            if raison:
                raise UserError(raison)

    def _constater(self, payes, rejetes=()):
        """Note ce qu'un lot apprend de ses ordres, et ce qu'en deviennent leurs factures et leurs feuilles.

        :param dict payes: {id: (jour, référence)}
        :param dict rejetes: {id: motif}
        """
        with sans_suivi():  # la trace d'un lot : son retour, le journal, et un mot sur chaque facture
            self.browse(rejetes)._noter_rejet(rejetes)
            ordres = self.browse(payes)
            ordres._constater_paiement(payes)
            factures = ordres.facture_id.filtered(lambda f: f.state == "ordonnancee")
            if factures:
                factures._constater_paiement()

    def _constater_paiement(self, faits):
        """Note les ordres payés, au compte qu'ils portent, même si la formation en a changé depuis l'envoi.

        :param dict faits: {id: (jour, référence)}
        """
        # Payé à la main, il quitte le lot qui ne l'a pas encore remis.
        self.filtered(lambda o: o.state == "en_lot")._ecrire({"lot_id": False})
        self._poser({"date_paiement": "date", "reference_paiement": "varchar"}, [(i, *faits[i]) for i in self.ids])
        self._changer_etat("paye", payeur_id=self.env.uid)
        self._noter_aux_factures(self.sudo().filtered(lambda o: o._rib_change()), lambda ordre: _(
            "L'ordre %(ordre)s a été payé au RIB %(rib)s, qui n'est plus celui de la formation.", ordre=ordre.numero, rib=ordre.rib))
        self.lot_id._clore_si_tout_dit()

    def _noter_rejet(self, motifs):
        """Note les ordres rendus par qui devait payer ; une facture déjà payée redevient ordonnancée.

        :param dict motifs: {id: motif}
        """
        self._poser({"motif_rejet": "varchar"}, [(i, motifs[i]) for i in self.ids])
        self._changer_etat("rejete")
        self._noter_aux_factures(self.sudo(), lambda ordre: _(
            "L'ordre %(ordre)s a été rejeté : %(motif)s", ordre=ordre.numero, motif=ordre.motif_rejet))
        self.facture_id._rouvrir_apres_rejet_banque()
        self.lot_id._clore_si_tout_dit()

    def _poser(self, colonnes, rangs):
        """Écrit d'une requête des valeurs propres à chaque ordre ; l'état s'écrit ensuite, par la garde.

        :param dict colonnes: {champ: type SQL}
        :param rangs: [(id, valeur de chaque champ)]
        """
        self.flush_recordset()
        noms = ", ".join(colonnes)
        self.env.cr.execute(
            f"""UPDATE cnas_ordre_paiement o SET {", ".join(f"{nom} = v.{nom}" for nom in colonnes)}
                  FROM unnest(%s::int[], {", ".join(f"%s::{sorte}[]" for sorte in colonnes.values())}) AS v (id, {noms})
                 WHERE o.id = v.id""", [list(colonne) for colonne in zip(*rangs)] or [[]] * (1 + len(colonnes)))
        self.invalidate_recordset(list(colonnes))

    def _noter_aux_factures(self, ordres, phrase):
        """Écrit sur la facture de chaque ordre ce qui lui arrive : un message par facture."""
        notes = {}
        for ordre in ordres:
            notes.setdefault(ordre.facture_id.id, []).append(phrase(ordre))
        self.env["cnas.facture"].browse(notes)._message_log_batch({i: " ".join(phrases) for i, phrases in notes.items()})

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
                "Aucun RIB ni compte de paiement en vigueur : l'ordre est payable au guichet, par chèque du Trésor."))
        return ordres

    @api.model
    def _valeurs_beneficiaire(self, facture, compte, comptes):
        """Rend les valeurs d'un ordre : bénéficiaire, mode et compte du jour. Le seul lieu qui dit où l'on paie.

        Le compte de paiement en vigueur d'abord ; à défaut, une formation est payée au RIB de sa fiche, un assuré au guichet.
        Une formation qui a un RIB pour sa pharmacie l'y garde.

        :param comptes: les comptes de paiement en vigueur (`_comptes_du_jour`)
        """
        valeurs = {
            "facture_id": facture.id, "formation_id": facture.formation_id.id, "compte": compte,
            "assure_id": facture.assure_id.id, "date_emission": aujourd_hui(),
        }
        if compte == "assure":
            # Le téléphone de contact ne paie jamais : un agent l'écrit seul, le compte s'accepte à deux.
            choisi = comptes.get(facture) or self.env["cnas.compte_paiement"]
            return {**valeurs, **choisi._valeurs_ordre(), "titulaire": choisi.nom_titulaire or facture._identite()["assure"]}
        if facture in comptes and not (compte == "pharmacie" and facture.formation_id.compte_pharmacie_id):
            return {**valeurs, **comptes[facture]._valeurs_ordre(), "titulaire": comptes[facture].nom_titulaire}
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
