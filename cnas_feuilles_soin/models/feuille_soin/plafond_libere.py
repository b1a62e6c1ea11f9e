from dateutil.relativedelta import relativedelta

from odoo import _, fields, models
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition

from ...liquidation import execution
from ...liquidation.familles import proches
from ...regles.registre import REGLES
from .actions import CONTROLEUR

# Les règles qui réduisent une feuille de ce que d'autres ont pris dans l'année de droits.
PLAFONDS = ("PLF-01", "QTE-10")
UN_AN = relativedelta(years=1)


@actions
class FeuilleSoin(models.Model):
    """Une feuille annulée ou rejetée rend ce qu'elle avait pris : celles qu'elle avait réduites se rejouent d'un geste."""

    _inherit = "cnas.feuille_soin"

    _actions = {
        "rejouer_plafond": Action(titre=_lt("Rejouer : plafond libéré"), de=("controle", "avis_medical", "validee"),
                                  roles=(CONTROLEUR,), empeche=("_empeche_de_rejouer",), annonce=False),
    }
    _champs_geles = ("plafond_libere",)

    plafond_libere = fields.Boolean(
        string="Plafond libéré depuis", readonly=True, copy=False,
        help="Une feuille annulée ou rejetée a rendu ce qui manquait à celle-ci : elle se rejoue.")

    # ------------------------------------------------------------------ actions
    @transition("rejouer_plafond")
    def action_rejouer_plafond(self):
        """Recontrôle les feuilles signalées, à leur rang, avec ce que le plafond a rendu. Rend True."""
        self.filtered(lambda f: f.state == "validee")._changer_etat("controle", motif_journal=_("Plafond libéré : rejouée"))
        self.sudo()._ecrire({"plafond_libere": False}, suivi=False)
        self._controler()

    def _empeche_de_rejouer(self):
        """Rend {id: phrase} de ce qui n'attend rien, ou que sa facture fige."""
        rappelables = self.sudo()._rappelables()
        raisons = {f.id: _("sa facture est figée : le complément passe par un recours.") for f in self.sudo()
                   if f.state == "validee" and f not in rappelables}
        return {**{f.id: _("aucun plafond ne s'est libéré.") for f in self if not f.plafond_libere}, **raisons}

    # ------------------------------------------------------------------ métier
    def _rendre_aux_plafonds(self):
        """Ce que ces feuilles donnaient se rend : les réduites qui y gagneraient sont signalées."""
        if self:
            jours = self.mapped("date_soins")
            self._signaler_plafonds_liberes(proches(self.env.cr, self.assure_id.ids), min(jours) - UN_AN, max(jours) + UN_AN)

    def _signaler_plafonds_liberes(self, personnes, debut, fin):
        """Signale les feuilles réduites par un plafond qui recevraient davantage aujourd'hui."""
        reduites = self.sudo().search([
            ("assure_id", "in", list(personnes)), ("date_soins", ">=", debut), ("date_soins", "<=", fin),
            ("state", "in", ("controle", "avis_medical", "validee", "payee")),
            ("anomalie_ids.regle_id.code", "in", PLAFONDS)])
        if not reduites:
            return
        parts = {f.id: f.part for lot in execution.simuler(self.env, REGLES, reduites.ids) for f in lot.feuilles}
        gagnantes = reduites.filtered(lambda f: parts[f.id] > f.montant_cnas)
        (reduites - gagnantes).filtered("plafond_libere")._ecrire({"plafond_libere": False}, suivi=False)
        # Une feuille déjà signalée attend son rejeu : elle ne se rappelle pas une seconde fois.
        nouvelles = gagnantes.filtered(lambda f: not f.plafond_libere)
        nouvelles._ecrire({"plafond_libere": True}, suivi=False)
        nouvelles._message_log_batch({
            f.id: _("Un plafond s'est libéré : la part CNAS serait de %s.", int(parts[f.id])) for f in nouvelles})
