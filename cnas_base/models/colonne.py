from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError

from ..ecriture import ecrire_debut
from ..lecture import EnTeteIncompris, colonne_du_titre, en_tetes_connus, lire_ou_associer, nom_de_colonne

SUJETS = [
    ("assures", "Assurés et ménages"),
    ("menages_rsu", "Listes du registre social"),
    ("feuilles", "Feuilles de soins"),
    ("employeurs", "Employeurs"),
    ("declaration", "Déclarations d'effectif"),
    ("tarifs", "Révisions de tarifs"),
    ("pathologies", "Pathologies"),
]


class Colonne(models.Model):
    """Une colonne que l'on attend dans un fichier reçu : ce qu'elle veut dire, et si l'on peut s'en passer.

    Livrées avec le logiciel, elles ne changent pas ; ce qu'on écrit pour elles est au dictionnaire (`cnas.synonyme_colonne`).
    Tous les agents les lisent.
    """

    _name = "cnas.colonne"
    _description = "Colonne attendue"
    _inherit = ["cnas.garde.mixin"]
    _order = "sujet, sequence, id"

    sujet = fields.Selection(SUJETS, string="Fichier", required=True, index=True)
    code = fields.Char(string="Code", required=True)
    name = fields.Char(string="Colonne", required=True)
    sequence = fields.Integer(string="Rang", default=10)
    obligatoire = fields.Boolean(string="Obligatoire")
    aide = fields.Char(string="Ce qu'on y écrit")

    _sql_constraints = [("code_unique", "UNIQUE (sujet, code)", "Cette colonne existe déjà.")]

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    @api.model
    @tools.ormcache("sujet")
    def _du_sujet(self, sujet):
        """Rend ((code, nom, obligatoire, aide)…) des colonnes d'un fichier, dans l'ordre du modèle à remplir."""
        return tuple((c.code, c.name, c.obligatoire, c.aide or "") for c in self.sudo().search([("sujet", "=", sujet)]))


