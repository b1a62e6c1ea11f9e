from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_referentiels.bareme import Bareme

from ..liquidation import execution
from ..regles.explication import expliquer
from ..regles.registre import REGLES
from .feuille_soin.actions import CONTROLEUR, MEDECIN, SUPERVISEUR
from .feuille_soin.dossier import GROUPES_DOSSIER

# Ce que coupe une règle → ce que la révision retient.
REVUS = {"quantite": "quantite_revue", "prix": "prix_revu"}


class FeuilleSoinLigne(models.Model):
    """Une prestation facturée sur une feuille de soins, et ce que la CNAS en retient.

    Toujours vrai une fois la ligne décidée : facturé = part + ticket + dépassement + rejeté.
    Saisie en brouillon ; quantité et prix retenus se révisent, avec un motif, par qui peut « réviser » la feuille ;
    les montants, par le calcul seul. Les règles coupent aussi ce qui est révisé : retenir plus qu'elles ne permettent
    (tarif, maximum, entente) est passer outre, comme lever leur anomalie — un superviseur, avec sa justification.
    """

    _name = "cnas.feuille_soin.ligne"
    _description = "Ligne de feuille de soins"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _cloison_agence = ("feuille_id.agence_id", "feuille_id.bordereau_id.destination_id")
    _cloison_usager = ("feuille_id.controleur_id",)
    _order = "feuille_id, sequence, id"

    _champs_geles = (
        "quantite_retenue", "tarif", "montant_base", "taux", "montant_cnas", "ticket_moderateur", "depassement",
        "montant_rejete", "montant_facture", "decision", "revue_par_id", "revue_le", "coefficient_multiple",
        "entente_imputee_id", "franchise", "hors_plafond", "avis_demande",
    )
    _champs_revue = ("quantite_revue", "prix_revu", "rejet_revu", "motif_revue")

    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", required=True, index=True,
                                 ondelete="cascade")
    sequence = fields.Integer(string="Rang", default=10)
    prestation_id = fields.Many2one("cnas.prestation", string="Prestation", required=True, index=True,
                                    ondelete="restrict", groups=GROUPES_DOSSIER)
    type_prestation = fields.Selection(related="prestation_id.type_prestation", string="Type")
    quantite = fields.Integer(string="Quantité", required=True, default=1)
    prix_unitaire = fields.Monetary(string="Prix unitaire", required=True)
    montant_facture = fields.Monetary(string="Facturé", compute="_compute_montant_facture", store=True, precompute=True)
    # --- écrit par le calcul
    quantite_retenue = fields.Integer(string="Quantité retenue", readonly=True, copy=False)
    tarif = fields.Monetary(string="Tarif", readonly=True, copy=False)
    montant_base = fields.Monetary(string="Base", readonly=True, copy=False)
    taux = fields.Float(string="Taux (%)", digits=(5, 2), readonly=True, copy=False)
    franchise = fields.Monetary(string="Franchise annuelle retenue", readonly=True, copy=False)
    hors_plafond = fields.Boolean(string="Hors plafond", readonly=True, copy=False,
                                  help="Échappait aux plafonds au jour du contrôle (âge et lieu des soins).")
    montant_cnas = fields.Monetary(string="Part CNAS", readonly=True, copy=False)
    ticket_moderateur = fields.Monetary(string="Ticket modérateur", readonly=True, copy=False)
    depassement = fields.Monetary(string="Dépassement", readonly=True, copy=False)
    montant_rejete = fields.Monetary(string="Rejeté", readonly=True, copy=False)
    decision = fields.Selection(
        [("attente", "En attente"), ("acceptee", "Acceptée"), ("abattue", "Abattue"), ("rejetee", "Rejetée")],
        string="Décision", default="attente", required=True, readonly=True, copy=False)
    # --- révision par un humain : prime sur le calcul, qui repart de là
    quantite_revue = fields.Integer(string="Quantité révisée", copy=False, help="Vide (0) : pas de révision.")
    prix_revu = fields.Monetary(string="Prix révisé", copy=False, help="Vide (0) : pas de révision.")
    rejet_revu = fields.Boolean(string="Rejetée par le contrôleur", copy=False)
    motif_revue = fields.Char(string="Motif de la révision", copy=False, groups=GROUPES_DOSSIER)
    revue_par_id = fields.Many2one("res.users", string="Révisée par", readonly=True, copy=False)
    revue_le = fields.Datetime(string="Révisée le", readonly=True, copy=False)
    # --- faits facultatifs et trace du calcul
    coefficient_facture = fields.Float(string="Coefficient facturé", digits=(8, 2))
    ticket_facture = fields.Monetary(string="Part patient facturée", help="Vide (0) : non écrite.")
    duree_jours = fields.Integer(string="Durée délivrée (jours)", group_operator=None)
    posologie_jour = fields.Integer(string="Unités par jour", group_operator=None)
    coefficient_multiple = fields.Integer(string="Rang d'acte (%)", default=100, readonly=True, copy=False,
                                          group_operator=None, help="100, 50 ou 0 : actes d'une même séance.")
    entente_imputee_id = fields.Many2one("cnas.entente_prealable", string="Accord imputé", readonly=True, copy=False,
                                         index="btree_not_null", ondelete="restrict")
    anomalie_ids = fields.One2many("cnas.anomalie", "ligne_id", string="Anomalies", groups=GROUPES_DOSSIER)
    anomalies_texte = fields.Text(string="Anomalies et avis", compute="_compute_anomalies_texte", groups=GROUPES_DOSSIER)
    avis_demande = fields.Boolean(string="Avis médical demandé", readonly=True, copy=False)
    explication = fields.Char(string="Calcul", compute="_compute_explication", groups=GROUPES_DOSSIER)
    tarif_propose = fields.Monetary(string="Tarif en vigueur", compute="_compute_tarif_propose", compute_sudo=True,
                                    help="Tarif de la formation à la date des soins.")

    _sql_constraints = [
        ("quantite_positive", "CHECK (quantite > 0)", "La quantité doit être supérieure à zéro."),
        ("prix_positif", "CHECK (prix_unitaire >= 0)", "Le prix unitaire ne peut pas être négatif."),
        ("revue_positive", "CHECK (quantite_revue >= 0 AND prix_revu >= 0)",
         "La quantité et le prix révisés ne peuvent pas être négatifs."),
        ("montants_equilibres",
         "CHECK ((decision = 'attente' AND COALESCE(montant_base, 0) = 0) OR COALESCE(montant_facture, 0) ="
         " COALESCE(montant_cnas, 0) + COALESCE(ticket_moderateur, 0) + COALESCE(depassement, 0)"
         " + COALESCE(montant_rejete, 0))",
         "Le facturé d'une ligne est la somme de la part CNAS, du ticket, du dépassement et du rejeté."),
        ("montants_ordonnes",
         "CHECK (0 <= COALESCE(montant_cnas, 0) AND COALESCE(montant_cnas, 0) <= COALESCE(montant_base, 0)"
         " AND COALESCE(montant_base, 0) <= COALESCE(montant_facture, 0) AND COALESCE(depassement, 0) >= 0"
         " AND COALESCE(ticket_moderateur, 0) >= 0 AND COALESCE(montant_rejete, 0) >= 0)",
         "Sur une ligne : 0 ≤ part CNAS ≤ base ≤ facturé."),
    ]

    # ------------------------------------------------------------------ calculs
    @api.depends("quantite", "prix_unitaire")
    def _compute_montant_facture(self):
        for ligne in self:
            ligne.montant_facture = ligne.quantite * ligne.prix_unitaire

    @api.depends("anomalie_ids.state", "anomalie_ids.message", "avis_demande")
    @api.depends_context("uid", "lang")
    def _compute_anomalies_texte(self):
        """Ce que les règles ont constaté sur la ligne, et ce que le médecin en a dit, pour juger sans changer d'onglet."""
        lit_les_avis = self.env.user.has_group(CONTROLEUR) or self.env.user.has_group(MEDECIN)
        for ligne in self:
            phrases = [a.motif_lu if a.state == "ouverte" else _("levée : %s", a.motif_lu) for a in ligne.anomalie_ids if a.message]
            if lit_les_avis and ligne._origin in ligne.feuille_id.avis_ids[:1].ligne_refusee_ids:
                phrases.append(_("refusée par le médecin-conseil"))
            elif ligne.avis_demande:
                phrases.append(_("avis médical demandé"))
            ligne.anomalies_texte = "\n".join(phrases) or False

    def _compute_explication(self):
        phrases = expliquer(self)
        for ligne in self:
            ligne.explication = phrases.get(ligne.id, "")

    @api.depends("prestation_id", "feuille_id.date_soins", "feuille_id.formation_id")
    def _compute_tarif_propose(self):
        jour_defaut = aujourd_hui()
        bareme = Bareme(self.env, self.prestation_id._origin.ids)
        for ligne in self:
            feuille = ligne.feuille_id
            jour = feuille.date_soins or jour_defaut
            tarif = bareme.tarif(ligne.prestation_id._origin.id, feuille.formation_id._niveau_au(jour), jour)
            ligne.tarif_propose = tarif.montant if tarif else 0

    @api.onchange("prestation_id")
    def _onchange_prestation_id(self):
        """Propose le tarif en vigueur comme prix."""
        if self.prestation_id:
            self.prix_unitaire = self.tarif_propose

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        """Crée des lignes de feuilles en brouillon ; les montants retenus viennent du seul calcul."""
        lignes = super().create(vals_list)
        lignes._refuser_hors_brouillon()
        return lignes

    def write(self, vals):
        """Permet la saisie en brouillon, la révision pendant le contrôle, rien d'autre."""
        if self._ouvert(vals.keys()):
            return super().write(vals)
        self.check_access_rights("write")
        self.check_access_rule("write")
        if not set(vals) <= set(self._champs_revue):
            self._refuser_hors_brouillon()
        revue = not set(vals).isdisjoint(self._champs_revue)
        if revue:
            self._verifier_revue(vals)
        resultat = super().write(vals)
        if revue:
            self._ecrire({"revue_par_id": self.env.uid, "revue_le": fields.Datetime.now()})
            self.feuille_id.sudo()._recalculer()
            self.filtered(lambda li: li.feuille_id.state in ("controle", "avis_medical"))._passer_outre()
        return resultat

    @api.ondelete(at_uninstall=False)
    def _unlink_brouillon_seul(self):
        self._refuser_hors_brouillon()

    # ------------------------------------------------------------------ actions
    def action_reviser(self):
        """Ouvre la révision de la ligne : quantité et prix retenus, rejet, motif.

        :return: l'action qui ouvre la révision
        :raise UserError: feuille qui n'est plus en contrôle, ou saisie par la même personne
        """
        if len(self) != 1:
            raise UserError(_("Choisissez une seule ligne à réviser."))
        self.feuille_id._exiger("reviser")
        vue = self.env.ref("cnas_feuilles_soin.feuille_soin_ligne_view_form_revue")
        return {"type": "ir.actions.act_window", "name": _("Réviser la ligne"), "res_model": self._name,
                "res_id": self.id, "view_mode": "form", "views": [(vue.id, "form")], "target": "new"}

    # ------------------------------------------------------------------ privé
    def _refuser_hors_brouillon(self):
        for feuille in self.feuille_id:
            if feuille.state != "brouillon":
                raise UserError(_(
                    "Les lignes de la feuille %s ne changent plus : elle est déposée.", feuille.display_name))

    def _verifier_revue(self, vals):
        """Réserve la révision au contrôleur, pendant le contrôle, avec un motif."""
        self.feuille_id._exiger("reviser")
        for ligne in self:
            motif = vals.get("motif_revue", ligne.motif_revue)
            annonce = any(vals.get(champ, ligne[champ]) for champ in ("quantite_revue", "prix_revu", "rejet_revu"))
            if annonce and not (motif or "").strip():
                raise UserError(_("Dites pourquoi vous révisez la ligne « %s » (motif de la révision).",
                                  ligne.prestation_id.display_name))
            ligne._verifier_outre(vals)
            nombres = (vals.get("quantite_revue", 0), vals.get("prix_revu", 0))
            if not all(isinstance(nombre, (int, float)) for nombre in nombres):
                raise UserError(_("La quantité et le prix révisés sont des nombres."))
            if nombres[0] > ligne.quantite or nombres[1] > ligne.prix_unitaire:
                raise UserError(_("La révision ne peut pas dépasser ce qui est facturé (ligne « %s »).",
                                  ligne.prestation_id.display_name))

    def _passer_outre(self):
        """Lève, pour le superviseur et au motif de la révision, les anomalies qui la coupent ; refuse à tout autre.

        :raise UserError: la révision dépasse ce que permettent les règles
        """
        # Une règle peut en cacher une autre, qui ne coupe que ce que la première laisse.
        while coupures := self._coupures():
            self._exiger_superviseur(coupures.ligne_id)
            for ligne, anomalies in coupures.grouped("ligne_id").items():
                anomalies._lever(ligne.motif_revue)

    def _coupures(self):
        """Rend les anomalies ouvertes d'abattement qui coupent la quantité ou le prix que la révision retient."""
        coupes = {
            (constat.ligne, constat.regle.id)
            for lot in execution.simuler(self.env(su=True), REGLES, self.feuille_id.ids)
            for feuille in lot.feuilles for constat in feuille.anomalies
            if constat.ligne in self._ids and constat.severite == "abattement" and constat.effet
            and constat.effet[0] in REVUS and self.browse(constat.ligne)[REVUS[constat.effet[0]]]}
        return self.anomalie_ids.filtered(lambda a: a.state == "ouverte" and (a.ligne_id.id, a.regle_id.id) in coupes)

    def _verifier_outre(self, vals):
        """Une ligne où l'on a passé outre ne remonte pas par la main d'un autre que le superviseur."""
        if not any(a.state == "levee" and a.severite == "abattement" for a in self.sudo().anomalie_ids):
            return
        for champ, facture in (("quantite_revue", "quantite"), ("prix_revu", "prix_unitaire")):
            if (vals.get(champ, self[champ]) or self[facture]) > (self[champ] or self[facture]):
                self._exiger_superviseur(self)

    def _exiger_superviseur(self, lignes):
        anomalies = self.env["cnas.anomalie"]
        if not anomalies._a_le_role((SUPERVISEUR,)):
            raise UserError(_(
                "Retenir plus que ne permettent les règles sur « %(ligne)s » est passer outre : seul le rôle %(role)s le peut, "
                "avec sa justification.", ligne=lignes[:1].prestation_id.display_name,
                role=anomalies._noms_roles((SUPERVISEUR,))))
