import base64

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_xlsx
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.lecture import lire_tableau

COLONNES = (
    "menage", "nom", "prenom", "genre", "date_naissance", "annee_naissance", "lien", "district", "localite",
    "telephone", "nom_pere", "nom_mere", "nni", "date_affiliation", "decision",
)
# Autres en-têtes admis, sous leur forme normalisée (sans accent, espaces soulignés).
EN_TETES = dict.fromkeys(COLONNES, ()) | {
    "menage": ("numero_menage", "n_menage", "no_menage", "numero_de_menage", "n_de_menage", "code_menage", "id_menage"),
    "nom": ("noms", "nom_de_famille"),
    "prenom": ("prenoms", "prenom_s"),
    "genre": ("sexe",),
    "date_naissance": ("date_de_naissance", "ne_le", "naissance", "date_naiss", "ddn"),
    "annee_naissance": ("annee_de_naissance", "ne_vers"),
    "lien": ("lien_de_parente", "lien_parente", "parente", "lien_avec_le_chef", "qualite"),
    "localite": ("village", "quartier", "adresse"),
    "telephone": ("tel", "telephones", "numero_de_telephone", "n_de_telephone", "contact", "portable"),
    "nom_pere": ("pere", "nom_du_pere"),
    "nom_mere": ("mere", "nom_de_la_mere"),
    "date_affiliation": ("date_d_affiliation",),
}
TAILLE_PLAGE = 500