class SynonymeColonne(models.Model):
    """Le dictionnaire des en-têtes : « N° feuille », « Réf. » ou « Bon n° » disent la colonne « Référence ».

    Il est livré, l'administrateur le complète ; ce qu'un expéditeur associe à l'écran y reste, pour lui seul.

    | qui | peut |
    |---|---|
    | les agents | lire |
    | administrateur | ajouter, corriger, archiver, retirer |
    | qui importe un fichier | associer ses colonnes (`cnas.import_fichier`) |
    """

    _name = "cnas.synonyme_colonne"
    _description = "En-tête admis"
    _inherit = ["cnas.garde.mixin"]
    _order = "sujet, colonne_id, cle"
    _rec_name = "entete"
    _champs_journal = ("colonne_id", "entete", "expediteur", "active")

    colonne_id = fields.Many2one("cnas.colonne", string="Colonne", required=True, ondelete="cascade", index=True)
    sujet = fields.Selection(related="colonne_id.sujet", store=True, precompute=True, string="Fichier")
    entete = fields.Char(string="En-tête lu", required=True, help="Tel qu'on l'écrit : accents, majuscules et points ne comptent pas.")
    cle = fields.Char(string="Forme comparée", compute="_compute_cle", store=True, precompute=True)
    expediteur = fields.Reference(selection="_expediteurs", string="Pour cet expéditeur", help="Vide : pour tous.")
    active = fields.Boolean(string="Active", default=True)

    _sql_constraints = [
        ("entete_unique", "", "Cet en-tête a déjà un sens pour ce fichier et cet expéditeur : corrigez celui-là."),
        ("entete_lisible", "CHECK (cle <> '')", "Un en-tête porte au moins une lettre ou un chiffre."),
    ]

    def init(self):
        super().init()
        self.env.cr.execute("""
            CREATE UNIQUE INDEX IF NOT EXISTS cnas_synonyme_colonne_entete_unique
                ON cnas_synonyme_colonne (sujet, cle, COALESCE(expediteur, '')) WHERE active""")

    @api.model
    def _expediteurs(self):
        """Rend qui envoie des fichiers : un usager, une formation, un employeur."""
        return [(modele, self.env[modele]._description)
                for modele in ("res.users", "cnas.formation_sanitaire", "cnas.employeur") if modele in self.env]

    @api.depends("entete")
    def _compute_cle(self):
        for synonyme in self:
            synonyme.cle = nom_de_colonne(synonyme.entete)

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    # ------------------------------------------------------------------ lecture
    @api.model
    @tools.ormcache("sujet", "expediteur")
    def _cles(self, sujet, expediteur):
        """Rend ((en-tête, colonne)…) : ce que tous écrivent, puis ce que cet expéditeur veut dire."""
        lus = self.sudo().search([("sujet", "=", sujet), ("expediteur", "in", [False, expediteur])])
        return tuple((s.cle, s.colonne_id.code) for s in lus.sorted(lambda s: bool(s.expediteur)))

    @api.model
    def _colonnes(self, sujet, colonnes=None, expediteur=None):
        """Rend {colonne: en-têtes admis}, pour `lire_tableau`.

        :param dict colonnes: colonnes déjà connues du code, complétées par le dictionnaire
        :param expediteur: l'enregistrement dont viennent les fichiers
        """
        cles = {autre: colonne for colonne, autres in (colonnes or {}).items() for autre in autres}
        cles.update(self._cles(sujet, f"{expediteur._name},{expediteur.id}" if expediteur else False))
        admis = {code: [] for code in (*(colonnes or ()), *(code for code, *_reste in self.env["cnas.colonne"]._du_sujet(sujet)))}
        for cle, colonne in cles.items():
            admis.setdefault(colonne, []).append(cle)
        return admis

    @api.model
    def _lire(self, sujet, contenu, nom_fichier, expediteur=None, colonnes=None):
        """Lit un fichier avec le dictionnaire ; rend un `Tableau`.

        :param dict colonnes: celles du code, en plus (voir `_colonnes`)
        :raise UserError: fichier illisible, en-tête incompris, ou aucune ligne sous l'en-tête
        """
        try:
            return self._lire_ou_associer(sujet, contenu, nom_fichier, expediteur, colonnes)
        except EnTeteIncompris as refus:
            raise UserError(str(refus)) from None

    @api.model
    def _lire_ou_associer(self, sujet, contenu, nom_fichier, expediteur=None, colonnes=None):
        """Lit un fichier avec le dictionnaire, pour qui sait associer ses titres ; rend un `Tableau`.

        :raise EnTeteIncompris: colonnes obligatoires absentes ; la phrase dit les attendues et les trouvées
        :raise UserError: fichier illisible, ou sans aucune ligne sous l'en-tête
        """
        attendues = {code: (nom, obligatoire) for code, nom, obligatoire, _aide in self.env["cnas.colonne"]._du_sujet(sujet)}
        try:
            tableau = lire_ou_associer(contenu, nom_fichier, self._colonnes(sujet, colonnes, expediteur),
                                       [code for code, (_nom, obligatoire) in attendues.items() if obligatoire])
        except EnTeteIncompris as refus:
            manquent = [attendues[code][0] for code in refus.manquantes]
            raise EnTeteIncompris(_(
                "L'en-tête n'est pas compris. Colonnes absentes : %(absentes)s. Attendues : %(attendues)s. Le fichier porte : "
                "%(trouvees)s. Associez ces titres aux colonnes, à l'écran d'import ou dans « En-têtes des fichiers reçus ».", absentes=", ".join(manquent),
                attendues=", ".join(nom for nom, obligatoire in attendues.values() if obligatoire),
                trouvees=ecrire_debut([t for t in refus.titres if t], 30, ", ")[:1000] or _("aucun titre")),
                refus.manquantes, refus.titres, refus.comprises) from None
        if not tableau:
            raise UserError(_("Le fichier ne contient aucune ligne sous son en-tête."))
        return tableau

    @api.model
    def _titres(self, sujet, contenu, nom_fichier, expediteur):
        """Rend [(titre du fichier, colonne comprise ou None)], que l'en-tête suffise ou non.

        :raise UserError: fichier illisible
        """
        tableau = lire_ou_associer(contenu, nom_fichier, self._colonnes(sujet, expediteur=expediteur))
        return list(zip(tableau.titres, tableau.comprises))

    @api.model
    def _retenir(self, sujet, associations, expediteur):
        """Retient ce que cet expéditeur veut dire : {titre: code de colonne}."""
        colonnes = {c.code: c.id for c in self.env["cnas.colonne"].sudo().search([("sujet", "=", sujet)])}
        connues, siens = en_tetes_connus(self._colonnes(sujet, expediteur=expediteur)), self.sudo().search(
            [("sujet", "=", sujet), ("expediteur", "=", f"{expediteur._name},{expediteur.id}")]).grouped("cle")
        for titre, code in associations.items():
            cle = nom_de_colonne(titre)
            if not cle or code not in colonnes or colonne_du_titre(titre, connues) == code:
                continue
            if cle in siens:
                siens[cle].colonne_id = colonnes[code]
            else:
                siens[cle] = self.sudo().create({
                    "colonne_id": colonnes[code], "entete": titre[:200], "expediteur": f"{expediteur._name},{expediteur.id}"})
