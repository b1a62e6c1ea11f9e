from markupsafe import Markup

from odoo import _, api, fields, models

from ...liquidation import execution
from ...regles.explication import expliquer
from ...regles.registre import REGLES
from .dossier import GROUPES_DOSSIER

# Au-dessus, le contrôle devient un traitement de fond suivi à l'écran.
TAILLE_LOT = 2000


class FeuilleSoin(models.Model):
    """Le contrôle et la liquidation d'un lot de feuilles, et les faits facultatifs que les règles lisent.

    | qui | peut |
    |---|---|
    | agent | noter ce que montre le document (signature, carnet, ordonnance, cause…), avant le dépôt |
    | contrôleur puis superviseur, qui n'ont pas saisi | le corriger pendant le contrôle (`cnas.changement`) |
    | le contrôle automatique | écrire montants, anomalies et état |
    """

    _inherit = "cnas.feuille_soin"

    # --- faits facultatifs : une règle ne s'en sert que s'ils sont renseignés
    signature_constatee = fields.Selection(
        [("presente", "Présente"), ("absente", "Absente")], string="Signature et cachet",
        help="Ce que montre le document numérisé ; vide : non vérifié.")
    multi_beneficiaire = fields.Boolean(string="Plusieurs bénéficiaires ou épisodes", copy=False)
    numero_carnet = fields.Integer(string="N° de carnet", copy=False, group_operator=None,
                                   help="Numéro imprimé sur la feuille du carnet ; vide : non relevé.")
    date_naissance_declaree = fields.Date(string="Date de naissance écrite", copy=False)
    carte_id = fields.Many2one(
        "cnas.carte", string="Carte présentée", copy=False, index="btree_not_null", ondelete="restrict",
        groups="cnas_base.group_agent")
    cause = fields.Selection(
        [("maladie", "Maladie"), ("maternite", "Maternité"), ("accident_travail", "Accident du travail"),
         ("accident_tiers", "Accident causé par un tiers"), ("programme", "Programme gratuit")],
        string="Cause déclarée", groups=GROUPES_DOSSIER)
    fiche_reference = fields.Selection(
        [("presente", "Présente"), ("absente", "Absente")], string="Fiche de référence",
        help="Fiche du niveau inférieur ; vide : non vérifié.")
    date_ordonnance = fields.Date(string="Date de l'ordonnance")
    nouveau_ne = fields.Boolean(string="Nouveau-né soigné sous le matricule de sa mère")
    attestation_nouveau_ne = fields.Boolean(string="Attestation de nouveau-né jointe")
    numero_facture_formation = fields.Char(string="N° de facture de la formation", index="btree_not_null", copy=False)
    diagnostic_clair = fields.Boolean(string="Diagnostic écrit en clair seulement", copy=False)
    # --- trace du contrôle
    date_controle = fields.Datetime(string="Contrôlée le", readonly=True, copy=False)
    controle_initial = fields.Datetime(
        string="Rang pris le", readonly=True, copy=False,
        help="Premier contrôle abouti : fixe la place de la feuille devant les doublons et les franchises.")
    regime_id = fields.Many2one("cnas.regime", string="Régime à la date des soins", readonly=True, copy=False,
                                ondelete="restrict", help="Celui des droits, recopié au dépôt puis au contrôle.")
    version_regles = fields.Integer(string="Version du catalogue", readonly=True, copy=False, group_operator=None,
                                    help="Somme des versions des règles actives au dernier contrôle.")
    anomalie_ouverte_count = fields.Integer(string="Anomalies ouvertes", compute="_compute_anomalie_ouverte_count",
                                            compute_sudo=True)
    calcul_explique = fields.Html(string="Calcul expliqué", compute="_compute_calcul_explique", groups=GROUPES_DOSSIER)
    automatique = fields.Boolean(string="Liquidée sans intervention", compute="_compute_automatique",
                                 search="_search_automatique")

    _sql_constraints = [
        ("montants_equilibres",
         "CHECK (state IN ('brouillon', 'deposee', 'annulee') OR date_controle IS NULL OR COALESCE(montant_facture, 0) ="
         " COALESCE(montant_cnas, 0) + COALESCE(ticket_moderateur, 0) + COALESCE(depassement, 0)"
         " + COALESCE(montant_rejete, 0))",
         "Le facturé d'une feuille est la somme de la part CNAS, du ticket, du dépassement et du rejeté."),
        ("montants_ordonnes",
         "CHECK (0 <= COALESCE(montant_cnas, 0) AND COALESCE(montant_cnas, 0) <= COALESCE(montant_base, 0)"
         " AND COALESCE(montant_base, 0) <= COALESCE(montant_facture, 0))",
         "Sur une feuille : 0 ≤ part CNAS ≤ base ≤ facturé."),
    ]

    # ------------------------------------------------------------------ calculs
    def _compute_anomalie_ouverte_count(self):
        comptes = self.env["cnas.anomalie"]._read_group(
            [("feuille_id", "in", self.ids), ("state", "=", "ouverte")], ["feuille_id"], ["__count"])
        par_feuille = {feuille.id: nombre for feuille, nombre in comptes}
        for feuille in self:
            feuille.anomalie_ouverte_count = par_feuille.get(feuille.id, 0)

    @api.depends("ligne_ids.montant_cnas", "ligne_ids.decision", "anomalie_ids.state")
    def _compute_calcul_explique(self):
        phrases = expliquer(self.ligne_ids)
        rang = Markup("<tr><td class='pe-3 fw-bold'>%s</td><td>%s</td></tr>")
        for feuille in self:
            rangs = Markup("").join(rang % (ligne.prestation_id.display_name, phrases[ligne.id])
                                    for ligne in feuille.ligne_ids if phrases.get(ligne.id))
            feuille.calcul_explique = Markup("<table class='table table-sm'>%s</table>") % rangs if rangs else False

    @api.depends("state", "decidee_par_id")
    def _compute_automatique(self):
        for feuille in self:
            feuille.automatique = feuille.state in ("validee", "payee") and not feuille.decidee_par_id

    def _search_automatique(self, operator, value):
        domaine = [("state", "in", ("validee", "payee")), ("decidee_par_id", "=", False)]
        if (operator == "=") == bool(value):
            return domaine
        return ["!", "&", *domaine]

    # ------------------------------------------------------------------ métier
    def _lancer_controle(self):
        """Contrôle tout de suite un petit lot ; au-dessus de 2 000 feuilles, ouvre un lot suivi à l'écran."""
        if len(self) <= TAILLE_LOT:
            self._controler()
            return self.env["cnas.lot"]
        ids = [feuille for feuille, _foyer in execution.ordonner_par_foyer(self.env, self.ids)[0]]
        return self.env["cnas.lot"]._lancer(
            _("Contrôle de %s feuilles", len(ids)), self._name, "_controler", ids, taille=TAILLE_LOT)

    def _controler(self, changer_etat=True):
        """Évalue les règles, calcule les lignes, écrit montants et anomalies, mène chaque feuille à son état.

        Seules les feuilles déposées, en contrôle ou en avis médical sont touchées ; rejouer sur un lot
        inchangé ne change rien. Nombre de requêtes indépendant du nombre de feuilles (par
        tranches de quelques milliers, groupées par famille). Une feuille qui fait échouer le moteur reste où elle
        est et se signale à un superviseur ; les autres passent.

        :param changer_etat: faux pour recalculer sans décider (révision d'une ligne)
        :return: {état: nombre de feuilles}
        """
        return execution.Execution(self.env, REGLES, self.ids, changer_etat).mener()

    @api.model
    def _completer_lot(self, lot):
        """Point d'extension : ce qu'un addon du dessus ajoute à un lot préchargé, en requêtes constantes, pour ses règles."""

    def _signaler_echec(self, erreur):
        """Nomme à un superviseur la feuille que le moteur n'a pas pu contrôler."""
        feuille = self.sudo()
        superviseurs = feuille.env.ref("cnas_base.group_superviseur").users
        feuille._alerter(
            superviseurs.filtered(lambda u: feuille.agence_id in u.agence_ids)[:1] or superviseurs[:1],
            _("Contrôle impossible"),
            _("Le contrôle de la feuille %(numero)s a échoué ; les autres feuilles sont passées. Cause : %(cause)s",
              numero=feuille.display_name, cause=erreur))

    def _recalculer(self):
        """Recalcule montants et anomalies sans changer l'état (après une révision ou une anomalie levée)."""
        return self._controler(changer_etat=False)
