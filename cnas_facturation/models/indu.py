from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.arrondi import arrondi_xaf
from odoo.addons.cnas_base.ecriture import ecrire_montant
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from .facture.dossier import CONTROLEUR, SUPERVISEUR

# Ce que dit le constat : il ne change plus dès la notification.
CONSTAT = frozenset(("formation_id", "decompte_ligne_id", "compte", "montant", "motif"))


@actions
class Indu(models.Model):
    """Somme versée à tort à une formation, récupérée par compensation plafonnée.

    États : constaté → notifié → soldé ; annulé tant que rien n'est compensé. Dès la notification,
    chaque facture validée de la formation en retient au plus le pourcentage daté de son net.
    Le contrôleur constate, le superviseur mène (table `_actions`), la validation des factures compense.
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
            quatre_yeux=("create_uid",)),
        "annuler": Action(
            titre=_lt("Annuler"), de=("constate", "notifie"), vers=("annule",), roles=(SUPERVISEUR,), motif=True,
            empeche=("_empeche_compense",)),
    }
    _passages = {"notifie": ("solde",), "solde": ("notifie",)}
    _champs_geles = ("numero", "date_notification", "feuille_id")

    numero = fields.Char(string="Numéro", readonly=True, copy=False, index=True)
    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", required=True, index=True, ondelete="restrict")
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
        ("montant_positif", "CHECK (montant > 0)", "Le montant d'un indu doit être supérieur à zéro."),
        ("solde_positif", "CHECK (solde >= 0)", "Un indu ne se compense pas au-delà de son montant."),
        ("numero_unique", "UNIQUE (numero)", "Ce numéro d'indu est déjà pris."),
    ]

    @api.depends("montant", "compensation_ids.montant")
    def _compute_solde(self):
        for indu in self:
            indu.montant_compense = sum(indu.compensation_ids.mapped("montant"))
            indu.solde = indu.montant - indu.montant_compense

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        self._exiger_groupe(CONTROLEUR, "constater un indu")
        indus = super().create(vals_list)
        indus._exiger_coherence()
        return indus

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            vals["numero"] = self.env["ir.sequence"].sudo().next_by_code("cnas.indu", sequence_date=aujourd_hui())
        return super()._completer_creation(vals_list)

    def write(self, vals):
        constat = CONSTAT & vals.keys()
        if constat and any(i.state != "constate" for i in self):
            raise UserError(_("L'indu est notifié : il ne se modifie plus."))
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
                body=_("Un indu de %(montant)s est constaté : %(motif)s. Il sera retenu sur vos prochaines "
                       "factures.", montant=ecrire_montant(indu.montant), motif=indu.motif),
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

    @api.model
    def _compenser(self, factures):
        """Retient sur les factures (nets à jour) les indus notifiés, les plus anciens d'abord, sous plafond."""
        plafond = self.env["cnas.parametre"]._au("plafond_compensation")
        notifies = self.search([("formation_id", "in", factures.formation_id.ids), ("state", "=", "notifie")], order="id")
        for facture in factures.filtered("formation_id"):
            indus = notifies.filtered(
                lambda i, f=facture: i.formation_id == f.formation_id and i.state == "notifie")
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
        deja = self.search([("feuille_id", "in", feuilles.ids), ("state", "!=", "annule")]).feuille_id
        lignes = self.env["cnas.decompte.ligne"]._read_group(
            [("feuille_id", "in", (feuilles - deja).ids)], ["feuille_id", "compte"], ["montant_cnas:sum"])
        recues = {(feuille, compte): montant for feuille, compte, montant in lignes}
        sans_decompte = feuilles - deja - feuilles.browse([f.id for f, _compte in recues])
        recues.update({(feuille, "principal"): feuille.montant_cnas for feuille in sans_decompte})
        return self._creer([{
            "formation_id": feuille.formation_id.id, "feuille_id": feuille.id, "compte": compte, "montant": montant,
            "motif": _("Feuille %(numero)s : %(motif)s", numero=feuille.numero, motif=motifs[feuille])}
            for (feuille, compte), montant in recues.items() if montant > 0])

    def _exiger_coherence(self):
        """La ligne visée appartient à la formation et l'indu n'excède pas ce qu'elle a reçu."""
        for indu in self.sudo():
            ligne = indu.decompte_ligne_id
            if not ligne:
                continue
            if ligne.decompte_id.formation_id != indu.formation_id:
                raise UserError(_("La ligne de décompte appartient à une autre formation."))
            if indu.montant > ligne.montant_cnas:
                raise UserError(_("L'indu dépasse ce que la CNAS a payé sur cette ligne."))
