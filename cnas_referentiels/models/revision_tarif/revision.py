import base64

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_xlsx
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from ..constantes import TYPES_PRESTATION

TYPES_TARIF = [*TYPES_PRESTATION, ("lettre_cle", "Lettre-clé")]
COLONNES = ["Code", "Libellé", "Niveau", "Montant", "Date début", "Date fin", "Description"]
# Au-delà, l'application se fait en tâche de fond, plage par plage.
TAILLE_LOT = 5000
ADMINISTRATEUR = "cnas_base.group_administrateur"


@actions
class RevisionTarif(models.Model):
    """Révision tarifaire : change en une fois une sélection de tarifs, d'un pourcentage ou d'après un classeur.

    On prépare (avant/après, anomalies, lignes refusées avec leur motif), on regarde, on applique à une date.
    Une révision qui a des lignes refusées ne s'applique que si l'administrateur l'accepte expressément.

    États : `brouillon` → `preparee` → `en_cours` (lot) → `appliquee` ; `annulee`. Un lot en erreur ne la bloque pas : elle
    se prépare à nouveau pour ce qui reste, ou s'annule ; ce qui est appliqué le reste. Seul l'administrateur y a accès ;
    qui peut quoi : la table `_actions`.
    """

    _name = "cnas.revision_tarif"
    _description = "Révision tarifaire"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "id desc"

    _champs_geles = ("lot_id",)
    _actions = {
        "preparer": Action(titre=_lt("Préparer"), de=("brouillon", "preparee", "en_cours"), vers=("preparee", "appliquee"),
                           roles=(ADMINISTRATEUR,), seul=True, empeche=("_retenir_en_route",), annonce=False),
        "appliquer": Action(titre=_lt("Appliquer"), de=("preparee",), vers=("en_cours", "appliquee"),
                            roles=(ADMINISTRATEUR,), seul=True, empeche=("_retenir_application",)),
        "annuler": Action(titre=_lt("Annuler"), de=("brouillon", "preparee", "en_cours"), vers=("annulee",), roles=(ADMINISTRATEUR,),
                          empeche=("_retenir_en_route",), annonce=False),
    }
    _passages = {"en_cours": ("appliquee",)}  # la dernière plage du lot

    name = fields.Char(string="Objet", required=True, tracking=True,
                       default=lambda self: _("Révision du %s", ecrire_date(aujourd_hui())))
    mode = fields.Selection([("pourcentage", "Pourcentage"), ("classeur", "Classeur XLSX ou CSV")],
                            string="Méthode", required=True, default="pourcentage")
    date_effet = fields.Date(string="Date d'effet", required=True, tracking=True,
                             default=lambda self: aujourd_hui())
    type_tarif = fields.Selection(TYPES_TARIF, string="Type", help="Sans sélection, tous les tarifs de ce type.")
    prestation_ids = fields.Many2many("cnas.prestation", string="Prestations")
    lettre_cle_ids = fields.Many2many("cnas.lettre_cle", string="Lettres-clés")
    pourcentage = fields.Float(string="Variation (%)", digits=(6, 2), tracking=True)
    arrondi = fields.Integer(string="Arrondi (francs)", default=5, help="Le nouveau montant est arrondi à ce multiple.")
    fichier = fields.Binary(string="Classeur", attachment=True)
    fichier_nom = fields.Char(string="Nom du fichier")
    seuil_anomalie = fields.Integer(string="Seuil d'anomalie (%)", default=50,
                                    help="Une variation plus forte est signalée.")
    accepter_partiel = fields.Boolean(string="Appliquer sans les lignes refusées", tracking=True)
    ligne_ids = fields.One2many("cnas.revision_tarif.ligne", "revision_id", string="Avant et après", readonly=True)
    lot_id = fields.Many2one("cnas.lot", string="Lot", readonly=True, copy=False)
    state = fields.Selection(
        [("brouillon", "Brouillon"), ("preparee", "Préparée"), ("en_cours", "En cours"),
         ("appliquee", "Appliquée"), ("annulee", "Annulée")],
        string="Statut", required=True, default="brouillon", copy=False, tracking=True)
    nombre = fields.Integer(string="Lignes", compute="_compute_nombres")
    nombre_refusees = fields.Integer(string="Lignes refusées", compute="_compute_nombres")
    nombre_anomalies = fields.Integer(string="Anomalies", compute="_compute_nombres")
    nombre_appliquees = fields.Integer(string="Lignes appliquées", compute="_compute_nombres")

    _sql_constraints = [
        ("arrondi_positif", "CHECK (arrondi BETWEEN 1 AND 10000)", "L'arrondi va de 1 à 10 000 francs."),
        ("seuil_positif", "CHECK (seuil_anomalie BETWEEN 0 AND 1000)", "Le seuil d'anomalie va de 0 à 1 000 %."),
        ("variation_bornee", "CHECK (pourcentage IS NULL OR pourcentage BETWEEN -100 AND 1000)",
         "La variation va de -100 à 1 000 %."),
    ]

    @api.depends("ligne_ids.state", "ligne_ids.anomalie")
    def _compute_nombres(self):
        lignes = self.env["cnas.revision_tarif.ligne"]
        par_etat = {(r.id, etat): n for r, etat, n in lignes._read_group(
            [("revision_id", "in", self.ids)], ["revision_id", "state"], ["__count"])}
        anomalies = {r.id: n for r, n in lignes._read_group(
            [("revision_id", "in", self.ids), ("anomalie", "!=", False)], ["revision_id"], ["__count"])}
        for revision in self:
            etats = {etat: n for (ident, etat), n in par_etat.items() if ident == revision.id}
            revision.nombre = sum(etats.values())
            revision.nombre_refusees = etats.get("refusee", 0)
            revision.nombre_appliquees = etats.get("appliquee", 0)
            revision.nombre_anomalies = anomalies.get(revision.id, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_appliquee(self):
        if any(r.state in ("en_cours", "appliquee") or r.nombre_appliquees for r in self):
            raise UserError(_("Une révision appliquée se garde : elle dit d'où viennent les tarifs."))

    # Actions

    @transition("preparer")
    def action_preparer(self):
        """Lit la sélection ou le classeur et montre l'avant et l'après. N'écrit aucun tarif.

        Déjà appliquée en partie, elle ne reprend que ce qui reste : une hausse ne se fait pas deux fois.
        """
        self._abandonner_lot()
        if self.nombre_appliquees:
            self._preparer_le_reste()
            return
        rangs = self._rangs_du_classeur() if self.mode == "classeur" else self._rangs_en_pourcentage()
        if not rangs:
            raise UserError(_("Aucun tarif à réviser : vérifiez la sélection, la date d'effet ou le fichier."))
        self._ecrire_lignes(self._controler_rangs(rangs))
        self._changer_etat("preparee")

    def _preparer_le_reste(self):
        """Contrôle à nouveau les lignes que le lot n'a pas appliquées, contre les tarifs d'aujourd'hui."""
        reste = self._lignes_restantes()
        self._ecrire_lignes(self._controler_rangs([{
            "rang": li.rang, "code": li.code, "niveau": li.niveau, "montant": round(li.montant_apres), "date_debut": li.date_debut,
            "date_fin": li.date_fin, "description": li.description} for li in reste]), gardees=("appliquee", "refusee", "inchangee"))
        self._changer_etat("preparee" if self._lignes_restantes() else "appliquee")

    def _lignes_restantes(self):
        return self.env["cnas.revision_tarif.ligne"].search([("revision_id", "=", self.id), ("state", "=", "a_appliquer")])

    def _abandonner_lot(self):
        """Les tâches en échec d'un lot que l'on reprend ou annule ne se relancent plus."""
        self.lot_id.sudo().tache_ids.filtered(lambda tache: tache.state not in ("done", "cancelled")).button_cancelled()

    def _retenir_en_route(self):
        """Rend {id: phrase} des révisions dont le lot travaille encore."""
        return {revision.id: _("L'application est en cours : attendez la fin du lot.") for revision in self
                if revision.state == "en_cours" and revision.lot_id.sudo().state == "en_cours"}

    @transition("appliquer")
    def action_appliquer(self):
        """Écrit les nouveaux tarifs des lignes acceptées, à leur date.

        :raise UserError: révision non préparée, ou lignes refusées sans accord exprès
        """
        lignes = self._lignes_restantes()
        if len(lignes) <= TAILLE_LOT:
            lignes._appliquer()
            return
        self._changer_etat("en_cours")
        lot = self.env["cnas.lot"]._lancer(
            self.name, "cnas.revision_tarif.ligne", "_appliquer", lignes.ids, tranches=self._tranches(lignes),
            cle=f"revision_tarif_{self.id}")
        self._ecrire({"lot_id": lot.id})

    @api.model
    def _tranches(self, lignes):
        """Coupe entre deux tarifs, jamais dans la suite d'un même : la seconde plage trouverait changé ce que la première écrit."""
        tranches = [[]]
        suites = lignes.sorted(lambda li: (li.type_tarif, li.objet_id, li.niveau, li.rang)).grouped(lambda li: (li.type_tarif, li.objet_id, li.niveau))
        for suite in suites.values():
            if tranches[-1] and len(tranches[-1]) + len(suite) > TAILLE_LOT:
                tranches.append([])
            tranches[-1] += suite.ids
        return tranches

    def _retenir_application(self):
        """Rend {id: phrase} des révisions sans ligne à appliquer, ou aux lignes refusées sans accord exprès."""
        a_appliquer = dict(self.env["cnas.revision_tarif.ligne"]._read_group(
            [("revision_id", "in", self.ids), ("state", "=", "a_appliquer")], ["revision_id"], ["__count"]))
        raisons = {revision.id: _("Aucune ligne à appliquer.") for revision in self if revision not in a_appliquer}
        for revision in self.filtered(lambda r: r.nombre_refusees and not r.accepter_partiel):
            raisons[revision.id] = _(
                "%(n)s ligne(s) refusée(s) sur %(total)s : leur motif est dans la liste. Corrigez-les, ou cochez "
                "« Appliquer sans les lignes refusées ».", n=revision.nombre_refusees, total=revision.nombre)
        return raisons

    @transition("annuler")
    def action_annuler(self):
        """Abandonne une révision, ou ce qui en reste : les tarifs déjà écrits le restent."""
        self._abandonner_lot()
        self._changer_etat("annulee")

    def action_voir_lignes(self):
        """Ouvre les lignes, avec leurs filtres."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_referentiels.revision_tarif_ligne_action")
        action["domain"] = [("revision_id", "=", self.id)]
        return action

    def action_associer(self):
        """Ouvre l'assistant qui associe les titres du classeur à nos colonnes. Rend une action de fenêtre."""
        self._exiger_groupe(ADMINISTRATEUR, _("associer les colonnes d'un classeur"))
        self.ensure_one()
        return self.env["cnas.association.wizard"]._ouvrir(
            "tarifs", self.with_context(bin_size=False).fichier, self.fichier_nom)

    def action_exporter(self):
        """Rend le téléchargement d'un classeur au format d'import.

        Préparée : les lignes, avec avant, anomalie et motif de refus en plus. Sinon : les tarifs en vigueur à la
        date d'effet, prêts à corriger puis à importer.
        """
        self._exiger_groupe(ADMINISTRATEUR, _("exporter des tarifs"))
        self.ensure_one()
        if self.ligne_ids:
            colonnes = [*COLONNES, "Avant", "Anomalie", "Refus", "Que faire"]
            rangs = [
                (li.code, li.libelle, li.niveau or None, li.montant_apres, li.date_debut, li.date_fin or None,
                 li.description or None, li.montant_avant, li.anomalie or None, li.refus or None, self._que_faire(li))
                for li in self.ligne_ids]
        else:
            colonnes = COLONNES
            rangs = [
                (t["code"], t["libelle"], t["niveau"] or None, t["montant"], self.date_effet, None, None)
                for t in self._tarifs_selectionnes()]
        self._journaliser_export({"quoi": "tarifs"})
        piece = self.env["ir.attachment"].create({
            "name": _("tarifs_%s.xlsx", self.date_effet), "raw": ecrire_xlsx(colonnes, rangs, "Tarifs"),
            "res_model": self._name, "res_id": self.id,
        })
        return {"type": "ir.actions.act_url", "url": f"/web/content/{piece.id}?download=true", "target": "self"}

    # Métier

    @api.model
    def _que_faire(self, ligne):
        """Dit que faire d'une ligne du classeur avant de le renvoyer."""
        if ligne.state == "refusee":
            return _("À corriger : %s", ligne.refus)
        return _("À vérifier : %s", ligne.anomalie) if ligne.anomalie else _("Rien : la ligne est bonne.")

    @api.model
    def _creer_depuis_selection(self, modele, ids):
        """Crée une révision sur la sélection d'une liste (prestations ou tarifs) et l'ouvre."""
        selection = self.env[modele].browse(ids)
        objets = selection[selection._cle_tarif] if modele.startswith("cnas.config_") else selection
        valeurs = {"mode": "pourcentage"}
        if objets._name == "cnas.lettre_cle":
            valeurs.update(lettre_cle_ids=[(6, 0, objets.ids)], type_tarif="lettre_cle")
        else:
            valeurs.update(prestation_ids=[(6, 0, objets.prestation_id.ids)], type_tarif=objets._type_prestation)
        revision = self.create(valeurs)
        return {"type": "ir.actions.act_window", "name": _("Révision tarifaire"), "res_model": self._name,
                "res_id": revision.id, "view_mode": "form"}

    def _rangs_du_classeur(self):
        """Lit le classeur : liste de dict {code, niveau, montant, date_debut, date_fin, description, rang}."""
        if not self.fichier:
            raise UserError(_("Joignez le classeur à importer (XLSX ou CSV)."))
        rangs = self.env["cnas.synonyme_colonne"]._lire(
            "tarifs", base64.b64decode(self.with_context(bin_size=False).fichier), self.fichier_nom, self.env.user)
        return [{**rang, "rang": rang.numero} for rang in rangs]

    def _rangs_en_pourcentage(self):
        """Rend un rang par tarif sélectionné, au montant révisé et arrondi."""
        if not self.pourcentage:
            raise UserError(_("Donnez la variation, en pourcentage (5 pour une hausse de 5 %, -3 pour une baisse)."))
        taux, pas = 100 + round(self.pourcentage, 2), self.arrondi
        rangs = []
        for numero, tarif in enumerate(self._tarifs_selectionnes(), 1):
            multiples = tarif["montant"] * round(taux * 100)
            # Arrondi au multiple le plus proche, demi supérieur, en entiers.
            nouveau = (2 * multiples + pas * 10000) // (2 * pas * 10000) * pas
            rangs.append({"rang": numero, "code": tarif["code"], "niveau": tarif["niveau"],
                          "montant": nouveau, "date_debut": self.date_effet})
        return rangs

    def _tarifs_selectionnes(self):
        """Rend les tarifs en vigueur à la date d'effet : la sélection, ou tout le type."""
        types = [self.type_tarif] if self.type_tarif else [t for t, _nom in TYPES_TARIF]
        selection = self.prestation_ids or self.lettre_cle_ids
        if not selection and not self.type_tarif:
            raise UserError(_("Choisissez un type de tarif ou sélectionnez des prestations."))
        tarifs = []
        for nom in types:
            modele = self.env[f"cnas.config_{nom}"]
            domaine = modele._domaine_en_vigueur(self.date_effet)
            if nom == "lettre_cle":
                if selection:
                    domaine.append(("lettre_cle_id", "in", self.lettre_cle_ids.ids))
            else:
                domaine.append((f"{nom}_id.active", "=", True))
                if selection:
                    domaine.append((f"{nom}_id.prestation_id", "in", self.prestation_ids.ids))
                if nom in ("acte", "examen"):
                    domaine.append((f"{nom}_id.mode_tarif", "=", "forfait"))
            for config in modele.search(domaine):
                objet = config[f"{nom}_id"]
                tarifs.append({"code": objet.code, "libelle": objet.name, "niveau": config.niveau,
                               "montant": round(config.montant)})
        return sorted(tarifs, key=lambda t: (t["code"], t["niveau"]))
