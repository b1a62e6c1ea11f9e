from odoo import _, api, models
from odoo.exceptions import AccessError, UserError

from .roles import ADMINISTRATEUR, COMPTABLE

CHIFFRES = 6
# Les comptes de la caisse : des subdivisions de comptes SYSCOHADA. (code, libellé, nature, se lettre)
COMPTES = (
    ("401110", "Formations sanitaires : prestations à payer", "liability_payable", True),
    ("409810", "Trop-versés à récupérer (indus)", "asset_receivable", True),
    ("471210", "Assurés : prestations à rembourser", "liability_payable", True),
    ("499110", "Provision pour prestations à liquider", "liability_current", False),
    ("521110", "Banque : compte des prestations", "asset_cash", False),
    ("532110", "Trésor public : paiements au guichet", "asset_cash", False),
    ("552110", "Monnaie électronique : Airtel Money", "asset_cash", False),
    ("552120", "Monnaie électronique : Moov Money", "asset_cash", False),
    ("658810", "Prestations : soins", "expense", False),
    ("658820", "Prestations : pharmacie", "expense", False),
    ("658830", "Prestations : remboursements aux assurés", "expense", False),
    ("658840", "Prestations : compléments après recours", "expense", False),
    ("658850", "Prestations récupérées (indus)", "expense", False),
    ("659110", "Dotation : prestations à liquider", "expense", False),
)
# (code, nom, nature, compte de trésorerie)
JOURNAUX = (
    ("PRE", "Prestations", "general", None),
    ("BQ", "Banque des prestations", "bank", "521110"),
    ("TRE", "Trésor public, guichet", "bank", "532110"),
    ("AIR", "Airtel Money", "bank", "552110"),
    ("MOV", "Moov Money", "bank", "552120"),
    ("PRV", "Provisions", "general", None),
)


class PlanComptes(models.AbstractModel):
    """Le plan de comptes de la caisse : le SYSCOHADA d'Odoo, les comptes et les journaux des prestations en plus.

    `charger` se rejoue sans rien défaire : elle ajoute ce qui manque. Un autre plan (celui de la CIPRES, dont le texte complet n'est pas
    public) se branche sur `_comptes` et `_journaux`, et se lit par `cnas.correspondance_compte`.
    """

    _name = "cnas.plan_comptes"
    _description = "Plan de comptes de la caisse"

    @api.model
    def societe(self):
        """Rend la société de la caisse."""
        return self.env.ref("base.main_company").sudo()

    @api.model
    def charger(self):
        """Charge le plan SYSCOHADA si la société n'en a pas, puis ses comptes et ses journaux ; rejouable.

        :return: {"plan": code du plan, "comptes": créés, "journaux": créés}
        :raise AccessError: ni agent comptable, ni administrateur
        """
        if not (self.env.su or self.env.user.has_group(COMPTABLE) or self.env.user.has_group(ADMINISTRATEUR)):
            raise AccessError(_("Seuls l'agent comptable et l'administrateur chargent le plan de comptes."))
        societe = self.societe()
        # Le chargement d'Odoo exige son administrateur ; nos données ne parlent que de notre société.
        plan = self.sudo().with_user(self.env.ref("base.user_root")).with_company(societe).with_context(lang="fr_FR", tracking_disable=True)
        if not societe.chart_template:
            plan._charger_syscohada(societe)
        return {"plan": societe.chart_template, "comptes": plan._completer_comptes(societe), "journaux": plan._completer_journaux(societe)}

    # ------------------------------------------------------------------ points d'extension
    @api.model
    def _comptes(self):
        """Rend [(code, libellé, nature, se lettre)] des comptes ajoutés au plan."""
        return list(COMPTES)

    @api.model
    def _journaux(self):
        """Rend [(code, nom, nature, code du compte de trésorerie ou rien)]."""
        return list(JOURNAUX)

    # ------------------------------------------------------------------ métier
    @api.model
    def _par_code(self, codes):
        """Rend {code demandé: compte} : « 40111 » désigne 401110.

        :raise UserError: un compte manque au plan
        """
        voulus = {code: code.ljust(CHIFFRES, "0") for code in codes}
        trouves = {compte.code: compte for compte in self.env["account.account"].sudo().search(
            [("company_id", "=", self.societe().id), ("code", "in", list(voulus.values())), ("deprecated", "=", False)])}
        manquants = sorted(code for code, long in voulus.items() if long not in trouves)
        if manquants:
            raise UserError(_("Ces comptes ne sont pas au plan de la société : %s. Chargez le plan, ou corrigez le schéma comptable.",
                              ", ".join(manquants)))
        return {code: trouves[long] for code, long in voulus.items()}

    @api.model
    def _journaux_par_code(self, codes):
        """Rend {code: journal}.

        :raise UserError: un journal manque
        """
        trouves = {journal.code: journal for journal in self.env["account.journal"].sudo().search(
            [("company_id", "=", self.societe().id), ("code", "in", list(codes))])}
        manquants = sorted(set(codes) - trouves.keys())
        if manquants:
            raise UserError(_("Ces journaux n'existent pas : %s. Chargez le plan, ou corrigez le schéma comptable.", ", ".join(manquants)))
        return trouves

    # ------------------------------------------------------------------ privé
    def _charger_syscohada(self, societe):
        # `try_loading` refuse « syscohada » seul ; « td » n'y ajoute que des taxes, que la caisse ne facture pas.
        modele = self.env["account.chart.template"]
        modele._load("syscohada", societe, install_demo=False)
        self.env.invalidate_all()

    def _completer_comptes(self, societe):
        comptes = self.env["account.account"].with_context(active_test=False)
        connus = set(comptes.search([("company_id", "=", societe.id)]).mapped("code"))
        nouveaux = [{"code": code, "name": nom, "account_type": nature, "reconcile": lettrable, "company_id": societe.id}
                    for code, nom, nature, lettrable in self._comptes() if code not in connus]
        return len(comptes.create(nouveaux))

    def _completer_journaux(self, societe):
        journaux = self.env["account.journal"].with_context(active_test=False)
        connus = set(journaux.search([("company_id", "=", societe.id)]).mapped("code"))
        nouveaux = [{"code": code, "name": nom, "type": nature, "company_id": societe.id,
                     **({"default_account_id": self._par_code([compte])[compte].id} if compte else {})}
                    for code, nom, nature, compte in self._journaux() if code not in connus]
        return len(journaux.create(nouveaux))
