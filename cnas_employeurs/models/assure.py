from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.cnas_base.jour import aujourd_hui


class Assure(models.Model):
    _inherit = "cnas.assure"

    emploi_ids = fields.One2many("cnas.emploi", "assure_id", string="Emplois")
    employeur_id = fields.Many2one(
        "cnas.employeur", string="Employeur", compute="_compute_employeur", inverse="_inverse_employeur",
        store=True, index="btree_not_null", tracking=True)
    date_embauche = fields.Date(
        string="Date d'embauche", compute="_compute_employeur", inverse="_inverse_employeur", store=True)

    @api.depends("emploi_ids.date_debut", "emploi_ids.date_fin", "emploi_ids.employeur_id")
    def _compute_employeur(self):
        """L'emploi du jour ; la tâche quotidienne repasse sur ceux qui commencent ou finissent."""
        aujourdhui = aujourd_hui()
        for assure in self:
            emploi = assure.emploi_ids.filtered(lambda emploi: emploi._couvre(aujourdhui))
            assure.employeur_id = emploi[:1].employeur_id
            assure.date_embauche = emploi[:1].date_debut

    def _inverse_employeur(self):
        """Écrire l'employeur ou la date d'embauche tient l'historique des emplois."""
        emplois = self.env["cnas.emploi"]
        demandes = [(a, a.employeur_id, a.date_embauche or aujourd_hui()) for a in self]
        for assure, employeur, jour in demandes:
            if jour > aujourd_hui():
                raise ValidationError(_("La date d'embauche de %s est dans le futur : corrigez-la.", assure.name))
            en_cours = assure.emploi_ids.filtered(lambda e: not e.date_fin)
            if not employeur:
                en_cours._clore(aujourd_hui(), _("Sortie"))
            elif en_cours.employeur_id == employeur:
                en_cours.write({"date_debut": jour})
            else:
                emplois._embaucher(employeur, {assure.id: jour})

    @api.model
    def _rafraichir_employeurs(self):
        """Tâche quotidienne : recalcule l'employeur de ceux dont un emploi commence ou vient de finir."""
        aujourdhui = aujourd_hui()
        hier = fields.Date.subtract(aujourdhui, days=1)
        emplois = self.env["cnas.emploi"].search(["|", ("date_debut", "=", aujourdhui), ("date_fin", "=", hier)])
        self.env.add_to_compute(self._fields["employeur_id"], emplois.assure_id)
        self.env.add_to_compute(self._fields["date_embauche"], emplois.assure_id)

    def _lignes_attestation(self):
        """Ajoute l'employeur à l'attestation d'un salarié."""
        lignes = super()._lignes_attestation()
        if self.employeur_id:
            lignes.append(("Employeur", "صاحب العمل", self.employeur_id.raison_sociale))
        return lignes

    # ------------------------------------------------------------------ droits liés à l'emploi
    def _salaries_couverts(self):
        """Rend ceux dont l'emploi commande les droits, suspendus compris : principaux du régime des salariés."""
        return self.filtered(lambda a: a.regime_id.code == "ASS" and a.state in ("actif", "suspendu")
                             and a.type_assure == "principal")

    def _maintenir_apres_emploi(self, fin):
        """Borne à `fin` incluse les droits de ceux qui quittent leur emploi, et ceux qu'une suspension rendra."""
        salaries, Droit = self._salaries_couverts(), self.env["cnas.droit"]
        # Ce qu'un superviseur a décidé plus loin (un maintien) reste ; la reprise d'un emploi quitté n'a plus lieu.
        Droit.search([
            ("assure_id", "in", salaries.ids), ("state", "=", "ouvert"), "|", ("date_fin", "=", False), ("date_fin", ">", fin),
            "|", ("date_debut", "<=", fin), ("origine", "in", ("affiliation", "reactivation"))])._couper(
                fin + timedelta(days=1))._effacer()
        self._suspensions_sans_fin(salaries).filtered(lambda s: not s.fin_prevue or s.fin_prevue > fin)._ecrire(
            {"fin_prevue": fin})

    def _ouvrir_par_emploi(self, debut):
        """Ouvre ou prolonge, depuis `debut`, les droits de ceux qui prennent un emploi, sauf leurs jours suspendus."""
        salaries, Droit = self._salaries_couverts(), self.env["cnas.droit"]
        droits = Droit.search([
            ("assure_id", "in", salaries.ids), ("state", "=", "ouvert"),
            "|", ("date_fin", "=", False), ("date_fin", ">=", debut)])
        sanctions = salaries._sanctions()
        derniers = {droit.assure_id: droit for droit in droits.sorted("date_debut")}
        suites = {assure: droit.date_fin + timedelta(days=1) for assure, droit in derniers.items() if droit.date_fin}
        barres = {assure for assure, jour in suites.items()
                  if any(sanction._touche(jour, False) for sanction in sanctions.get(assure.id, ()))}
        Droit.union(*(derniers[assure] for assure in suites if assure not in barres))._ecrire({"date_fin": False})
        Droit._ouvrir([
            {"assure_id": assure.id, "regime_id": assure.regime_id.id, "date_debut": suites.get(assure, debut),
             "origine": "affiliation", "motif": _("Emploi déclaré")}
            for assure in salaries if assure not in derniers or assure in barres])
        self._suspensions_sans_fin(salaries)._ecrire({"fin_prevue": False})

    def _suspensions_sans_fin(self, salaries):
        """Rend leurs suspensions qui attendent une réactivation : elle rendra les droits que l'emploi commande."""
        return self.env["cnas.droit"].search([
            ("assure_id", "in", salaries.ids), ("state", "=", "ferme"), ("origine", "=", "suspension"), ("date_fin", "=", False)])
