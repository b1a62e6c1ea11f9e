import re
from collections import defaultdict

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_facturation.adaptateurs.adaptateur import cle_d_ordre

from .comptabilite import Mouvement
from .roles import COMPTABLE

MOTS = re.compile(r"[0-9A-Za-z]+")
# Une référence écrite « LOT 2026 00012 » : jusqu'à tant de mots se rejoignent.
MOTS_D_UNE_REFERENCE = 5
CLE_MIN = 4


@actions
class ReleveLigne(models.Model):
    """Une ligne de relevé : une somme entrée ou sortie, et le fait de la caisse qu'elle confirme.

    États : en attente → rapprochée (seule, sur les références de nos lots ; ou à la main), imputée (une pièce est passée : frais…) ou écartée,
    avec un motif ; défaite, elle attend de nouveau, et la pièce passée se contre-passe. L'agent comptable seul ; une ligne inconnue attend, elle ne se perd ni ne s'efface.
    """

    _name = "cnas.releve.ligne"
    _description = "Ligne de relevé"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin"]
    _order = "date desc, id desc"
    _rec_name = "libelle"

    _etat_initial = "attente"
    _actions = {
        "rapprocher": Action(titre=_lt("Rapprocher"), de=("attente",), vers=("rapprochee",), roles=(COMPTABLE,), seul=True,
                             empeche=("_empeche_sans_fait",), annonce=False),
        "imputer": Action(titre=_lt("Passer une pièce"), de=("attente",), vers=("imputee",), roles=(COMPTABLE,), seul=True,
                          empeche=("_empeche_sans_compte",), annonce=False),
        "ecarter": Action(titre=_lt("Écarter"), de=("attente",), vers=("ecartee",), roles=(COMPTABLE,), motif=True),
        "rendre": Action(titre=_lt("Défaire"), de=("rapprochee", "ecartee", "imputee"), vers=("attente",), roles=(COMPTABLE,), motif=True),
    }
    _champs_geles = ("releve_id", "numero", "date", "libelle", "reference", "montant", "cle", "automatique", "motif", "move_id")
    _champs_journal = ("montant", "motif")

    releve_id = fields.Many2one("cnas.releve", string="Relevé", required=True, readonly=True, index=True, ondelete="restrict")
    journal_id = fields.Many2one(related="releve_id.journal_id", string="Compte", store=True, index=True)
    numero = fields.Integer(string="Ligne", readonly=True, group_operator=None)
    date = fields.Date(string="Date", required=True, readonly=True)
    libelle = fields.Char(string="Libellé", readonly=True)
    reference = fields.Char(string="Référence", readonly=True)
    montant = fields.Monetary(string="Montant", required=True, readonly=True, help="Entré, ou sorti (négatif).")
    cle = fields.Char(string="Clé", required=True, readonly=True)
    state = fields.Selection(
        [("attente", "En attente"), ("rapprochee", "Rapprochée"), ("imputee", "Imputée"), ("ecartee", "Écartée")],
        string="État", default="attente", required=True, readonly=True, index=True)
    automatique = fields.Boolean(string="Rapprochée seule", readonly=True)
    fait_ids = fields.One2many("cnas.fait_comptable", "releve_ligne_id", string="Faits confirmés", readonly=True)
    fait_choisi_id = fields.Many2one(
        "cnas.fait_comptable", string="Fait à rapprocher", ondelete="restrict",
        domain="[('tresorerie', '=', montant), ('releve_ligne_id', '=', False)]")
    compte_id = fields.Many2one(
        "account.account", string="Compte à imputer", ondelete="restrict", domain="[('deprecated', '=', False)]",
        help="Pour une somme que la caisse ne connaît pas : frais, intérêts, don…")
    move_id = fields.Many2one("account.move", string="Pièce passée", readonly=True, ondelete="restrict", index="btree_not_null")
    motif = fields.Char(string="Motif", readonly=True)

    _sql_constraints = [
        ("une_fois", "UNIQUE (journal_id, cle)", "Cette ligne est déjà dans un autre relevé du même compte."),
        ("montant_non_nul", "CHECK (montant <> 0)", "Une ligne de relevé porte un montant."),
    ]

    @api.model_create_multi
    def create(self, vals_list):
        if vals_list and not self._ouvert(("releve_id",)):
            raise UserError(_("Les lignes d'un relevé viennent de son fichier."))
        return super().create(vals_list)

    def write(self, vals):
        if {"fait_choisi_id", "compte_id"} & vals.keys() and any(ligne.state != "attente" for ligne in self):
            raise UserError(_("Cette ligne n'attend plus : défaites d'abord ce qui en a été fait."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Une ligne de relevé ne se supprime pas : écartez-la avec un motif."))

    # ------------------------------------------------------------------ actions publiques
    @transition("rapprocher")
    def action_rapprocher(self):
        """Rapproche la ligne du fait choisi. Rend True."""
        self.fait_choisi_id.sudo()._ecrire({"releve_ligne_id": self.id}, suivi=False)
        self._changer_etat("rapprochee")

    @transition("imputer")
    def action_imputer(self):
        """Passe une pièce entre la trésorerie et le compte choisi, au jour de la ligne. Rend True.

        :raise UserError: mois clos
        """
        self._changer_etat("imputee", move_id=self._passer_piece("imputation", self.date).move_id.id)

    @transition("ecarter")
    def action_ecarter(self, motif=None):
        """Écarte des lignes, avec un motif. Rend True, ou l'assistant de motif."""
        self._changer_etat("ecartee", motif=motif)

    @transition("rendre")
    def action_rendre(self, motif=None):
        """Défait un rapprochement, une mise à l'écart ou une imputation, qui se contre-passe aujourd'hui : les lignes attendent à nouveau.

        :return: True, ou l'assistant de motif
        """
        for ligne in self.filtered(lambda li: li.state == "imputee"):
            ligne._passer_piece("annulation", aujourd_hui(), ligne._faits_d_imputation()[-1])
        # Une imputation et son annulation s'annulent, et restent à la ligne qui les a fait naître.
        (self.sudo().fait_ids - self._faits_d_imputation())._ecrire({"releve_ligne_id": False}, suivi=False)
        self._changer_etat("attente", automatique=False, motif=False, move_id=False)

    @api.model
    def rapprocher_en_attente(self):
        """Comptabilise les faits, puis rapproche seules les lignes qui citent une de nos références.

        :return: {"rapprochees", "attente"}, des nombres de lignes
        """
        self.env["cnas.comptabilite"].comptabiliser()
        attente = self.sudo().search([("state", "=", "attente")])
        rapprochees = attente._rapprocher_seules()
        return {"rapprochees": len(rapprochees), "attente": len(attente) - len(rapprochees)}

    # ------------------------------------------------------------------ imputation
    def _faits_d_imputation(self):
        """Rend les faits que ces lignes ont fait naître, dans l'ordre."""
        return self.env["cnas.fait_comptable"].sudo().search([("modele", "=", self._name), ("res_id", "in", self.ids)], order="id")

    def _passer_piece(self, evenement, jour, defait=None):
        """Passe la pièce de l'imputation, ou celle qui défait ce fait ; rend le fait, que la ligne confirme."""
        journal, rang = self.journal_id.sudo(), len(self._faits_d_imputation()) // 2
        tresorerie, autre, entree = journal.default_account_id.code, self.compte_id.sudo().code, self.montant > 0
        mouvement = Mouvement(
            fait=(self._name, self.id), evenement=f"{evenement}_{rang + 1}" if rang else evenement, source=(self._name, self.id),
            piece=self.reference or self.releve_id.nom, jour=jour, operation="imputation",
            montant=-abs(int(self.montant)) if defait else abs(int(self.montant)), tresorerie=1 if entree else -1,
            libelle=self.libelle or self.reference, origine=tuple(defait.cle.split(",")) if defait else (),
            comptes=(tresorerie, autre, journal.code) if entree else (autre, tresorerie, journal.code))
        moteur = self.env["cnas.comptabilite"].sudo()
        moteur._reserver()
        moteur._passer([mouvement])
        fait = self.env["cnas.fait_comptable"].sudo().search([("cle", "=", mouvement.cle)])
        fait._ecrire({"releve_ligne_id": self.id}, suivi=False)
        return fait

    # ------------------------------------------------------------------ rapprochement
    def _rapprocher_seules(self):
        """Rapproche les lignes dont une référence et le montant désignent un fait, ou une pièce entière ; rend celles-là.

        Un relevé qui redit le total d'un lot confirme d'un coup tous ses ordres ; s'il les détaille, chacun le sien.
        """
        par_compte, liens = self.grouped(lambda li: li.journal_id.default_account_id.id), {}
        libres = self.env["cnas.fait_comptable"].sudo().search(
            [("compte_tresorerie_id", "in", list(par_compte)), ("releve_ligne_id", "=", False), ("tresorerie", "!=", 0)], order="date, id")
        for compte, lignes in par_compte.items():
            index = self._indexer(libres.filtered(lambda f, c=compte: f.compte_tresorerie_id.id == c))
            pris = set()
            for ligne in lignes.sorted(lambda li: (li.date, li.id)):
                faits = ligne._faits_cites(index, pris)
                if faits:
                    liens[ligne] = faits
                    pris.update(faits.ids)
        trouvees = self.browse([ligne.id for ligne in liens])
        self._relier(liens)
        if trouvees:
            trouvees._changer_etat("rapprochee", automatique=True)
        return trouvees

    @api.model
    def _indexer(self, faits):
        """Rend {référence: [(montant, faits)]} : d'abord les pièces entières, puis leurs faits."""
        index = defaultdict(list)
        for siens in faits.grouped("move_id").values():
            references = {cle for fait in siens for cle in (fait.reference or "").split() if len(cle) >= CLE_MIN}
            if len(siens) > 1:
                for cle in references:
                    index[cle].append((sum(siens.mapped("tresorerie")), siens))
        for fait in faits:
            for cle in (fait.reference or "").split():
                if len(cle) >= CLE_MIN:
                    index[cle].append((fait.tresorerie, fait))
        return index

    def _faits_cites(self, index, pris):
        """Rend les faits que la ligne cite, au même montant ; rien si aucun."""
        for cle in self._references_lues():
            for montant, faits in index.get(cle, ()):
                if montant == self.montant and not pris.intersection(faits.ids):
                    return faits
        return self.env["cnas.fait_comptable"]

    def _references_lues(self):
        """Rend ce qui, dans la ligne, peut être une référence : ses mots, et ses mots qui se suivent, rejoints ; les plus longs d'abord."""
        trouvees = {}
        for texte in (self.reference, self.libelle):
            mots = MOTS.findall(texte or "")
            for longueur in range(min(MOTS_D_UNE_REFERENCE, len(mots)), 0, -1):
                for debut in range(len(mots) - longueur + 1):
                    trouvees.setdefault(cle_d_ordre("".join(mots[debut:debut + longueur])), None)
        return [cle for cle in trouvees if len(cle) >= CLE_MIN]

    @api.model
    def _relier(self, liens):
        """Note, d'une requête, la ligne qui confirme chaque fait."""
        rangs = [(fait, ligne.id) for ligne, faits in liens.items() for fait in faits.ids]
        self.env.flush_all()
        self.env.cr.execute("""
            UPDATE cnas_fait_comptable f SET releve_ligne_id = v.ligne FROM unnest(%s::int[], %s::int[]) AS v (fait, ligne)
             WHERE f.id = v.fait""", [[f for f, _l in rangs], [li for _f, li in rangs]])
        self.env["cnas.fait_comptable"].invalidate_model(["releve_ligne_id"])

    # ------------------------------------------------------------------ gardes
    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"fait_choisi_id", "compte_id"}

    def _empeche_sans_fait(self):
        """Rend {id: raison} des lignes sans fait choisi, ou dont le fait ne va pas."""
        raisons = {}
        for ligne in self.sudo():
            fait = ligne.fait_choisi_id
            if not fait:
                raisons[ligne._origin.id] = _("choisissez le fait qu'elle confirme.")
            elif fait.releve_ligne_id:
                raisons[ligne._origin.id] = _("ce fait est déjà confirmé par une autre ligne.")
            elif fait.tresorerie != ligne.montant or fait.compte_tresorerie_id != ligne.journal_id.default_account_id:
                raisons[ligne._origin.id] = _("le fait choisi n'est pas de ce montant, ou d'un autre compte.")
        return raisons

    def _empeche_sans_compte(self):
        """Rend {id: raison} des lignes sans compte à imputer."""
        return {ligne._origin.id: _("choisissez le compte à imputer.") for ligne in self if not ligne.compte_id}
