import base64

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_csv
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from .facture.dossier import FINANCE


@actions
class LotVirement(models.Model):
    """Lot de virements remis à la banque : un état PDF signé et un fichier CSV.

    États : préparé → transmis → exécuté ; annulé avant transmission (table `_actions`). Il naît des ordres que la
    finance choisit ; le superviseur lit. Le fichier s'écrit et se fige à la transmission : un par lot.
    """

    _name = "cnas.lot_virement"
    _description = "Lot de virements"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "id desc"
    _rec_name = "numero"

    _etat_initial = "prepare"
    _actions = {
        "transmettre": Action(
            titre=_lt("Transmettre à la banque"), de=("prepare",), vers=("transmis",), roles=(FINANCE,),
            empeche=("_empeche_vide", "_empeche_facture", "_empeche_payeur", "_empeche_rib")),
        "executer": Action(
            titre=_lt("Constater l'exécution"), de=("transmis",), vers=("execute",), roles=(FINANCE,), seul=True,
            empeche=("_empeche_payeur",)),
        "annuler": Action(titre=_lt("Annuler"), de=("prepare",), vers=("annule",), roles=(FINANCE,), motif=True),
    }
    _champs_geles = ("numero", "date_transmission", "date_execution", "reference", "fichier")

    numero = fields.Char(string="Numéro", required=True, readonly=True, copy=False)
    state = fields.Selection(
        [("prepare", "Préparé"), ("transmis", "Transmis"), ("execute", "Exécuté"), ("annule", "Annulé")],
        string="État", default="prepare", required=True, readonly=True, index=True, tracking=True)
    ordre_ids = fields.One2many("cnas.ordre_paiement", "lot_id", string="Ordres", readonly=True)
    nb_ordres = fields.Integer(string="Virements", compute="_compute_totaux")
    montant_total = fields.Monetary(string="Total", compute="_compute_totaux")
    date_transmission = fields.Date(string="Transmis le", readonly=True)
    date_execution = fields.Date(string="Exécuté le", readonly=True)
    reference = fields.Char(string="Référence de la banque", readonly=True)
    fichier = fields.Binary(
        string="Fichier remis à la banque", readonly=True, copy=False, attachment=False, groups=FINANCE)

    _sql_constraints = [("numero_unique", "UNIQUE (numero)", "Ce numéro de lot est déjà pris.")]

    @api.depends("ordre_ids.montant", "ordre_ids.state")
    def _compute_totaux(self):
        groupes = self.env["cnas.ordre_paiement"]._read_group(
            [("lot_id", "in", self.ids), ("state", "not in", ("rejete", "annule"))],
            ["lot_id"], ["__count", "montant:sum"])
        totaux = {lot.id: (nombre, montant) for lot, nombre, montant in groupes}
        for lot in self:
            lot.nb_ordres, lot.montant_total = totaux.get(lot.id, (0, 0))

    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("numero",)):
            raise UserError(_("Un lot se prépare depuis la liste des ordres de paiement : choisissez-les, puis "
                              "« Préparer le lot de virements »."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un lot de virements ne se supprime pas : annulez-le."))

    # ------------------------------------------------------------------ actions publiques
    @transition("transmettre")
    def action_transmettre(self):
        """Écrit et fige le fichier de la banque, puis note la remise du lot et de ses ordres. Rend True."""
        self.ordre_ids.facture_id._verrouiller()
        for lot in self:
            fichier = base64.b64encode(lot._csv_banque())
            lot._changer_etat("transmis", date_transmission=aujourd_hui(), fichier=fichier)
            lot.ordre_ids.filtered(lambda o: o.state == "en_lot")._changer_etat("transmis")

    @transition("executer")
    def action_executer(self, date=None, reference=None):
        """Constate l'exécution du lot : ses ordres non rejetés sont payés, les factures soldées aussi.

        :param str date: date d'exécution, « AAAA-MM-JJ »
        :param str reference: référence de la banque
        :return: True, ou l'assistant si la date et la référence manquent
        """
        if not date and not reference:
            return {
                "type": "ir.actions.act_window", "name": _("Exécution du lot"),
                "res_model": "cnas.paiement.wizard", "view_mode": "form", "target": "new",
                "context": {"default_lot_id": self.id},
            }
        jour, texte = self.env["cnas.facture"]._lire_paiement(date, reference)
        factures = self.ordre_ids.facture_id
        factures._verrouiller()
        for facture in factures:
            facture._exiger_date_paiement(jour)
        self._changer_etat("execute", date_execution=jour, reference=texte)
        self.ordre_ids.filtered(lambda o: o.state == "transmis")._constater_paiement(jour, texte)
        factures.filtered(lambda f: f.state == "ordonnancee")._constater_paiement(jour, texte)

    @transition("annuler")
    def action_annuler(self, motif=None):
        """Annule un lot non transmis : ses ordres redeviennent émis. Rend True ou l'assistant de motif."""
        self._changer_etat("annule")
        self.ordre_ids.filtered(lambda o: o.state == "en_lot")._changer_etat("emis", lot_id=False)
        for lot in self:
            lot.message_post(body=_("Lot annulé : %s", motif))

    def telecharger(self, format="csv"):
        """Rend le fichier du lot.

        :param str format: « csv » (fichier remis à la banque) ou « pdf » (état à signer)
        :return: {"nom", "contenu": base64}
        :raise UserError: fichier demandé avant la transmission
        """
        self.ensure_one()
        self._exiger_groupe(FINANCE, "télécharger un lot de virements")
        if format not in ("csv", "pdf"):
            raise UserError(_("Format inconnu : demandez csv ou pdf."))
        if format == "csv" and not self.fichier:
            raise UserError(_("Le fichier de la banque s'écrit à la transmission du lot : transmettez-le d'abord."))
        self._journaliser_export({"quoi": format})
        contenu = self.fichier if format == "csv" else base64.b64encode(self._pdf_etat())
        return {"nom": f"{self.numero.replace('/', '-')}.{format}", "contenu": contenu.decode()}

    def action_imprimer(self):
        """Ouvre l'état PDF du lot. Rend une action d'adresse."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": f"/cnas/lot_virement/{self.id}/pdf", "target": "new"}

    def action_fichier_banque(self):
        """Télécharge le fichier CSV de la banque. Rend une action d'adresse."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": f"/cnas/lot_virement/{self.id}/csv", "target": "self"}

    # ------------------------------------------------------------------ privé
    def _empeche_vide(self):
        """Rend {id: raison} des lots sans ordre à virer."""
        return {lot.id: _("le lot est vide.") for lot in self if "en_lot" not in lot.ordre_ids.mapped("state")}

    def _empeche_facture(self):
        """Rend {id: raison} des lots dont une facture n'est plus ordonnancée."""
        return self._raisons_des_ordres("_empeche_facture")

    def _empeche_payeur(self):
        """Rend {id: raison} des lots dont l'usager ne paie pas une facture."""
        return self._raisons_des_ordres("_empeche_payeur")

    def _empeche_rib(self):
        """Rend {id: raison} des lots dont un virement vise un RIB qui n'est plus sûr."""
        return self._raisons_des_ordres("_empeche_rib")

    def _raisons_des_ordres(self, methode):
        """Rend {id du lot: première raison d'un ordre encore à payer} : la loi est celle de l'ordre."""
        ordres = self.sudo().ordre_ids.filtered(lambda o: o.state in ("en_lot", "transmis"))
        raisons = getattr(ordres, methode)()
        return {ordre.lot_id.id: raisons[ordre.id] for ordre in reversed(ordres) if ordre.id in raisons}

    def _csv_banque(self):
        """Rend le CSV (UTF-8, point-virgule) : un virement par ligne."""
        # Tous les ordres remis, même rendus depuis par la banque : le fichier réédité redit ce qu'il disait.
        return ecrire_csv(
            ["lot", "ordre", "beneficiaire", "rib", "banque", "montant", "devise", "libelle"],
            [(self.numero, o.numero, o.titulaire or "", o.rib, o.banque or "", int(o.montant), "XAF",
              f"CNAS {o.facture_id.numero}") for o in self.ordre_ids.sorted("numero")])

    def _pdf_etat(self):
        from ..report.pdf_lot import dessiner_lot

        return dessiner_lot(self.sudo())
