import base64
import binascii

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_debut
from odoo.addons.cnas_base.garde import Action, actions, sans_suivi, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture.tableau import TAILLE_MAX_TABLEAU
from odoo.addons.cnas_formations.rib import grouper_rib, nettoyer_rib, rib_valide

from ..adaptateurs import ADAPTATEURS
from .compte_paiement import NATURES
from .facture.dossier import FINANCE

PARTIS = ("transmis", "execute")
# Le paramètre qui dit, par voie, le compte de la caisse à débiter.
COMPTES_DEBITES = {"banque": "compte_debite_banque", "airtel": "compte_debite_airtel", "moov": "compte_debite_moov"}


@actions
class LotPaiement(models.Model):
    """Lot d'ordres remis ensemble à qui paie : une banque, Airtel Money, Moov Africa ou le guichet.

    États : brouillon → signé → transmis → exécuté ; annulé avant transmission (table `_actions`). Il naît des ordres que
    la finance choisit, d'une même voie. Une seconde personne le signe : le fichier s'écrit et se fige alors, un par lot.
    Qui a ordonnancé peut signer, et redire ainsi que ces ordres sont les siens : payer, c'est préparer, transmettre et
    constater, et ces gestes-là lui restent fermés (`_empeche_payeur`). Personne ne fait donc sortir l'argent seul.

    Le retour de la banque ou de l'opérateur (`importer_retour`) dit payé ou rejeté ordre par ordre ; le lot est exécuté
    quand tous sont dits. Le superviseur lit.
    """

    _name = "cnas.lot_paiement"
    _description = "Lot de paiement"
    _inherit = ["cnas.etat.mixin", "cnas.telechargement.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "id desc"
    _rec_name = "numero"

    _actions = {
        "signer": Action(
            titre=_lt("Signer"), de=("brouillon",), vers=("signe",), roles=(FINANCE,), quatre_yeux=("preparateur_id",),
            empeche=("_empeche_vide", "_empeche_facture", "_empeche_decideur_du_rib", "_empeche_rib")),
        "transmettre": Action(
            titre=_lt("Transmettre"), de=("signe",), vers=("transmis",), roles=(FINANCE,),
            empeche=("_empeche_vide", "_empeche_facture", "_empeche_payeur", "_empeche_rib")),
        "importer_retour": Action(
            titre=_lt("Importer le retour"), de=PARTIS, roles=(FINANCE,), seul=True, empeche=("_empeche_payeur",), annonce=False),
        "executer": Action(
            titre=_lt("Constater l'exécution"), de=("transmis",), vers=("execute",), roles=(FINANCE,), seul=True,
            empeche=("_empeche_payeur",)),
        "annuler": Action(
            titre=_lt("Annuler"), de=("brouillon", "signe"), vers=("annule",), roles=(FINANCE,), motif=True),
    }
    _champs_geles = (
        "numero", "nature", "compte_debite", "preparateur_id", "signataire_id", "date_signature", "date_transmission",
        "date_execution", "reference", "fichier")
    _champs_journal = ("nature", "compte_debite", "signataire_id")

    numero = fields.Char(string="Numéro", required=True, readonly=True, copy=False)
    nature = fields.Selection(NATURES, string="Voie", required=True, readonly=True, index=True)
    compte_debite = fields.Char(
        string="Compte débité", readonly=True, help="Celui des paramètres de facturation, le jour de la préparation.")
    state = fields.Selection(
        [("brouillon", "Brouillon"), ("signe", "Signé"), ("transmis", "Transmis"), ("execute", "Exécuté"), ("annule", "Annulé")],
        string="État", default="brouillon", required=True, readonly=True, index=True, tracking=True)
    ordre_ids = fields.One2many("cnas.ordre_paiement", "lot_id", string="Ordres", readonly=True)
    nb_ordres = fields.Integer(string="Paiements", compute="_compute_totaux")
    montant_total = fields.Monetary(string="Total", compute="_compute_totaux")
    nb_attendus = fields.Integer(string="Sans réponse", compute="_compute_totaux")
    nb_rejetes = fields.Integer(string="Rejetés", compute="_compute_totaux")
    montant_paye = fields.Monetary(string="Payé", compute="_compute_totaux")
    preparateur_id = fields.Many2one("res.users", string="Préparé par", readonly=True, copy=False, ondelete="restrict")
    signataire_id = fields.Many2one("res.users", string="Signé par", readonly=True, copy=False, ondelete="restrict")
    date_signature = fields.Date(string="Signé le", readonly=True, copy=False)
    date_transmission = fields.Date(string="Transmis le", readonly=True)
    date_execution = fields.Date(string="Exécuté le", readonly=True)
    reference = fields.Char(string="Référence de la banque", readonly=True)
    fichier = fields.Binary(string="Fichier remis", readonly=True, copy=False, attachment=False, groups=FINANCE)
    retour_ids = fields.One2many("cnas.retour_paiement", "lot_id", string="Retours", readonly=True)
    alerte = fields.Text(string="Alerte", compute="_compute_alerte", compute_sudo=True)

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro de lot est déjà pris."),
        ("deux_personnes", "CHECK (signataire_id IS NULL OR signataire_id <> preparateur_id)",
         "Qui prépare un lot ne le signe pas : une autre personne doit le signer."),
        ("signe_signataire", "CHECK (state <> 'signe' OR (signataire_id IS NOT NULL AND date_signature IS NOT NULL))",
         "Un lot signé porte sa signature et sa date."),
    ]

    @api.depends("ordre_ids.montant", "ordre_ids.state")
    def _compute_totaux(self):
        totaux = {lot: {} for lot in self.ids}
        for lot, etat, nombre, montant in self.env["cnas.ordre_paiement"]._read_group(
                [("lot_id", "in", self.ids)], ["lot_id", "state"], ["__count", "montant:sum"]):
            totaux[lot.id][etat] = (nombre, montant)
        for lot in self:
            etats = totaux.get(lot.id, {})
            vivants = [total for etat, total in etats.items() if etat not in ("rejete", "annule")]
            lot.nb_ordres, lot.montant_total = sum(n for n, _m in vivants), sum(m for _n, m in vivants)
            lot.nb_attendus = etats.get("transmis", (0, 0))[0]
            lot.nb_rejetes = sum(etats.get(etat, (0, 0))[0] for etat in ("rejete", "annule"))
            lot.montant_paye = etats.get("paye", (0, 0))[1]

    @api.depends("state", "ordre_ids")
    def _compute_alerte(self):
        """Signale à qui signe, sans bloquer : un compte partagé ou d'un agent, un compte à débiter qu'on n'a pas réglé."""
        for lot in self:
            phrases = []
            if lot.state in ("brouillon", "signe"):
                if lot.nature != "guichet" and not lot.compte_debite:
                    phrases.append(_("Le compte à débiter n'est pas réglé dans les paramètres de facturation : écrivez-le sur le bordereau."))
                phrases += lot._comptes_douteux()
            lot.alerte = ecrire_debut(phrases, 10) or False

    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("numero",)):
            raise UserError(_("Un lot se prépare depuis la liste des ordres de paiement : choisissez-les, puis "
                              "« Préparer le lot »."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un lot de paiement ne se supprime pas : annulez-le."))

    # ------------------------------------------------------------------ actions publiques
    @transition("signer")
    def action_signer(self):
        """Signe le lot, au nom d'une autre personne que celle qui l'a préparé : son fichier s'écrit et se fige. Rend True."""
        self.ordre_ids.facture_id._verrouiller()
        for lot in self:
            lot._changer_etat("signe", signataire_id=self.env.uid, date_signature=aujourd_hui(),
                              fichier=base64.b64encode(lot._fichier_aller()))

    @transition("transmettre")
    def action_transmettre(self):
        """Note que le fichier signé est remis à qui paie. Rend True."""
        self.ordre_ids.facture_id._verrouiller()
        self._changer_etat("transmis", date_transmission=aujourd_hui())
        with sans_suivi():
            self.ordre_ids.filtered(lambda o: o.state == "en_lot")._changer_etat("transmis")

    def importer_retour(self, fichier_b64, nom=None):
        """Lit le fichier retour et note, ordre par ordre, ce qui est payé ou rejeté. Rejoué, il ne change rien.

        Le lot est exécuté quand tous ses ordres sont dits ; chaque ligne garde ce qu'on en a fait (`retour_ids`).

        :param str fichier_b64: le fichier (CSV ou classeur), en base64
        :param str nom: son nom, dont l'extension dit le format (CSV à défaut)
        :return: {"payes", "rejetes", "inconnus", "deja_vus"}, des nombres de lignes ; « inconnus » compte tout ce qui n'a
            rien changé faute d'être sûr : ordre inconnu ou d'un autre lot, montant différent, ligne illisible
        :raise UserError: fichier illisible, ou sans les colonnes ordre, montant et statut ; lot pas encore transmis
        """
        self._exiger("importer_retour")
        contenu = self._decoder(fichier_b64)
        lues = ADAPTATEURS[self.nature].lire(contenu, str(nom or "retour.csv"))
        self.ordre_ids.facture_id._verrouiller()
        self.ordre_ids.invalidate_recordset()
        return self.env["cnas.retour_paiement"]._importer(self, lues, contenu, nom)

    @transition("executer")
    def action_executer(self, date=None, reference=None):
        """Constate l'exécution du lot sans fichier retour : ses ordres encore sans réponse sont payés, les factures soldées aussi.

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
        self.ordre_ids.facture_id._verrouiller()
        attendus = self.ordre_ids.filtered(lambda o: o.state == "transmis")
        attendus._exiger_date(jour)
        attendus._constater(dict.fromkeys(attendus.ids, (jour, texte)))

    @transition("annuler")
    def action_annuler(self, motif=None):
        """Annule un lot non transmis : ses ordres redeviennent émis. Rend True ou l'assistant de motif."""
        self._changer_etat("annule")
        with sans_suivi():
            self.ordre_ids.filtered(lambda o: o.state == "en_lot")._changer_etat("emis", lot_id=False)
        for lot in self:
            lot.message_post(body=_("Lot annulé : %s", motif))

    def action_ouvrir_retour(self):
        """Ouvre l'assistant qui importe un fichier retour. Rend une action de fenêtre."""
        self._exiger("importer_retour")
        return {"type": "ir.actions.act_window", "name": _("Importer le retour"), "res_model": "cnas.retour.wizard",
                "view_mode": "form", "target": "new", "context": {"default_lot_id": self.id}}

    def telecharger(self, format="csv"):
        """Rend le fichier à remettre (« csv ») ou le bordereau (« pdf »), à la finance seule ; le superviseur lit."""
        self._exiger_groupe(FINANCE, _("télécharger un lot de paiement"))
        return super().telecharger(format)

    def action_imprimer(self):
        """Ouvre le bordereau PDF du lot. Rend une action d'adresse."""
        return self._ouvrir_fichier()

    def action_fichier_banque(self):
        """Télécharge le fichier à remettre. Rend une action d'adresse."""
        return self._ouvrir_fichier("csv", "self")

    # ------------------------------------------------------------------ métier
    @api.model
    def _preparer(self, ordres):
        """Rend les lots des ordres, un par voie de paiement."""
        sequence, lots = self.env["ir.sequence"].sudo(), self.browse()
        for nature, groupe in ordres.grouped("nature").items():
            lot = self._creer([{
                "numero": sequence.next_by_code("cnas.lot_paiement", sequence_date=aujourd_hui()), "nature": nature,
                "compte_debite": self._compte_a_debiter(nature), "preparateur_id": self.env.uid}])
            with sans_suivi():
                groupe._changer_etat("en_lot", lot_id=lot.id)
            lots |= lot
        return lots

    def _clore_si_tout_dit(self):
        """Passe à « exécuté » les lots transmis dont chaque ordre est payé ou rejeté."""
        for lot in self.sudo().filtered(lambda lot: lot.state == "transmis"):
            if "transmis" in lot.ordre_ids.mapped("state"):
                continue
            payes = lot.ordre_ids.filtered(lambda o: o.state == "paye")
            references = set(payes.mapped("reference_paiement"))
            lot._changer_etat("execute", date_execution=max(payes.mapped("date_paiement"), default=aujourd_hui()),
                              reference=references.pop() if len(references) == 1 else False)

    # ------------------------------------------------------------------ privé
    def _empeche_vide(self):
        """Rend {id: raison} des lots sans ordre à payer."""
        return {lot.id: _("le lot est vide.") for lot in self if "en_lot" not in lot.ordre_ids.mapped("state")}

    def _empeche_facture(self):
        """Rend {id: raison} des lots dont une facture n'est plus ordonnancée."""
        return self._raisons_des_ordres("_empeche_facture")

    def _empeche_payeur(self):
        """Rend {id: raison} des lots dont l'usager ne paie pas une facture."""
        return self._raisons_des_ordres("_empeche_payeur")

    def _empeche_decideur_du_rib(self):
        """Rend {id: raison} des lots dont l'usager a décidé un compte payé."""
        return self._raisons_des_ordres("_empeche_decideur_du_rib")

    def _empeche_rib(self):
        """Rend {id: raison} des lots dont un virement vise un RIB qui n'est plus sûr."""
        return self._raisons_des_ordres("_empeche_rib")

    def _raisons_des_ordres(self, methode):
        """Rend {id du lot: première raison d'un ordre encore à payer} : la loi est celle de l'ordre."""
        ordres = self.sudo().ordre_ids.filtered(lambda o: o.state in ("en_lot", "transmis"))
        raisons = getattr(ordres, methode)()
        return {ordre.lot_id.id: raisons[ordre.id] for ordre in reversed(ordres) if ordre.id in raisons}

    @api.model
    def _compte_a_debiter(self, nature):
        """Rend le compte de la caisse que la voie débite aujourd'hui, ou rien tant qu'il n'est pas réglé."""
        if nature == "guichet":
            return False
        texte = self.env["cnas.parametre"]._au(COMPTES_DEBITES[nature], aujourd_hui()).strip()
        if nature == "banque":
            return grouper_rib(nettoyer_rib(texte)) if rib_valide(texte) else False
        return texte if any(signe.isdigit() for signe in texte) else False

    def _comptes_douteux(self):
        """Rend une phrase par compte qui paie plusieurs personnes dans le lot, ou que son dossier signale."""
        adaptateur, qui = ADAPTATEURS.get(self.nature), {}
        for ordre in self.ordre_ids if adaptateur and self.nature != "guichet" else ():
            qui.setdefault(adaptateur.compte(ordre), set()).add(ordre.assure_id or ordre.formation_id)
        phrases = [_("%(compte)s paie %(qui)s.", compte=compte, qui=", ".join(sorted(p.display_name for p in personnes)))
                   for compte, personnes in qui.items() if len(personnes) > 1]
        return phrases + [f"{compte.display_name} : {compte.alerte}" for compte in self.ordre_ids.compte_paiement_id if compte.alerte]

    def _fichier_aller(self):
        """Rend le fichier à remettre : tous les ordres du lot, même rendus depuis ; réédité, il redit ce qu'il disait."""
        return ADAPTATEURS[self.nature].ecrire(self)

    @api.model
    def _decoder(self, fichier_b64):
        """Rend les octets d'un fichier donné en base64.

        :raise UserError: vide, trop gros ou mal transmis
        """
        if isinstance(fichier_b64, str):
            fichier_b64 = fichier_b64.encode("ascii", "replace")
        if not isinstance(fichier_b64, bytes) or not fichier_b64.strip():
            raise UserError(_("Le fichier retour est vide : choisissez celui qu'a rendu la banque ou l'opérateur."))
        if len(fichier_b64) > TAILLE_MAX_TABLEAU * 4 // 3 + 1024:
            raise UserError(_("Le fichier dépasse 25 Mo : découpez-le en plusieurs envois."))
        try:
            return base64.b64decode(b"".join(fichier_b64.split()), validate=True)
        except (binascii.Error, ValueError) as erreur:
            raise UserError(_("Le fichier est mal transmis (base64 illisible) : envoyez-le à nouveau.")) from erreur

    def _formats(self):
        return {"csv": self._fichier_signe, "pdf": self._pdf_etat}

    def _nom_fichier(self):
        return self.numero

    def _fichier_signe(self):
        if not self.fichier:
            raise UserError(_("Le fichier s'écrit à la signature du lot : faites-le d'abord signer par une autre personne."))
        return base64.b64decode(self.fichier)

    def _pdf_etat(self):
        from ..report.pdf_lot import dessiner_lot

        return dessiner_lot(self.sudo())
