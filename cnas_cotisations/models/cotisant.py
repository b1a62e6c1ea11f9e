from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui

from .roles import AGENT

TYPES = [("employeur", "Employeur"), ("independant", "Indépendant"), ("etat", "État")]


class Cotisant(models.Model):
    """Le compte de qui doit des cotisations : un employeur, un indépendant (ASI), ou l'État pour l'assistance médicale.

    Le code l'ouvre au premier appel ; ses mouvements sont ceux de son compte de tiers, à toute date (`_situation_au`).
    Agents et ordonnateurs lisent ; personne n'écrit.
    """

    _name = "cnas.cotisant"
    _description = "Compte de cotisant"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "name, id"
    _rec_names_search = ["name", "matricule"]

    _champs_geles = ("type_cotisant", "employeur_id", "assure_id", "partner_id", "name", "matricule")

    name = fields.Char(string="Cotisant", required=True, readonly=True, index="trigram")
    matricule = fields.Char(string="Matricule", readonly=True, index=True)
    type_cotisant = fields.Selection(TYPES, string="Sorte", required=True, readonly=True, default="employeur")
    employeur_id = fields.Many2one("cnas.employeur", string="Employeur", readonly=True, index="btree_not_null", ondelete="restrict")
    assure_id = fields.Many2one("cnas.assure", string="Indépendant", readonly=True, index="btree_not_null", ondelete="restrict")
    partner_id = fields.Many2one("res.partner", string="Tiers", required=True, readonly=True, index=True, ondelete="restrict")
    appel_ids = fields.One2many("cnas.appel_cotisation", "cotisant_id", string="Appels", readonly=True)
    encaissement_ids = fields.One2many("cnas.encaissement", "cotisant_id", string="Encaissements", readonly=True)
    mouvement_ids = fields.One2many("cnas.mouvement_cotisant", "cotisant_id", string="Mouvements", readonly=True)
    recouvrement_ids = fields.One2many("cnas.recouvrement", "cotisant_id", string="Recouvrement", readonly=True)
    solde = fields.Monetary(string="Solde dû", compute="_compute_situation", help="Ce qu'il doit ; négatif : ce qu'il a versé d'avance.")
    echu = fields.Monetary(string="Dont échu", compute="_compute_situation")

    _sql_constraints = [
        ("employeur_unique", "UNIQUE (employeur_id)", "Cet employeur a déjà un compte de cotisant."),
        ("assure_unique", "UNIQUE (assure_id)", "Cet assuré a déjà un compte de cotisant."),
        ("etat_unique", "EXCLUDE (type_cotisant WITH =) WHERE (type_cotisant = 'etat')", "L'État a déjà son compte de cotisant."),
        ("partner_unique", "UNIQUE (partner_id)", "Ce tiers est déjà celui d'un autre compte."),
    ]

    def _compute_situation(self):
        situations = self._situation_au()
        for cotisant in self:
            situation = situations.get(cotisant.id, {})
            cotisant.solde, cotisant.echu = situation.get("solde", 0), situation.get("echu", 0)

    def _destinataire(self):
        return self.employeur_id or self.assure_id

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("partner_id",)):
            raise UserError(_("Un compte de cotisant s'ouvre seul, au premier appel ou au premier versement."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un compte de cotisant ne se supprime pas."))

    # ------------------------------------------------------------------ métier
    @api.model
    def _de(self, fiches):
        """Rend {fiche: compte}, les comptes qui manquent ouverts. Entrée : des employeurs, ou des assurés."""
        champ = "employeur_id" if fiches._name == "cnas.employeur" else "assure_id"
        comptes = self.sudo()
        connus = {cotisant[champ]: cotisant for cotisant in comptes.search([(champ, "in", fiches.ids)])}
        manquants = [fiche for fiche in fiches.sudo() if fiche not in connus]
        if manquants:
            noms = [fiche.raison_sociale if champ == "employeur_id" else fiche.name for fiche in manquants]
            # Tous les agents lisent les tiers : d'une personne, le tiers ne dit que le matricule.
            tiers = self.env["res.partner"].sudo().create([
                {"name": nom if champ == "employeur_id" else fiche.matricule, "is_company": champ == "employeur_id", "ref": fiche.matricule}
                for nom, fiche in zip(noms, manquants)])
            crees = comptes._creer([
                {"type_cotisant": "employeur" if champ == "employeur_id" else "independant", champ: fiche.id, "name": nom,
                 "matricule": fiche.matricule, "partner_id": partenaire.id} for fiche, nom, partenaire in zip(manquants, noms, tiers)])
            connus.update(zip(manquants, crees))
        return {fiche: connus[fiche.sudo()] for fiche in fiches}

    @api.model
    def _de_l_etat(self):
        """Rend le compte de l'État, ouvert au besoin."""
        compte = self.sudo().search([("type_cotisant", "=", "etat")], limit=1)
        return compte or self.sudo()._creer([{
            "type_cotisant": "etat", "name": _("État tchadien, assistance médicale"),
            "partner_id": self.env["res.partner"].sudo().create({"name": _("État tchadien, assistance médicale"), "is_company": True}).id}])

    def _situation_au(self, jour=None):
        """Rend {cotisant: {"solde", "echu", "non_echu", "j30", "j60", "j90", "plus"}} un jour donné, en une requête.

        Les versements s'imputent sur ce qui est dû depuis le plus longtemps ; ce qui en reste est une avance (solde négatif).
        """
        if not self.ids:
            return {}
        self.env.flush_all()
        self.env.cr.execute(self.env["cnas.balance_agee"]._requete("%(jour)s::date", "AND c.id = ANY(%(ids)s)"),
                            {"jour": jour or aujourd_hui(), "ids": self.ids})
        return {rang["cotisant_id"]: rang for rang in self.env.cr.dictfetchall()}

    def action_voir_mouvements(self):
        """Ouvre les mouvements du compte."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_cotisations.mouvement_cotisant_action")
        return {**action, "domain": [("cotisant_id", "=", self.id)], "context": {}}

    def action_ouvrir_recouvrement(self):
        """Ouvre le dossier de recouvrement du cotisant en retard, ou celui qui est déjà ouvert. Rend une action de fenêtre.

        :raise UserError: rien n'est échu
        """
        self.ensure_one()
        dossiers = self.env["cnas.recouvrement"]
        dossiers._exiger_groupe(AGENT, _("ouvrir un dossier de recouvrement"))
        if self.echu <= 0:
            raise UserError(_("« %s » n'a rien d'échu : il n'y a rien à recouvrer.", self.name))
        dossiers._ouvrir(self)
        dossier = dossiers.search([("cotisant_id", "=", self.id), ("state", "!=", "clos")], limit=1)
        return {"type": "ir.actions.act_window", "res_model": dossier._name, "res_id": dossier.id, "view_mode": "form"}

    def _lettrer(self):
        """Lettre ce qui est dû et ce qui est versé, du plus ancien au plus récent, compte par compte, d'un coup ; clôt et rouvre ce que cela règle."""
        self = self.browse(self.ids)  # lus ensemble : venus d'un champ, ils ne se préchargeraient qu'un à un
        # Un appel et un versement simultanés ne se verraient pas : le second attend, puis Odoo le rejoue.
        self.env.cr.execute("UPDATE cnas_cotisant SET write_date = now() AT TIME ZONE 'UTC' WHERE id IN (SELECT id FROM cnas_cotisant "
                            "WHERE id = ANY(%s) ORDER BY id FOR UPDATE)", [self.ids])
        societe = self.env["res.company"]._cnas_societe()
        self.env["account.move.line"].sudo()._cnas_lettrer(self.sudo().partner_id, societe.cnas_compte_cotisant_id)
        # Soldes lus avant : ils ne dépendent d'aucun champ, la base seule les sait.
        self.invalidate_model(["solde", "echu"])
        self.recouvrement_ids.invalidate_model(["solde", "echu"])
        self.employeur_id.invalidate_model(["solde_cotisations", "echu_cotisations"])
        self.sudo().recouvrement_ids._clore_les_soldes()
        self.env["cnas.feuille_soin"]._reprendre_apres_paiement(self.sudo())
