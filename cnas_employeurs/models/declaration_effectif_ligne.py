from collections import defaultdict

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_mois
from odoo.addons.cnas_base.lecture import absent, lire_montant, nom_de_colonne

SALAIRE_MAX = 10**12
# Devant le code d'un montant déclaré en plus : sa colonne du classeur, son champ à l'écran.
EN_PLUS = "en_plus_"
ECARTS = [
    ("aucun", "Aucun"), ("entrant", "Entrant"), ("inconnu", "Matricule inconnu"),
    ("autre_employeur", "Déjà chez un autre employeur"), ("salaire", "Salaire aberrant"),
]
# Les termes du barème, copiés sur la ligne : un barème fermé ou corrigé plus tard ne réécrit pas le passé.
TERMES = ("mode", "forfait", "taux_employeur", "taux_salarie", "plancher", "plafond")


class DeclarationEffectifLigne(models.Model):
    """Un salarié déclaré : qui, pour quel salaire, et l'écart avec ce que la caisse sait.

    Le régime du mois déclaré, les termes de son barème et les parts se recopient ici au dépôt ; ils ne
    changent plus, quoi que deviennent l'assuré et le barème.

    | qui | peut |
    |---|---|
    | agent | saisir tant que la déclaration est en brouillon |
    """

    _name = "cnas.declaration_effectif.ligne"
    _description = "Ligne de déclaration d'effectif"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "declaration_id, id"

    declaration_id = fields.Many2one(
        "cnas.declaration_effectif", string="Déclaration", required=True, index=True, ondelete="cascade")
    assure_id = fields.Many2one("cnas.assure", string="Assuré", index=True, ondelete="restrict")
    matricule_declare = fields.Char(string="Matricule déclaré")
    nom_declare = fields.Char(string="Nom déclaré")
    salaire = fields.Monetary(string="Salaire")
    date_embauche = fields.Date(string="Date d'embauche", help="Pour un entrant ; le 1er du mois à défaut.")
    regime_id = fields.Many2one(
        "cnas.regime", string="Régime du mois", compute="_compute_cotisation", store=True, ondelete="restrict")
    mode = fields.Selection(
        selection=lambda self: self.env["cnas.bareme_cotisation"]._fields["mode"]._description_selection(self.env), string="Mode",
        compute="_compute_cotisation", store=True)
    forfait = fields.Monetary(string="Forfait", compute="_compute_cotisation", store=True)
    taux_employeur = fields.Float(
        string="Taux employeur (%)", digits=(5, 2), compute="_compute_cotisation", store=True, group_operator=None)
    taux_salarie = fields.Float(
        string="Taux salarié (%)", digits=(5, 2), compute="_compute_cotisation", store=True, group_operator=None)
    plancher = fields.Monetary(
        string="Plancher de l'assiette", compute="_compute_cotisation", store=True, group_operator=None)
    plafond = fields.Monetary(
        string="Plafond de l'assiette", compute="_compute_cotisation", store=True, group_operator=None)
    part_employeur = fields.Monetary(string="Part employeur", compute="_compute_cotisation", store=True)
    part_salarie = fields.Monetary(string="Part salarié", compute="_compute_cotisation", store=True)
    ecart = fields.Selection(ECARTS, string="Écart", compute="_compute_ecart", store=True)

    _sql_constraints = [
        ("assure_unique", "UNIQUE (declaration_id, assure_id)", "Ce salarié figure deux fois dans la déclaration."),
        ("salaire_positif", "CHECK (salaire >= 0)", "Un salaire ne peut pas être négatif."),
    ]

    @api.depends("salaire", "assure_id", "declaration_id.periode")
    def _compute_cotisation(self):
        """Recopie le régime et le barème du mois déclaré, puis calcule les parts ; une ligne déposée est figée."""
        ouvertes = self.filtered(lambda ligne: ligne.declaration_id.state == "brouillon")
        for ligne in self - ouvertes:
            for champ in ("regime_id", *TERMES, "part_employeur", "part_salarie"):
                ligne[champ] = ligne._origin[champ]
        for periode in set(ouvertes.declaration_id.mapped("periode")):
            lignes = ouvertes.filtered(lambda ligne, p=periode: ligne.declaration_id.periode == p)
            baremes = self.env["cnas.bareme_cotisation"]._par_regime(periode) if periode else {}
            regimes = lignes.assure_id._regimes_par_lot(periode) if periode else {}
            for ligne in lignes:
                ligne.regime_id = regimes.get(ligne.assure_id._origin.id, False)
                bareme = baremes.get(ligne.regime_id.id, self.env["cnas.bareme_cotisation"])
                for champ in TERMES:
                    ligne[champ] = bareme[champ]
                ligne.part_employeur, ligne.part_salarie = bareme._cotisation(ligne._salaire_soumis())

    # ------------------------------------------------------------------ points d'extension : des montants à déclarer en plus du salaire
    @api.model
    def _montants_en_plus(self, periode=None):
        """Rend {code: titre} des montants qu'un addon fait déclarer en plus du salaire, ce mois-là ; sans mois, de tous."""
        return {}

    def _ecrire_en_plus(self, declares):
        """Remplace ce que des lignes d'une même déclaration déclarent en plus. Entrée : {ligne: {code: montant}}."""

    def _en_plus(self):
        """Rend {ligne: {code: montant}} de ce qui est déclaré en plus."""
        return {ligne: {} for ligne in self}

    def _titres_en_plus(self, periode):
        """Rend {code: titre} de ce qui se déclare ce mois-là, et de ce que ces lignes portent déjà : fermé depuis, il compte encore."""
        du_mois = self._montants_en_plus(periode)
        montres = {*du_mois, *(code for montants in self._en_plus().values() for code in montants)}
        return {code: titre for code, titre in {**self._montants_en_plus(), **du_mois}.items() if code in montres}

    @api.model
    def _colonnes_en_plus(self):
        """Rend {colonne du classeur: en-têtes admis} de ces montants, dans chaque langue : qui l'importe n'a pas toujours celle de qui l'a rempli."""
        admis = defaultdict(set)
        for langue, _nom in self.env["res.lang"].sudo().get_installed():
            for code, titre in self.with_context(lang=langue)._montants_en_plus().items():
                admis[f"{EN_PLUS}{code}"].add(nom_de_colonne(titre))
        return admis

    @api.model
    def _lecteur_en_plus(self, periode):
        """Rend la fonction qui lit ces montants : (ce qui rend le texte d'un champ) → {code: montant}, sans les vides ni les nuls.

        Elle refuse d'une phrase ce qui ne se lit pas, ou ne se déclare pas ce mois-là.
        """
        titres, du_mois = self._montants_en_plus(), self._montants_en_plus(periode)

        def lire(texte_de):
            lus = {code: texte_de(f"{EN_PLUS}{code}") for code in titres}
            montants = {code: lire_montant(texte, quoi=titres[code], maximum=SALAIRE_MAX) for code, texte in lus.items() if not absent(texte)}
            montants = {code: montant for code, montant in montants.items() if montant}
            for code in montants.keys() - du_mois.keys():
                raise UserError(_("« %(element)s » ne se déclare pas en %(mois)s.", element=titres[code], mois=ecrire_mois(periode)))
            return montants
        return lire

    @api.model
    def _ajouter(self, vals_list):
        """Crée des lignes, et ce que chacune déclare en plus : sa clé « en_plus ». Rend les lignes."""
        lignes = self.create([{champ: valeur for champ, valeur in vals.items() if champ != "en_plus"} for vals in vals_list])
        lignes._ecrire_en_plus({ligne: vals["en_plus"] for ligne, vals in zip(lignes, vals_list) if vals.get("en_plus")})
        return lignes

    def _corriger(self, corrections):
        """Écrit, par lots, les salaires et les montants en plus qui diffèrent. Entrée : {ligne: (salaire, {code: montant})}."""
        avant = self._en_plus()
        en_plus = {ligne: montants for ligne, (_salaire, montants) in corrections.items() if montants != avant[ligne]}
        # Vidés d'abord : un salaire qui baisse ne se compare pas à ce qui va partir.
        self._ecrire_en_plus(dict.fromkeys(en_plus, {}))
        for ligne, (salaire, _montants) in corrections.items():
            if salaire != ligne.salaire:
                ligne.salaire = salaire
        self._ecrire_en_plus(en_plus)

    def _salaire_soumis(self):
        """Point d'extension : rend ce qui, du salaire, est soumis à cotisation."""
        return int(self.salaire)

    @api.depends("assure_id", "salaire", "declaration_id.employeur_id", "declaration_id.periode")
    def _compute_ecart(self):
        parametres = self.env["cnas.parametre"]
        presents = self.declaration_id._effectifs_du_mois()
        occupes = self._employeurs_du_mois()
        for ligne in self:
            employeur = occupes.get((ligne.declaration_id.id, ligne.assure_id.id))
            if not ligne.assure_id:
                ligne.ecart = "inconnu"
            elif employeur and employeur != ligne.declaration_id.employeur_id:
                ligne.ecart = "autre_employeur"
            elif not (parametres._au("salaire_minimum", ligne.declaration_id.periode) <= ligne.salaire
                      <= parametres._au("salaire_maximum", ligne.declaration_id.periode)):
                ligne.ecart = "salaire"
            elif ligne.assure_id not in presents.get(ligne.declaration_id, self.env["cnas.assure"]):
                ligne.ecart = "entrant"
            else:
                ligne.ecart = "aucun"

    def _employeurs_du_mois(self):
        """Rend {(déclaration, assuré): employeur au premier jour du mois déclaré}, une requête par mois."""
        resultat = {}
        for periode in set(self.declaration_id.filtered("periode").mapped("periode")):
            lignes = self.filtered(lambda ligne, p=periode: ligne.declaration_id.periode == p)
            emplois = self.env["cnas.emploi"].search(
                [("assure_id", "in", lignes.assure_id.ids), *self.env["cnas.emploi"]._domaine_en_vigueur(periode)])
            par_assure = {emploi.assure_id.id: emploi.employeur_id for emploi in emplois}
            for ligne in lignes:
                resultat[ligne.declaration_id.id, ligne.assure_id.id] = par_assure.get(ligne.assure_id.id)
        return resultat

    @api.model_create_multi
    def create(self, vals_list):
        lignes = super().create(vals_list)
        lignes.declaration_id._exiger_brouillon()
        return lignes

    def write(self, vals):
        self.declaration_id._exiger_brouillon()
        return super().write(vals)

    def unlink(self):
        self.declaration_id._exiger_brouillon()
        return super().unlink()

    def _recopier(self):
        """Recopie les faits du moment (régime, barème, écart) dans les lignes d'une déclaration en brouillon."""
        self.modified(["salaire"])
        self.flush_recordset()
