from odoo import api, fields, models

ECARTS = [
    ("aucun", "Aucun"), ("entrant", "Entrant"), ("inconnu", "Matricule inconnu"),
    ("autre_employeur", "Déjà chez un autre employeur"), ("salaire", "Salaire aberrant"),
]


class DeclarationEffectifLigne(models.Model):
    """Un salarié déclaré : qui, pour quel salaire, et l'écart avec ce que la caisse sait.

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
    part_employeur = fields.Monetary(string="Part employeur", compute="_compute_cotisation", store=True)
    part_salarie = fields.Monetary(string="Part salarié", compute="_compute_cotisation", store=True)
    ecart = fields.Selection(ECARTS, string="Écart", compute="_compute_ecart", store=True)

    _sql_constraints = [
        ("assure_unique", "UNIQUE (declaration_id, assure_id)", "Ce salarié figure deux fois dans la déclaration."),
        ("salaire_positif", "CHECK (salaire >= 0)", "Un salaire ne peut pas être négatif."),
    ]

    @api.depends("salaire", "assure_id.regime_id", "declaration_id.periode")
    def _compute_cotisation(self):
        for periode in set(self.declaration_id.mapped("periode")):
            lignes = self.filtered(lambda ligne, p=periode: ligne.declaration_id.periode == p)
            baremes = self.env["cnas.bareme_cotisation"]._par_regime(periode) if periode else {}
            for ligne in lignes:
                bareme = baremes.get(ligne.assure_id.regime_id.id, self.env["cnas.bareme_cotisation"])
                ligne.part_employeur, ligne.part_salarie = bareme._cotisation(ligne.salaire)

    @api.depends("assure_id", "salaire", "declaration_id.employeur_id", "declaration_id.periode")
    def _compute_ecart(self):
        declarations = self.env["cnas.declaration_effectif"]
        minimum = declarations._parametre("salaire_minimum", 60000)
        maximum = declarations._parametre("salaire_maximum", 10000000)
        presents = {d: d._effectif_du_mois() for d in self.declaration_id}
        occupes = self._employeurs_du_mois()
        for ligne in self:
            employeur = occupes.get((ligne.declaration_id.id, ligne.assure_id.id))
            if not ligne.assure_id:
                ligne.ecart = "inconnu"
            elif employeur and employeur != ligne.declaration_id.employeur_id:
                ligne.ecart = "autre_employeur"
            elif not minimum <= ligne.salaire <= maximum:
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
        resultat = super().write(vals)
        # La ligne a pu changer de déclaration : celle d'arrivée doit aussi être ouverte.
        self.declaration_id._exiger_brouillon()
        return resultat

    def unlink(self):
        self.declaration_id._exiger_brouillon()
        return super().unlink()
