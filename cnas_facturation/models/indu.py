from collections import Counter

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.arrondi import arrondi_xaf
from odoo.addons.cnas_base.ecriture import ecrire_montant
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from .facture.dossier import CONTROLEUR, SUPERVISEUR, beneficiaire

# Ce que dit le constat : il ne change plus dès la notification.
CONSTAT = frozenset(("formation_id", "assure_id", "decompte_ligne_id", "compte", "montant", "motif"))


@actions
class Indu(models.Model):
    """Somme versée à tort à une formation, ou à un assuré remboursé, récupérée par compensation plafonnée.

    États : constaté → notifié → soldé ; annulé tant que rien n'est compensé. Dès la notification, chaque facture
    validée de qui a reçu en retient au plus le pourcentage daté de son net. Le contrôleur constate et, seul, retouche
    son constat ; le superviseur mène (table `_actions`) ; la validation des factures compense. L'indu qui vise une
    ligne ou une feuille ne reprend pas plus que ce qu'elle a reçu, indus précédents compris.
    """

    _name = "cnas.indu"
    _description = "Indu"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "id desc"
    _rec_name = "numero"

    _etat_initial = "constate"
    _actions = {
        "notifier": Action(
            titre=_lt("Notifier"), de=("constate",), vers=("notifie",), roles=(SUPERVISEUR,),
            quatre_yeux=("create_uid",), empeche=("_empeche_impaye",)),
        "annuler": Action(
            titre=_lt("Annuler"), de=("constate", "notifie"), vers=("annule",), roles=(SUPERVISEUR,), motif=True,
            empeche=("_empeche_compense",)),
    }
    _passages = {"notifie": ("solde",), "solde": ("notifie",)}
    _champs_geles = ("numero", "date_notification", "feuille_id")
    _champs_journal = ("formation_id", "assure_id", "decompte_ligne_id", "feuille_id", "compte", "montant")

    numero = fields.Char(string="Numéro", readonly=True, copy=False, index=True)
    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", index=True, ondelete="restrict")
    assure_id = fields.Many2one(
        "cnas.assure", string="Assuré remboursé", index="btree_not_null", ondelete="restrict")
    decompte_ligne_id = fields.Many2one(
        "cnas.decompte.ligne", string="Ligne de décompte", index="btree_not_null", ondelete="restrict",
        help="La ligne payée à tort, si l'indu en vise une.")
    feuille_id = fields.Many2one(
        "cnas.feuille_soin", string="Feuille de soins", index="btree_not_null", ondelete="restrict", readonly=True,
        help="La feuille payée à tort, si un fait appris après coup l'a désignée.")
    compte = fields.Selection(
        [("principal", "Compte principal"), ("pharmacie", "Compte pharmacie")], string="Compte", required=True,
        default="principal")
    montant = fields.Monetary(string="Montant", required=True)
    motif = fields.Text(string="Motif", required=True)
    compensation_ids = fields.One2many("cnas.indu.compensation", "indu_id", string="Compensations", readonly=True)
    montant_compense = fields.Monetary(string="Compensé", compute="_compute_solde", store=True)
    solde = fields.Monetary(string="Reste à récupérer", compute="_compute_solde", store=True)
    state = fields.Selection(
        [("constate", "Constaté"), ("notifie", "Notifié"), ("solde", "Soldé"), ("annule", "Annulé")],
        string="État", default="constate", required=True, readonly=True, copy=False, index=True, tracking=True)
    date_notification = fields.Date(string="Notifié le", readonly=True, copy=False)

    _sql_constraints = [
        ("un_debiteur", "CHECK ((formation_id IS NULL) <> (assure_id IS NULL))",
         "Un indu se réclame à une formation sanitaire, ou à un assuré remboursé : indiquez l'un des deux."),
        ("montant_positif", "CHECK (montant > 0)", "Le montant d'un indu doit être supérieur à zéro."),
        ("solde_positif", "CHECK (solde >= 0)", "Un indu ne se compense pas au-delà de son montant."),
        ("numero_unique", "UNIQUE (numero)", "Ce numéro d'indu est déjà pris."),
    ]

    @api.depends("montant", "compensation_ids.montant")
    def _compute_solde(self):
        for indu in self:
            indu.montant_compense = sum(indu.compensation_ids.mapped("montant"))
            indu.solde = indu.montant - indu.montant_compense

    @api.onchange("decompte_ligne_id")
    def _onchange_decompte_ligne_id(self):
        if self.decompte_ligne_id:
            self.update({**self._debiteur(beneficiaire(self.decompte_ligne_id.decompte_id)), "compte": self.decompte_ligne_id.compte})

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        self._exiger_groupe(CONTROLEUR, "constater un indu")
        indus = super().create(vals_list)
        indus._exiger_coherence()
        return indus

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            ligne = self.env["cnas.decompte.ligne"].sudo().browse(vals.get("decompte_ligne_id") or ())
            if ligne:
                vals.setdefault("compte", ligne.compte)
                if not vals.get("formation_id") and not vals.get("assure_id"):
                    vals.update(self._debiteur(beneficiaire(ligne.decompte_id)))
            vals["numero"] = self.env["ir.sequence"].sudo().next_by_code("cnas.indu", sequence_date=aujourd_hui())
        return super()._completer_creation(vals_list)

    def write(self, vals):
        constat = CONSTAT & vals.keys()
        if constat and any(i.state != "constate" for i in self):
            raise UserError(_("L'indu est notifié : il ne se modifie plus."))
        if constat and not self._ouvert(constat) and any(i.create_uid != self.env.user for i in self):
            raise UserError(_("Seul son auteur retouche un indu constaté : demandez-lui, ou faites-le annuler."))
        resultat = super().write(vals)
        if constat:
            self._exiger_coherence()
        return resultat

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un indu ne se supprime pas : annulez-le avec un motif."))

    # ------------------------------------------------------------------ actions publiques
    @transition("notifier")
    def action_notifier(self):
        """Notifie l'indu à la formation ; les factures suivantes le compenseront. Rend True."""
        self._changer_etat("notifie", date_notification=aujourd_hui())
        for indu in self.sudo():
            indu.with_context(mail_notify_force_send=False).message_post(
                subject=_("Indu %s", indu.numero),
                body=_("Un indu de %(montant)s est constaté : %(motif)s. Il sera retenu sur vos prochains "
                       "règlements.", montant=ecrire_montant(indu.montant), motif=indu.motif),
                message_type="comment", subtype_xmlid="mail.mt_comment",
                partner_ids=indu.formation_id.partner_id.ids)

    @transition("annuler")
    def action_annuler(self, motif=None):
        """Annule un indu dont rien n'est compensé. Rend True, ou l'assistant de motif."""
        self._changer_etat("annule")
        for indu in self:
            indu.message_post(body=_("Indu annulé : %s", motif))

    # ------------------------------------------------------------------ métier
    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"montant_compense"}

    def _empeche_compense(self):
        """Rend {id: raison} des indus dont une facture a déjà retenu une part."""
        return {indu.id: _("déjà compensé en partie, il ne s'annule plus.") for indu in self if indu.montant_compense}

    def _empeche_impaye(self):
        """Rend {id: raison} des indus qui reprendraient ce qui n'est pas payé, ou déjà repris."""
        raisons, restes = {}, self.sudo()._restes_a_reprendre()
        for indu in self.sudo():
            feuille = indu._feuille_visee()
            facture = indu.decompte_ligne_id.decompte_id.facture_id or feuille.facture_id
            if feuille and (facture or feuille).state != "payee":
                raisons[indu.id] = _("la facture %s n'est pas payée : il n'y a encore rien à reprendre, corrigez-la plutôt.",
                                     facture.numero or feuille.numero)
            elif indu.montant > restes.get(indu, indu.montant):
                raisons[indu.id] = indu._phrase_depasse(restes[indu])
        return raisons

    @api.model
    def _debiteur(self, qui):
        """Rend les valeurs qui désignent à qui l'indu se réclame."""
        return {"formation_id": False, "assure_id": False,
                "assure_id" if qui._name == "cnas.assure" else "formation_id": qui.id}

    @api.model
    def _compenser(self, factures):
        """Retient sur les factures (nets à jour) les indus notifiés, les plus anciens d'abord, sous plafond."""
        plafond = self.env["cnas.parametre"]._au("plafond_compensation")
        notifies = self.search([
            ("state", "=", "notifie"), "|", ("formation_id", "in", factures.formation_id.ids),
            ("assure_id", "in", factures.assure_id.ids)], order="id")
        for facture in factures if notifies else ():
            indus = notifies.filtered(
                lambda i, f=facture: (i.formation_id or i.assure_id) == beneficiaire(f) and i.state == "notifie")
            if not indus:
                continue
            reste = arrondi_xaf(int(facture.net_a_payer) * plafond) // 100
            disponible = {"principal": int(facture.net_principal), "pharmacie": int(facture.net_pharmacie)}
            valeurs = []
            for indu in indus:
                montant = min(int(indu.solde), reste, disponible[indu.compte])
                if montant > 0:
                    valeurs.append({"indu_id": indu.id, "facture_id": facture.id, "montant": montant})
                    reste -= montant
                    disponible[indu.compte] -= montant
            self.env["cnas.indu.compensation"]._creer(valeurs)
            indus.filtered(lambda i: not i.solde)._changer_etat("solde")

    @api.model
    def _rendre(self, factures):
        """Défait les compensations des factures rouvertes."""
        compensations = self.env["cnas.indu.compensation"].search([("facture_id", "in", factures.ids)])
        soldes = compensations.indu_id.filtered(lambda i: i.state == "solde")
        compensations._supprimer()
        if soldes:
            soldes._changer_etat("notifie")

    @api.model
    def _constater_feuilles(self, motifs):
        """Constate ce que des feuilles ont reçu à tort, un indu par compte ; ce qui l'est déjà ne l'est pas deux fois.

        :param motifs: {feuille: phrase}
        """
        feuilles = self.env["cnas.feuille_soin"].concat(*motifs)
        feuilles -= self.search([("feuille_id", "in", feuilles.ids), ("state", "!=", "annule")]).feuille_id
        valeurs, repris = [], self._repris(feuilles)
        for (feuille, compte), (qui, recu) in self._recus(feuilles).items():
            reste = recu - repris[feuille, compte]
            if reste > 0:
                valeurs.append({
                    **self._debiteur(qui), "feuille_id": feuille.id, "compte": compte, "montant": reste,
                    "motif": _("Feuille %(numero)s : %(motif)s", numero=feuille.numero, motif=motifs[feuille])})
        return self._creer(valeurs)

    # ------------------------------------------------------------------ plafond
    @api.model
    def _recus(self, feuilles):
        """Rend {(feuille, compte): (qui a reçu, montant)} d'après les décomptes en vigueur, ou la feuille sans décompte."""
        recus = {}
        lignes = self.env["cnas.decompte.ligne"].search([("feuille_id", "in", feuilles.ids)]).filtered(
            lambda ligne: ligne._en_vigueur())
        for ligne in lignes:
            cle = ligne.feuille_id, ligne.compte
            _qui, deja = recus.get(cle, (None, 0))
            recus[cle] = beneficiaire(ligne.decompte_id), deja + ligne._montant_recu()
        for feuille in feuilles - lignes.feuille_id:
            rembourse = feuille.mode == "remboursement"
            qui = (feuille.assure_id.assure_principal_id or feuille.assure_id) if rembourse else feuille.formation_id
            recus[feuille, "principal"] = qui, feuille.montant_cnas
        return recus

    @api.model
    def _repris(self, feuilles):
        """Rend ce que les indus vivants reprennent déjà : {(feuille, compte): montant}, et {(ligne, compte): montant}."""
        repris = Counter()
        for indu in self.search([("state", "!=", "annule"), "|", ("feuille_id", "in", feuilles.ids),
                                 ("decompte_ligne_id.feuille_id", "in", feuilles.ids)]):
            repris[indu._feuille_visee(), indu.compte] += indu.montant
            repris[indu.decompte_ligne_id, indu.compte] += indu.montant
        return repris

    def _restes_a_reprendre(self):
        """Rend {indu: ce qu'il reste à reprendre de ce qu'il vise, autres indus déduits} ; rien pour qui ne vise rien de précis."""
        feuilles = self.env["cnas.feuille_soin"].union(*(indu._feuille_visee() for indu in self))
        recus, repris, restes = self._recus(feuilles), self._repris(feuilles), {}
        for indu in self:
            ligne, feuille, compte = indu.decompte_ligne_id, indu._feuille_visee(), indu.compte
            sien = indu.montant if indu.state != "annule" else 0
            if feuille:
                _qui, recu = recus.get((feuille, compte), (None, 0))
                reste = recu - repris[feuille, compte] + sien
                if ligne:
                    reste = min(reste, ligne._montant_recu() - repris[ligne, compte] + sien)
                restes[indu] = max(0, reste)
        return restes

    def _feuille_visee(self):
        return self.feuille_id or self.decompte_ligne_id.feuille_id

    def _phrase_depasse(self, reste):
        return _("L'indu dépasse ce que la CNAS a payé ici : il reste %s à reprendre, autres indus déduits.", ecrire_montant(reste))

    def _exiger_coherence(self):
        """L'indu vise qui a reçu, sur le compte qui a reçu, et n'excède pas ce qu'il reste à reprendre."""
        restes = self.sudo()._restes_a_reprendre()
        for indu in self.sudo():
            ligne = indu.decompte_ligne_id
            if ligne and beneficiaire(ligne.decompte_id) != (indu.formation_id or indu.assure_id):
                raise UserError(_("La ligne de décompte appartient à une autre formation, ou à un autre assuré."))
            if ligne and ligne.compte != indu.compte:
                raise UserError(_("La ligne de décompte a été payée sur l'autre compte : indiquez le sien."))
            if indu.montant > restes.get(indu, indu.montant):
                raise UserError(indu._phrase_depasse(restes[indu]))
