import base64
import binascii
from collections import Counter

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_xlsx
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.lecture import lire_date, lire_texte

from .import_assures_ligne import A_FAIRE

COLONNES = (
    "menage", "nom", "prenom", "genre", "date_naissance", "annee_naissance", "lien", "district", "localite",
    "telephone", "nom_pere", "nom_mere", "nni", "date_affiliation", "decision",
)
# Ce que porte le rapport renvoyé ; les autres colonnes, et ce qu'on écrit pour elles, sont au dictionnaire.
DU_RAPPORT = {"matricule": (), "reponse": ("votre_reponse",)}
ENTETES_RAPPORT = ("Ligne", "Résultat", "Que faire", "Réponse", "Matricule")
OPTIONS = ("a_blanc", "titre", "regime", "district", "lieu", "decision", "date_affiliation", "immatriculer")
TAILLE_PLAGE = 500
LIGNES_A_FAIRE = ["|", ("state", "in", A_FAIRE), "&", ("state", "=", "a_decider"), ("en_attente", "=", True)]


@actions
class ImportAssures(models.Model):
    """Import de masse d'assurés : listes de ménages AMED, XLSX ou CSV.

    Le contrôle à blanc lit tout le fichier et dit, ligne par ligne, ce qui sera créé, ce qui
    existe déjà, ce qui se rapproche, ce qu'un agent doit décider et ce qui est refusé. L'import crée
    ensuite par plages, en tâche de fond ; le relancer, ou renvoyer le même fichier, ne crée rien deux
    fois. Le rapport redit les lignes du fichier avec « Que faire » : corrigé, il se renvoie tel quel.

    États : brouillon → contrôlé → en cours → terminé. Qui peut quoi : la table `_actions`.
    """

    _name = "cnas.import_assures"
    _description = "Import d'assurés"
    _inherit = ["cnas.etat.mixin", "mail.thread"]
    _order = "id desc"

    _actions = {
        "controler": Action(titre=_lt("Contrôler à blanc"), seul=True, de=("brouillon", "controle"), vers=("controle",),
                            roles=("cnas_base.group_agent",)),
        "importer": Action(titre=_lt("Importer"), seul=True, de=("controle", "en_cours", "termine"), vers=("en_cours",),
                           roles=("cnas_base.group_superviseur",)),
    }
    _passages = {"en_cours": ("termine",), "controle": ("brouillon",)}
    _champs_geles = ("lot_id", "rapport_id")
    # Ce que le contrôle a lu et jugé : changé ensuite, il se contrôle à nouveau.
    _champs_controles = ("name", "fichier", "nom_fichier", "regime_id", "district_id", "lieu", "decision", "date_affiliation", "immatriculer")

    name = fields.Char(string="Titre", required=True)
    fichier = fields.Binary(string="Fichier (XLSX ou CSV)", required=True, attachment=True)
    nom_fichier = fields.Char(string="Nom du fichier")
    regime_id = fields.Many2one(
        comodel_name="cnas.regime", string="Régime", required=True, ondelete="restrict",
        default=lambda self: self.env.ref("cnas_base.regime_amed", raise_if_not_found=False))
    district_id = fields.Many2one(
        comodel_name="cnas.district", string="District par défaut", ondelete="restrict",
        help="Pour les lignes qui n'en donnent pas.")
    lieu = fields.Char(string="Village par défaut", help="Pour les lignes qui n'en donnent pas.")
    decision = fields.Char(string="Décision d'éligibilité")
    date_affiliation = fields.Date(string="Droits ouverts le", help="Pour les lignes qui n'en donnent pas.")
    immatriculer = fields.Boolean(string="Immatriculer aussitôt", default=True)
    state = fields.Selection(
        selection=[("brouillon", "Brouillon"), ("controle", "Contrôlé"), ("en_cours", "En cours"),
                   ("termine", "Terminé")],
        string="Statut", default="brouillon", required=True, copy=False, tracking=True)
    lot_id = fields.Many2one(comodel_name="cnas.lot", string="Lot", copy=False, ondelete="set null")
    progression = fields.Float(string="Progression (%)", related="lot_id.progression")
    ligne_ids = fields.One2many(comodel_name="cnas.import_assures.ligne", inverse_name="import_id", string="Lignes")
    rapport_id = fields.Many2one(comodel_name="ir.attachment", string="Rapport", copy=False, ondelete="set null")
    nombre_lignes = fields.Integer(string="Lignes lues", compute="_compute_comptes")
    nombre_bonnes = fields.Integer(string="À créer", compute="_compute_comptes")
    nombre_erreurs = fields.Integer(string="Refusées", compute="_compute_comptes")
    nombre_deja = fields.Integer(string="Déjà connues", compute="_compute_comptes")
    nombre_crees = fields.Integer(string="Créées", compute="_compute_comptes")
    nombre_a_decider = fields.Integer(string="À décider", compute="_compute_comptes")
    nombre_rapprochees = fields.Integer(string="Rapprochées", compute="_compute_comptes")
    nombre_a_importer = fields.Integer(string="À importer", compute="_compute_comptes")

    @api.depends("ligne_ids.state")
    def _compute_comptes(self):
        comptes = {import_.id: Counter() for import_ in self}
        for import_, etat, attend, nombre in self.env["cnas.import_assures.ligne"]._read_group(
                [("import_id", "in", self.ids)], ["import_id", "state", "en_attente"], ["__count"]):
            comptes[import_.id][etat] += nombre
            comptes[import_.id]["a_importer"] += nombre if etat in A_FAIRE or (etat == "a_decider" and attend) else 0
        for import_ in self:
            compte = comptes[import_.id]
            import_.nombre_a_importer = compte.pop("a_importer", 0)
            import_.nombre_lignes = sum(compte.values())
            import_.nombre_bonnes = compte["bonne"]
            import_.nombre_erreurs = compte["erreur"]
            import_.nombre_deja = compte["deja"]
            import_.nombre_crees = compte["creee"]
            import_.nombre_a_decider = compte["a_decider"]
            import_.nombre_rapprochees = compte["rapprocher"] + compte["rapprochee"]

    # ------------------------------------------------------------------ CRUD
    def write(self, vals):
        demandes = set(self._champs_controles) & vals.keys()
        if demandes and any(import_.state in ("en_cours", "termine") for import_ in self):
            raise UserError(_("Cet import a commencé : son fichier et ses réglages ne se changent plus."))
        resultat = super().write(vals)
        if demandes:
            self.filtered(lambda i: i.state == "controle")._changer_etat("brouillon")
        return resultat

    @api.ondelete(at_uninstall=False)
    def _unlink_except_commence(self):
        if any(import_.state in ("en_cours", "termine") for import_ in self):
            raise UserError(_("Un import commencé ne se supprime pas : il fait reconnaître ses ménages quand leur liste revient."))

    # ------------------------------------------------------------------ actions
    @transition("controler")
    def action_controler(self):
        """Contrôle à blanc : lit le fichier, juge chaque ligne, n'écrit aucun assuré.

        :return: True
        :raise UserError: fichier illisible, colonnes obligatoires absentes
        """
        contenu = base64.b64decode(self.with_context(bin_size=False).fichier or b"")
        rangs = self.env["cnas.synonyme_colonne"]._lire("assures", contenu, self.nom_fichier, self.env.user, DU_RAPPORT)
        self.ligne_ids.sudo().unlink()
        self.env["cnas.import_assures.ligne"].sudo()._juger(self, rangs)
        self._changer_etat("controle")

    @transition("importer")
    def action_importer(self):
        """Crée les assurés des lignes bonnes, en tâche de fond.

        :return: True
        """
        bonnes = self.ligne_ids.sudo().search([("import_id", "=", self.id), *LIGNES_A_FAIRE], order="id")
        if not bonnes:
            raise UserError(_("Aucune ligne bonne à importer : corrigez le fichier et contrôlez-le à nouveau."))
        self._changer_etat("en_cours")
        lot = self.env["cnas.lot"]._lancer(
            _("Import « %s »", self.name), "cnas.import_assures.ligne", "_importer", bonnes.ids,
            taille=TAILLE_PLAGE, cle=f"import_assures_{self.id}")
        self._ecrire({"lot_id": lot.id})
        self._terminer_si_fini()

    def action_associer(self):
        """Ouvre l'assistant qui associe les titres du fichier à nos colonnes.

        :return: action de fenêtre
        """
        self.ensure_one()
        self._exiger_groupe("cnas_base.group_agent", _("associer les colonnes d'un fichier"))
        return self.env["cnas.association.wizard"]._ouvrir("assures", self.with_context(bin_size=False).fichier, self.nom_fichier)

    def action_voir_lignes(self):
        """Montre les lignes de l'import, d'un seul résultat si le contexte donne `etat`.

        :return: action de fenêtre
        """
        self.ensure_one()
        etats = list(filter(None, str(self.env.context.get("etat") or "").split(",")))
        return {"type": "ir.actions.act_window", "name": self.name, "res_model": "cnas.import_assures.ligne",
                "view_mode": "tree", "views": [(False, "list")],
                "domain": [("import_id", "=", self.id)] + ([("state", "in", etats)] if etats else [])}

    def action_telecharger_modele(self):
        """Donne le classeur modèle à remplir.

        :return: action de téléchargement
        """
        self._exiger_groupe("cnas_base.group_agent", _("télécharger le modèle d'import"))
        exemple = [
            "M-0001", "Mahamat", "Saleh", "masculin", "12/05/1984", "", "chef", "Abéché", "Quartier Kamina",
            "66 12 34 56", "Saleh Abakar", "Fatimé Adoum", "", "01/07/2025", "AMED-2025-014"]
        return self._telecharger(ecrire_xlsx(COLONNES, [exemple], "Assurés"), "modele_import_assures.xlsx")

    def action_telecharger_rapport(self):
        """Donne le rapport : les lignes du fichier, et ce qu'il faut en faire ; corrigé, il se renvoie.

        :return: action de téléchargement
        """
        self.ensure_one()
        self._exiger_groupe("cnas_base.group_agent", _("télécharger le rapport d'import"))
        self._journaliser_export({"quoi": "rapport d'import"})
        return self._adresse(self._faire_rapport())

    def _faire_rapport(self):
        """Écrit le rapport de l'import, et le rend (ir.attachment) ; le suivant le remplace."""
        self.ensure_one()
        lignes = self.ligne_ids.sorted("numero")
        colonnes = list(dict.fromkeys(colonne for ligne in lignes for colonne, _valeur in ligne.brut or ()))
        contenu = ecrire_xlsx([*ENTETES_RAPPORT, *colonnes], (ligne._rang_rapport(colonnes) for ligne in lignes), "Rapport")
        if self.rapport_id:
            self.rapport_id.sudo().write({"datas": base64.b64encode(contenu)})
        else:
            self._ecrire({"rapport_id": self._joindre(contenu, f"rapport_import_{self.id}.xlsx").id})
        return self.rapport_id

    def _joindre(self, contenu, nom):
        return self.env["ir.attachment"].create({
            "name": nom, "datas": base64.b64encode(contenu), "res_model": self._name, "res_id": self[:1].id})

    def _telecharger(self, contenu, nom):
        return self._adresse(self._joindre(contenu, nom))

    @api.model
    def _adresse(self, piece):
        return {"type": "ir.actions.act_url", "url": f"/web/content/{piece.id}?download=true", "target": "self"}

    def _terminer_si_fini(self):
        """Passe à « Terminé » les imports en cours dont plus aucune ligne n'attend."""
        en_cours = self.filtered(lambda i: i.state == "en_cours")
        attendent = self.env["cnas.import_assures.ligne"]._read_group([("import_id", "in", en_cours.ids), *LIGNES_A_FAIRE], ["import_id"])
        for import_ in en_cours.browse(set(en_cours.ids) - {groupe.id for groupe, in attendent}):
            import_._changer_etat("termine")
            import_._faire_rapport()
            crees = import_.ligne_ids.filtered(lambda ligne: ligne.state == "creee").assure_id
            self.env["cnas.lot"]._lancer(
                _("Doublons de l'import « %s »", import_.name), "cnas.assure", "_detecter_doublons", crees.ids,
                taille=TAILLE_PLAGE)
            import_.message_post(body=_(
                "Import terminé : %(crees)s assurés créés, %(deja)s déjà connus, %(rapproches)s rapprochés, "
                "%(decider)s à décider, %(erreurs)s lignes refusées.",
                crees=import_.nombre_crees, deja=import_.nombre_deja, rapproches=import_.nombre_rapprochees,
                decider=import_.nombre_a_decider, erreurs=import_.nombre_erreurs))


