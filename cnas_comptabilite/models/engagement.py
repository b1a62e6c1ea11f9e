from collections import defaultdict

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui


class Engagement(models.Model):
    """Ce qu'une facture ordonnancée engage d'un chapitre du budget ; annulé, l'ordonnancement le rend par une ligne opposée.

    Le programme seul l'écrit ; l'agent comptable, l'ordonnateur et le superviseur lisent.
    """

    _name = "cnas.engagement"
    _description = "Engagement de budget"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "id desc"
    _rec_name = "chapitre"

    _champs_geles = ("facture_id", "exercice", "chapitre", "montant", "date")
    _champs_journal = ("facture_id", "chapitre", "montant")

    facture_id = fields.Many2one("cnas.facture", string="Facture", required=True, readonly=True, index=True, ondelete="restrict")
    exercice = fields.Integer(string="Exercice", required=True, readonly=True, index=True, group_operator=None)
    chapitre = fields.Char(string="Chapitre", required=True, readonly=True)
    montant = fields.Monetary(string="Engagé", required=True, readonly=True)
    date = fields.Date(string="Le", required=True, readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        if vals_list and not self._ouvert(("facture_id",)):
            raise UserError(_("Un engagement vient de l'ordonnancement d'une facture."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un engagement ne se supprime pas : annuler l'ordonnancement le rend."))

    # ------------------------------------------------------------------ lecture
    @api.model
    def _engages(self, exercice):
        """Rend {chapitre: engagé} d'un exercice."""
        return {chapitre: montant or 0 for chapitre, montant in self.sudo()._read_group([("exercice", "=", exercice)], ["chapitre"], ["montant:sum"])}

    @api.model
    def _credits(self, exercice):
        """Rend {chapitre: crédit ouvert} : le budget voté et ses décisions modificatives."""
        return {chapitre: montant or 0 for chapitre, montant in self.env["cnas.budget.ligne"].sudo()._read_group(
            [("budget_id.exercice", "=", exercice), ("budget_id.state", "=", "vote")], ["chapitre"], ["montant:sum"])}

    @api.model
    def _disponibles(self, exercice):
        """Rend {chapitre: crédit ouvert moins engagé}."""
        engages = self._engages(exercice)
        return {chapitre: credit - engages.get(chapitre, 0) for chapitre, credit in self._credits(exercice).items()}

    @api.model
    def _chapitre_de(self, exercice):
        """Rend une fonction : compte de charge → chapitre du budget voté, ou rien ; le préfixe le plus long l'emporte."""
        par_prefixe = {prefixe: ligne.chapitre for ligne in self.env["cnas.budget.ligne"].sudo().search(
            [("budget_id.exercice", "=", exercice), ("budget_id.state", "=", "vote")]) for prefixe in ligne._prefixes()}
        return lambda code: next((par_prefixe[code[:n]] for n in range(len(code), 1, -1) if code[:n] in par_prefixe), False)

    @api.model
    def _par_chapitre(self, factures, exercice):
        """Rend {facture: {chapitre ou faux: montant}} que ces factures engagent ; rien sans budget voté."""
        if not self._credits(exercice):
            return {}
        chapitre_de, parts = self._chapitre_de(exercice), {facture.id: defaultdict(int) for facture in factures}
        for facture, compte, montant in self.env["cnas.comptabilite"].sudo()._charges(factures):
            parts[facture][chapitre_de(compte)] += montant
        return parts

    # ------------------------------------------------------------------ écriture
    @api.model
    def _reserver(self, exercice):
        """Un seul engage à la fois : deux ordonnancements ne prennent pas le même crédit."""
        self.env["cnas.budget"].flush_model(["exercice", "state"])
        # Réécrit, même sans changement : qui a lu les crédits avant nous, et les réserve après, recommence et relit.
        self.env.cr.execute(
            "UPDATE cnas_budget SET write_date = write_date WHERE exercice = %s AND state = 'vote'", [exercice], log_exceptions=False)

    @api.model
    def _engager(self, factures):
        """Écrit ce que les factures engagent, crédits revérifiés.

        :raise UserError: un chapitre n'a plus assez
        """
        jour = aujourd_hui()
        self._reserver(jour.year)
        parts, disponibles = self._par_chapitre(factures, jour.year), self._disponibles(jour.year)
        for chapitres in parts.values():
            for chapitre, montant in chapitres.items():
                disponibles[chapitre] = disponibles.get(chapitre, 0) - montant
                if montant > 0 and disponibles[chapitre] < 0:
                    raise UserError(_("Le chapitre %s n'a plus assez de crédits pour toutes ces factures : ordonnancez-en moins.", chapitre))
        self._creer([{"facture_id": facture, "exercice": jour.year, "chapitre": chapitre, "montant": montant, "date": jour}
                     for facture, chapitres in parts.items() for chapitre, montant in chapitres.items() if montant], suivi=False)

    @api.model
    def _rendre(self, factures):
        """Rend ce que les factures avaient engagé."""
        jour = aujourd_hui()
        self._creer([
            {"facture_id": facture.id, "exercice": exercice, "chapitre": chapitre, "montant": -montant, "date": jour}
            for facture, exercice, chapitre, montant in self._read_group(
                [("facture_id", "in", factures.ids)], ["facture_id", "exercice", "chapitre"], ["montant:sum"]) if montant], suivi=False)
