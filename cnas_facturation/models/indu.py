from collections import Counter

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.arrondi import arrondi_xaf
from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant, masquer_matricule
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date, lire_entier

from .facture.dossier import CONTROLEUR, FINANCE, SUPERVISEUR, beneficiaire

DEBITEURS = {"cnas.formation_sanitaire": "formation_id", "cnas.assure": "assure_id", "cnas.employeur": "employeur_id"}
ECHEANCES_MAX = 60

# Ce que dit le constat : il ne change plus dès la notification.
CONSTAT = frozenset(("formation_id", "assure_id", "employeur_id", "decompte_ligne_id", "compte", "montant", "motif"))


@actions
class Indu(models.Model):
    """Somme versée à tort à une formation, à un assuré remboursé ou à un employeur.

    États : constaté → notifié → soldé ; annulé tant que rien n'est récupéré. Elle revient par chèque ou versement
    (`cnas.indu.reglement`, un reçu numéroté chacun), ou par compensation : dès la notification, chaque facture validée
    de qui a reçu en retient au plus le pourcentage daté de son net. Un échéancier accordé ne laisse exiger, et retenir,
    que ce qui est échu. Soldé, l'indu porte un numéro de quittance. Le contrôleur constate et, seul, retouche son
    constat ; le superviseur mène, l'ordonnateur encaisse (table `_actions`). L'indu qui vise une ligne ou une feuille ne
    reprend pas plus que ce qu'elle a reçu, indus précédents compris.
    """

    _name = "cnas.indu"
    _description = "Indu"
    _inherit = ["cnas.etat.mixin", "cnas.telechargement.mixin", "cnas.montant.mixin", "cnas.papier.mixin", "mail.thread"]
    _papiers = {"qi": _lt("Quittance")}
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
        "encaisser": Action(titre=_lt("Encaisser"), de=("notifie",), roles=(FINANCE,), seul=True),
        "echelonner": Action(titre=_lt("Échelonner"), de=("notifie",), roles=(SUPERVISEUR,), seul=True),
        "imprimer_quittance": Action(titre=_lt("Quittance PDF"), de=("solde",), seul=True, annonce=False),
    }
    _passages = {"notifie": ("solde",), "solde": ("notifie",)}
    _champs_geles = ("numero", "date_notification", "nom_debiteur", "feuille_id", "quittance")
    _champs_journal = ("formation_id", "assure_id", "employeur_id", "decompte_ligne_id", "feuille_id", "compte", "montant", "quittance")

    numero = fields.Char(string="Numéro", readonly=True, copy=False, index=True)
    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", index=True, ondelete="restrict")
    assure_id = fields.Many2one(
        "cnas.assure", string="Assuré remboursé", index="btree_not_null", ondelete="restrict")
    employeur_id = fields.Many2one("cnas.employeur", string="Employeur", index="btree_not_null", ondelete="restrict")
    debiteur = fields.Char(string="Débiteur", compute="_compute_debiteur", compute_sudo=True)
    nom_debiteur = fields.Char(
        string="Débiteur notifié", readonly=True, copy=False, help="Recopié à la notification : ses reçus et sa quittance le redisent.")
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
    reglement_ids = fields.One2many("cnas.indu.reglement", "indu_id", string="Remboursements", readonly=True)
    echeance_ids = fields.One2many("cnas.indu.echeance", "indu_id", string="Échéancier", readonly=True)
    montant_rembourse = fields.Monetary(string="Remboursé", compute="_compute_solde", store=True)
    solde = fields.Monetary(string="Reste à récupérer", compute="_compute_solde", store=True)
    exigible = fields.Monetary(
        string="Exigible aujourd'hui", compute="_compute_exigible", help="Le reste, ou ce qui est échu et pas encore payé.")
    quittance = fields.Char(string="N° de quittance", readonly=True, copy=False, index=True)
    state = fields.Selection(
        [("constate", "Constaté"), ("notifie", "Notifié"), ("solde", "Soldé"), ("annule", "Annulé")],
        string="État", default="constate", required=True, readonly=True, copy=False, index=True, tracking=True)
    date_notification = fields.Date(string="Notifié le", readonly=True, copy=False)

    _sql_constraints = [
        ("un_debiteur", "CHECK (num_nonnulls(formation_id, assure_id, employeur_id) = 1)",
         "Un indu se réclame à une formation sanitaire, à un assuré remboursé ou à un employeur : indiquez l'un d'eux."),
        ("quittance_unique", "UNIQUE (quittance)", "Ce numéro de quittance est déjà pris."),
        ("montant_positif", "CHECK (montant > 0)", "Le montant d'un indu doit être supérieur à zéro."),
        ("solde_positif", "CHECK (solde >= 0)", "Un indu ne se récupère pas au-delà de son montant."),
        ("numero_unique", "UNIQUE (numero)", "Ce numéro d'indu est déjà pris."),
    ]

    @api.depends("formation_id", "assure_id", "employeur_id")
    def _compute_debiteur(self):
        for indu in self:
            indu.debiteur = indu._qui().display_name

    @api.depends("montant", "compensation_ids.montant", "reglement_ids.montant", "reglement_ids.state")
    def _compute_solde(self):
        for indu in self:
            indu.montant_compense = sum(indu.compensation_ids.mapped("montant"))
            indu.montant_rembourse = sum(indu.reglement_ids.filtered(lambda r: r.state == "encaisse").mapped("montant"))
            indu.solde = indu.montant - indu.montant_compense - indu.montant_rembourse

    @api.depends("solde", "state", "echeance_ids.montant", "echeance_ids.date")
    def _compute_exigible(self):
        jour = aujourd_hui()
        for indu in self:
            a_venir = sum(indu.echeance_ids.filtered(lambda e: e.date and e.date > jour).mapped("montant"))
            indu.exigible = max(0, indu.solde - a_venir) if indu.state == "notifie" else 0

    @api.onchange("decompte_ligne_id")
    def _onchange_decompte_ligne_id(self):
        if self.decompte_ligne_id:
            self.update({**self._debiteur(beneficiaire(self.decompte_ligne_id.decompte_id)), "compte": self.decompte_ligne_id.compte})

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        self._exiger_groupe(CONTROLEUR, _("constater un indu"))
        indus = super().create(vals_list)
        indus._exiger_coherence()
        return indus

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            ligne = self.env["cnas.decompte.ligne"].sudo().browse(vals.get("decompte_ligne_id") or ())
            if ligne:
                vals.setdefault("compte", ligne.compte)
                if not any(vals.get(champ) for champ in DEBITEURS.values()):
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
        """Notifie l'indu à qui le doit ; il se rembourse, et les factures suivantes le compensent. Rend True."""
        self._changer_etat("notifie", date_notification=aujourd_hui())
        for indu in self.sudo():
            indu._ecrire({"nom_debiteur": indu.debiteur})
            indu._prevenir(type(self)._avis_de_notification)

    @transition("encaisser")
    def action_encaisser(self, montant=None, mode=None, date=None, reference=None):
        """Enregistre un remboursement et rend son reçu ; sans argument, ouvre la saisie.

        :param int montant: somme reçue, au plus le reste à récupérer
        :param str mode: « cheque » ou « versement »
        :param str date: jour de réception, « AAAA-MM-JJ »
        :param str reference: numéro du chèque ou du bordereau de versement
        :return: l'action de fenêtre qui ouvre la saisie, ou le règlement et son reçu
        """
        action = {"type": "ir.actions.act_window", "name": _("Remboursement reçu"), "res_model": "cnas.indu.reglement",
                  "view_mode": "form", "target": "new"}
        if montant is None and mode is None and date is None and reference is None:
            return {**action, "context": {"default_indu_id": self.id, "default_montant": self.exigible or self.solde}}
        reglement = self.env["cnas.indu.reglement"].create(
            {"indu_id": self.id, "montant": montant, "mode": mode, "date": date, "reference": reference})
        return {**action, "res_id": reglement.id}

    @transition("echelonner")
    def action_echelonner(self, nombre=None, premiere=None):
        """Accorde un échéancier mensuel du reste à récupérer ; il remplace le précédent. Sans argument, ouvre l'assistant.

        :param int nombre: nombre d'échéances, de 2 à 60
        :param str premiere: jour de la première, « AAAA-MM-JJ »
        :return: True, ou l'action de l'assistant
        """
        if nombre is None and premiere is None:
            return {"type": "ir.actions.act_window", "name": _("Échelonner"), "res_model": "cnas.echeancier.wizard",
                    "view_mode": "form", "target": "new", "context": {"default_indu_id": self.id}}
        nombre = lire_entier(nombre, quoi=_("Nombre d'échéances"), minimum=2, maximum=ECHEANCES_MAX)
        jour = lire_date(premiere, stricte=True, quoi=_("Première échéance"))
        if jour < aujourd_hui():
            raise UserError(_("La première échéance (%s) est passée.", ecrire_date(jour)))
        if jour > fields.Date.add(aujourd_hui(), years=1):
            raise UserError(_("La première échéance (%s) est à plus d'un an : rien ne serait exigible d'ici là.", ecrire_date(jour)))
        if nombre > self.solde:
            raise UserError(_("Il reste %s : moins d'échéances suffisent.", ecrire_montant(self.solde)))
        part, reste = divmod(int(self.solde), nombre)
        self.sudo().echeance_ids._supprimer()
        self.env["cnas.indu.echeance"].sudo()._creer([
            {"indu_id": self.id, "date": fields.Date.add(jour, months=rang), "montant": part + (reste if rang == nombre - 1 else 0)}
            for rang in range(nombre)])
        self._prevenir(lambda self: (_("Échéancier — %s", self.numero), _(
            "Vous remboursez %(total)s (%(numero)s) en %(nombre)s échéances de %(part)s, la première le %(jour)s.",
            total=ecrire_montant(self.solde), numero=self.numero, nombre=nombre, part=ecrire_montant(part), jour=ecrire_date(jour))))

    @transition("imprimer_quittance")
    def action_imprimer_quittance(self):
        """Ouvre la quittance PDF d'un indu soldé. Rend une action d'adresse."""
        return self._ouvrir_fichier()

    @transition("annuler")
    def action_annuler(self, motif=None):
        """Annule un indu dont rien n'est compensé. Rend True, ou l'assistant de motif."""
        self._changer_etat("annule")
        for indu in self:
            indu.message_post(body=_("Indu annulé : %s", motif))

    # ------------------------------------------------------------------ métier
    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"montant_compense", "montant_rembourse"}

    def _qui(self):
        """Rend qui doit : la formation, l'assuré ou l'employeur."""
        return self.formation_id or self.assure_id or self.employeur_id

    def _avis_de_notification(self):
        suite = _("Remboursez-la par chèque ou versement, ou demandez un échéancier à votre agence.")
        if not self.employeur_id:
            suite += " " + _("À défaut, elle sera retenue sur vos prochains règlements.")
        faits = {"montant": ecrire_montant(self.montant), "numero": self.numero, "suite": suite}
        return (_("Indu %s", self.numero),
                _("Une somme de %(montant)s vous a été versée à tort (%(numero)s) : %(motif)s. %(suite)s",
                  motif=(self.motif or "").strip().rstrip("."), **faits),
                _("Une somme de %(montant)s vous a été versée à tort (%(numero)s). %(suite)s", **faits))

    def _prevenir(self, ecrire):
        """Écrit à qui doit, avec le lien de la page où la formation lit ses indus (`ecrire` : voir `cnas.avis`)."""
        indu = self.sudo()
        lien = f"{indu.get_base_url()}/my/formation/indus" if indu.formation_id else ""
        usagers = self.env["res.users"].sudo().search([("formation_ids", "in", indu.formation_id.ids)])
        self.env["cnas.avis"]._donner(indu, indu._qui(), ecrire, lien, indu.formation_id.partner_id | usagers.partner_id)

    def _solder_ou_rouvrir(self):
        """Mène les indus là où leur reste les met : soldés avec leur quittance, ou de nouveau dus."""
        for indu in self.sudo():
            if indu.state == "notifie" and not indu.solde:
                indu._changer_etat("solde", quittance=self.env["ir.sequence"].sudo().next_by_code(
                    "cnas.indu.quittance", sequence_date=aujourd_hui()))
                indu._prevenir(lambda self: (_("Indu soldé — %s", self.numero), _(
                    "Votre dette %(numero)s est soldée : quittance %(quittance)s.", numero=self.numero, quittance=self.quittance)))
            elif indu.state == "solde" and indu.solde:
                # Un indu soldé avant les quittances n'en porte pas.
                caduque = indu.quittance
                indu._changer_etat("notifie", quittance=False)
                indu._prevenir(lambda self, caduque=caduque: self._avis_de_reouverture(caduque))

    def _empeche_compense(self):
        """Rend {id: raison} des indus déjà récupérés en partie : une facture a retenu, ou le débiteur a remboursé."""
        return {indu.id: _("déjà récupéré en partie, il ne s'annule plus.")
                for indu in self if indu.montant_compense or indu.montant_rembourse}

    def _empeche_impaye(self):
        """Rend {id: raison} des indus qui reprendraient ce qui n'est pas payé, ou déjà repris."""
        raisons, restes = {}, self.sudo()._restes_a_reprendre()
        for indu in self.sudo():
            feuille = indu._feuille_visee()
            facture = indu.decompte_ligne_id.decompte_id.facture_id or feuille.facture_id
            if feuille and not facture.close and (facture or feuille).state != "payee":
                raisons[indu.id] = _("la facture %s n'est pas payée : il n'y a encore rien à reprendre, corrigez-la plutôt.",
                                     facture.numero or feuille.numero)
            elif indu.montant > restes.get(indu, indu.montant):
                raisons[indu.id] = indu._phrase_depasse(restes[indu])
        return raisons

    @api.model
    def _debiteur(self, qui):
        """Rend les valeurs qui désignent à qui l'indu se réclame."""
        return {**dict.fromkeys(DEBITEURS.values(), False), DEBITEURS[qui._name]: qui.id}

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
                montant = min(int(indu.exigible), reste, disponible[indu.compte])
                if montant > 0:
                    valeurs.append({"indu_id": indu.id, "facture_id": facture.id, "montant": montant})
                    reste -= montant
                    disponible[indu.compte] -= montant
            self.env["cnas.indu.compensation"]._creer(valeurs)
            indus._solder_ou_rouvrir()

    @api.model
    def _rendre(self, factures):
        """Défait les compensations des factures rouvertes."""
        compensations = self.env["cnas.indu.compensation"].search([("facture_id", "in", factures.ids)])
        indus = compensations.indu_id
        compensations._supprimer()
        indus._solder_ou_rouvrir()

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

    # ------------------------------------------------------------------ quittance
    def _formats(self):
        return {"pdf": self._pdf}

    def _nom_fichier(self):
        return f"Quittance_{self.quittance}"

    def _avis_de_reouverture(self, caduque):
        faits = {"reste": ecrire_montant(self.solde), "numero": self.numero}
        return _("Indu de nouveau dû — %s", self.numero), (
            _("Il reste %(reste)s à rembourser sur %(numero)s. La quittance %(quittance)s ne vaut plus.", quittance=caduque, **faits) if caduque else
            _("Il reste %(reste)s à rembourser sur %(numero)s.", **faits))

    def _faits_du_papier(self, code):
        return [(_("Quittance"), self.quittance), (_("Indu"), self.numero), (_("Débiteur"), self._debiteur_public()),
                (_("Montant"), ecrire_montant(self.montant)), (_("Reste"), ecrire_montant(self.solde))]

    def _debiteur_public(self):
        """Rend le débiteur tel qu'un passant le lit : une formation ou un employeur par son nom, un assuré par la fin de son matricule."""
        return masquer_matricule(self.assure_id.matricule) if self.assure_id else self.nom_debiteur or self.debiteur

    def _destinataire(self):
        return self.formation_id or self.employeur_id or self.assure_id

    def _pdf(self):
        from ..report.pdf_recu import dessiner_quittance

        if not self.quittance:
            raise UserError(_("La quittance naît une fois l'indu soldé."))
        return dessiner_quittance(self.sudo())

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
            if ligne and beneficiaire(ligne.decompte_id) != indu._qui():
                raise UserError(_("La ligne de décompte appartient à une autre formation, ou à un autre assuré."))
            if ligne and ligne.compte != indu.compte:
                raise UserError(_("La ligne de décompte a été payée sur l'autre compte : indiquez le sien."))
            if indu.montant > restes.get(indu, indu.montant):
                raise UserError(indu._phrase_depasse(restes[indu]))