@actions
class ImportAssures(models.Model):
    """Import de masse d'assurés : listes de ménages AMED, XLSX ou CSV.

    Le contrôle à blanc lit tout le fichier et dit, ligne par ligne, ce qui sera créé, ce qui
    existe déjà et ce qui est refusé. L'import crée ensuite par plages, en tâche de fond ; le
    relancer, ou renvoyer le même fichier, ne crée rien deux fois (`cle_import`).

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
    _champs_geles = ("lot_id",)
    # Ce que le contrôle a lu et jugé : changé ensuite, il se contrôle à nouveau.
    _champs_controles = ("fichier", "nom_fichier", "regime_id", "district_id", "decision", "date_affiliation", "immatriculer")

    name = fields.Char(string="Titre", required=True)
    fichier = fields.Binary(string="Fichier (XLSX ou CSV)", required=True, attachment=True)
    nom_fichier = fields.Char(string="Nom du fichier")
    regime_id = fields.Many2one(
        comodel_name="cnas.regime", string="Régime", required=True, ondelete="restrict",
        default=lambda self: self.env.ref("cnas_base.regime_amed", raise_if_not_found=False))
    district_id = fields.Many2one(
        comodel_name="cnas.district", string="District par défaut", ondelete="restrict",
        help="Pour les lignes qui n'en donnent pas.")
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
    nombre_lignes = fields.Integer(string="Lignes lues", compute="_compute_comptes")
    nombre_bonnes = fields.Integer(string="À créer", compute="_compute_comptes")
    nombre_erreurs = fields.Integer(string="Refusées", compute="_compute_comptes")
    nombre_deja = fields.Integer(string="Déjà connues", compute="_compute_comptes")
    nombre_crees = fields.Integer(string="Créées", compute="_compute_comptes")

    @api.depends("ligne_ids.state")
    def _compute_comptes(self):
        comptes = {}
        for import_, etat, nombre in self.env["cnas.import_assures.ligne"]._read_group(
                [("import_id", "in", self.ids)], ["import_id", "state"], ["__count"]):
            comptes[import_.id, etat] = nombre
        for import_ in self:
            def nombre(etat, ident=import_.id):
                return comptes.get((ident, etat), 0)
            import_.nombre_bonnes = nombre("bonne")
            import_.nombre_erreurs = nombre("erreur")
            import_.nombre_deja = nombre("deja")
            import_.nombre_crees = nombre("creee")
            import_.nombre_lignes = sum(nombre(etat) for etat in ("bonne", "erreur", "deja", "creee"))

    # ------------------------------------------------------------------ CRUD
    def write(self, vals):
        demandes = set(self._champs_controles) & vals.keys()
        if demandes and any(import_.state in ("en_cours", "termine") for import_ in self):
            raise UserError(_("Cet import a commencé : son fichier et ses réglages ne se changent plus."))
        resultat = super().write(vals)
        if demandes:
            self.filtered(lambda i: i.state == "controle")._changer_etat("brouillon")
        return resultat

    # ------------------------------------------------------------------ actions
    @transition("controler")
    def action_controler(self):
        """Contrôle à blanc : lit le fichier, juge chaque ligne, n'écrit aucun assuré.

        :return: True
        :raise UserError: fichier illisible, colonnes obligatoires absentes
        """
        contenu = base64.b64decode(self.with_context(bin_size=False).fichier or b"")
        rangs = lire_tableau(contenu, self.nom_fichier, EN_TETES, ("nom", "prenom", "genre"))
        if not rangs:
            raise UserError(_("Le fichier ne contient aucune ligne."))
        self.ligne_ids.sudo().unlink()
        self.env["cnas.import_assures.ligne"].sudo()._juger(self, rangs)
        self._changer_etat("controle")

    @transition("importer")
    def action_importer(self):
        """Crée les assurés des lignes bonnes, en tâche de fond.

        :return: True
        """
        bonnes = self.ligne_ids.sudo().search([("import_id", "=", self.id), ("state", "=", "bonne")], order="id")
        if not bonnes:
            raise UserError(_("Aucune ligne bonne à importer : corrigez le fichier et contrôlez-le à nouveau."))
        self._changer_etat("en_cours")
        lot = self.env["cnas.lot"]._lancer(
            _("Import « %s »", self.name), "cnas.import_assures.ligne", "_importer", bonnes.ids,
            taille=TAILLE_PLAGE, cle=f"import_assures_{self.id}")
        self._ecrire({"lot_id": lot.id})
        self._terminer_si_fini()

    def action_voir_lignes(self):
        """Montre les lignes de l'import, d'un seul résultat si le contexte donne `etat`.

        :return: action de fenêtre
        """
        self.ensure_one()
        etat = self.env.context.get("etat")
        return {"type": "ir.actions.act_window", "name": self.name, "res_model": "cnas.import_assures.ligne",
                "view_mode": "tree", "views": [(False, "list")],
                "domain": [("import_id", "=", self.id)] + ([("state", "=", etat)] if etat else [])}

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
        """Donne le rapport ligne à ligne.

        :return: action de téléchargement
        """
        self.ensure_one()
        self._exiger_groupe("cnas_base.group_agent", _("télécharger le rapport d'import"))
        libelles = dict(self.env["cnas.import_assures.ligne"]._fields["state"].selection)
        lignes = ([ligne.numero, libelles[ligne.state], ligne.message or "", ligne.assure_id.matricule or "",
                   ligne.nom_complet or ""] for ligne in self.ligne_ids.sorted("numero"))
        contenu = ecrire_xlsx(["Ligne", "Résultat", "Message", "Matricule", "Nom"], lignes, "Rapport")
        return self._telecharger(contenu, f"rapport_import_{self.id}.xlsx")

    def _telecharger(self, contenu, nom):
        piece = self.env["ir.attachment"].create({
            "name": nom, "datas": base64.b64encode(contenu),
            "res_model": self._name, "res_id": self[:1].id})
        return {"type": "ir.actions.act_url", "url": f"/web/content/{piece.id}?download=true", "target": "self"}

    def _terminer_si_fini(self):
        """Passe à « Terminé » les imports en cours dont plus aucune ligne n'attend."""
        en_cours, lignes = self.filtered(lambda i: i.state == "en_cours"), self.env["cnas.import_assures.ligne"]
        attendent = lignes._read_group([("import_id", "in", en_cours.ids), ("state", "=", "bonne")], ["import_id"])
        for import_ in en_cours.browse(set(en_cours.ids) - {groupe.id for groupe, in attendent}):
            import_._changer_etat("termine")
            crees = lignes.search([("import_id", "=", import_.id), ("state", "=", "creee")]).assure_id
            self.env["cnas.lot"]._lancer(
                _("Doublons de l'import « %s »", import_.name), "cnas.assure", "_detecter_doublons", crees.ids,
                taille=TAILLE_PLAGE)
            import_.message_post(body=_(
                "Import terminé : %(crees)s assurés créés, %(deja)s déjà connus, %(erreurs)s lignes refusées.",
                crees=import_.nombre_crees, deja=import_.nombre_deja, erreurs=import_.nombre_erreurs))