class AssureImport(models.Model):
    """L'import de ménages par un script."""

    _inherit = "cnas.assure"

    @api.model
    def importer_menages(self, fichier_b64, nom, options=None):
        """Contrôle puis importe une liste de ménages (XLSX ou CSV), comme l'écran « Imports d'assurés ».

        Le contrôle à blanc, ouvert à l'agent, n'écrit aucun assuré ; l'import est celui du superviseur. Au-delà de
        500 lignes il se fait en tâche de fond : les comptes sont alors ceux du contrôle, et le rapport se refait à la fin.

        :param str fichier_b64: le fichier, en base64
        :param str nom: son nom, dont l'extension dit le format
        :param dict options: `a_blanc` (vrai par défaut), `titre` de la liste (le nom du fichier à défaut), `regime` (code ou
            id, AMED à défaut), `district` (nom ou id) et `lieu` (village) des lignes qui n'en donnent pas, `decision`
            d'éligibilité, `date_affiliation` (AAAA-MM-JJ), `immatriculer` (vrai par défaut)
        :return: {"crees": lignes créées ou à créer, "rapproches": personnes reconnues, corrections demandées comprises,
            "a_decider": lignes qui ressemblent à une personne connue, "refuses": lignes refusées,
            "rapport_id": id du rapport (ir.attachment) : les lignes du fichier et « Que faire »}
        :raise UserError: fichier illisible, option inconnue ou fausse
        """
        self._exiger_groupe("cnas_base.group_agent", _("importer des ménages"))
        valeurs, a_blanc = self._lire_options_import(nom, options or {})
        try:
            base64.b64decode(fichier_b64, validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise UserError(_("Donnez le fichier en base64.")) from None
        import_ = self.env["cnas.import_assures"].create({**valeurs, "fichier": fichier_b64})
        import_.action_controler()
        if not a_blanc and import_.nombre_a_importer:
            import_.action_importer()
        rapport = import_._faire_rapport()
        return {
            "crees": import_.nombre_bonnes + import_.nombre_crees,
            "rapproches": import_.nombre_deja + import_.nombre_rapprochees,
            "a_decider": import_.nombre_a_decider, "refuses": import_.nombre_erreurs, "rapport_id": rapport.id}

    @api.model
    def _lire_options_import(self, nom, options):
        """Rend (valeurs de l'import, à blanc)."""
        if not isinstance(options, dict) or not isinstance(nom, str) or not nom.strip():
            raise UserError(_("Donnez le nom du fichier, et les options dans un dictionnaire."))
        inconnues = [str(o) for o in options if o not in OPTIONS]
        if inconnues:
            raise UserError(_("Options inconnues : %(inconnues)s. Options admises : %(admises)s.",
                              inconnues=", ".join(inconnues), admises=", ".join(OPTIONS)))
        for option in ("a_blanc", "immatriculer"):
            if not isinstance(options.get(option, True), bool):
                raise UserError(_("L'option « %s » est vraie ou fausse.", option))
        valeurs = {"name": lire_texte(options.get("titre")) or nom.strip(), "nom_fichier": nom.strip(),
                   "immatriculer": options.get("immatriculer", True), "lieu": lire_texte(options.get("lieu")) or False,
                   "decision": lire_texte(options.get("decision")) or False,
                   "date_affiliation": lire_date(options.get("date_affiliation"), False, stricte=True)}
        if options.get("regime"):
            valeurs["regime_id"] = self._lire_regime(options["regime"]).id
        if options.get("district"):
            valeurs["district_id"] = self._lire_district(options["district"])
        return valeurs, options.get("a_blanc", True)

    @api.model
    def _lire_regime(self, regime):
        trouve = (self.env["cnas.regime"].search([("code", "=ilike", regime.strip())], limit=1) if isinstance(regime, str)
                  else self._lire_enregistrement("cnas.regime", regime))
        if not trouve:
            raise UserError(_("Régime inconnu : %s.", regime))
        return trouve

    @api.model
    def _lire_district(self, district):
        District = self.env["cnas.district"]
        if not isinstance(district, str):
            trouve, proches = self._lire_enregistrement("cnas.district", district).id, []
        else:
            trouve, proches = District._lire_nom(district, District._par_nom())
        if not trouve:
            raise UserError(District._phrase_inconnu(district, proches))
        return trouve
