from collections import Counter

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui

from ..liquidation import execution
from ..models.regle_controle import SEVERITES
from ..regles import registre

EXEMPLES = 40


class EssaiRegleWizard(models.TransientModel):
    """Essai à blanc : « si ce seuil avait été… » sur des feuilles déjà contrôlées. N'écrit aucune feuille.

    | qui | peut |
    |---|---|
    | administrateur | essayer, puis demander le changement |
    """

    _name = "cnas.essai_regle.wizard"
    _description = "Essai à blanc d'une règle"
    _inherit = ["cnas.essai.mixin"]

    regle_id = fields.Many2one("cnas.regle_controle", string="Règle", required=True, ondelete="cascade",
                               context={"active_test": False})
    severite = fields.Selection(SEVERITES, string="Sévérité essayée", required=True)
    active_essai = fields.Boolean(string="Règle active", default=True)
    parametre_ids = fields.One2many("cnas.essai_regle.parametre", "essai_id", string="Paramètres essayés")
    date_debut = fields.Date(string="Soins du", required=True,
                             default=lambda self: aujourd_hui().replace(month=1, day=1))
    date_fin = fields.Date(string="au", required=True, default=lambda self: aujourd_hui())
    date_effet = fields.Date(string="Appliquer aux soins à partir du", default=lambda self: aujourd_hui())
    # --- résultat
    anomalies_avant = fields.Integer(string="Anomalies de la règle, aujourd'hui", readonly=True)
    anomalies_apres = fields.Integer(string="Anomalies de la règle, à l'essai", readonly=True)
    automatiques_avant = fields.Integer(string="Validées seules aujourd'hui", readonly=True)
    automatiques_apres = fields.Integer(string="Validées seules à l'essai", readonly=True)
    exemple_ids = fields.One2many("cnas.essai_regle.exemple", "essai_id", string="Exemples", readonly=True)

    @api.onchange("regle_id")
    def _onchange_regle_id(self):
        """Propose la sévérité et les valeurs en vigueur."""
        aujourdhui = aujourd_hui()
        self.severite = self.regle_id._severite_au(aujourdhui) if self.regle_id else False
        self.active_essai = self.regle_id.active if self.regle_id else True
        en_vigueur = self.regle_id.parametre_ids.filtered(
            lambda p: p.parametre_id._couvre(aujourdhui))
        self.parametre_ids = [(5, 0, 0)] + [
            (0, 0, {"code": p.code, "actuelle": p.valeur, "valeur": p.valeur, "description": p.name})
            for p in en_vigueur if p.code != "severite"]

    # ------------------------------------------------------------------ actions
    def action_essayer(self):
        """Rejoue les feuilles choisies avec les règles d'aujourd'hui, puis avec l'essai, et montre la différence.

        :return: l'assistant, avec son résultat
        """
        self.ensure_one()
        self._exiger_administrateur()
        ids = self._choisir(self.date_debut, self.date_fin).ids
        parametres = self._changes()
        surcharge = {self.regle_id.code: {
            "severite": parametres.pop("severite", None), "active": self.active_essai, "parametres": parametres}}
        avant = self._rejouer(ids, {})
        apres = self._rejouer(ids, surcharge)
        self._montrer(avant, apres)
        return self._rouvrir()

    def action_appliquer(self):
        """Demande ce qui a été essayé, à partir du jour dit.

        :return: la demande de changement, ou la fermeture de l'assistant si rien ne change
        """
        self.ensure_one()
        self._exiger_administrateur()
        if not self.fait:
            raise UserError(_("Essayez d'abord à blanc : vous verrez ce que le changement aurait fait."))
        if not self.date_effet:
            raise UserError(_("Donnez la date à partir de laquelle le changement vaut."))
        if self.date_effet < aujourd_hui():
            raise UserError(_("Une règle change à partir d'aujourd'hui ou d'un jour à venir, jamais dans le passé."))
        regle = self.regle_id
        neuves = self._changes()
        bascule = regle.active != self.active_essai
        valeurs = {**({"active": self.active_essai} if bascule else {}), **({"parametre_ids": neuves} if neuves else {})}
        if not valeurs:
            return {"type": "ir.actions.act_window_close"}
        demande = regle.demander_changement(
            valeurs, _("Essai à blanc : %(touchees)s feuilles sur %(nombre)s changent.",
                       touchees=self.touchees, nombre=self.nombre), self.date_effet)
        return {"type": "ir.actions.act_window", "res_model": "cnas.changement", "res_id": demande, "view_mode": "form"}

    # ------------------------------------------------------------------ privé
    def _changes(self):
        """Rend {paramètre: valeur essayée} de ce qui change d'aujourd'hui, sévérité comprise.

        Le reste garde, pour chaque feuille, sa valeur datée du jour des soins.
        """
        fonction, jour = registre.REGLES.get(self.regle_id.code), aujourd_hui()
        actuels = {p.code: p.valeur for p in self.regle_id.parametre_ids if p.parametre_id._couvre(jour)}
        essayes = {p.code: p.valeur for p in self.parametre_ids}
        for code, valeur in essayes.items():
            try:
                fonction.lire(code, valeur)
            except (AttributeError, ValueError) as erreur:
                raise UserError(_("Paramètre « %(code)s » : %(raison)s.", code=code, raison=erreur)) from erreur
        actuels["severite"], essayes["severite"] = self.regle_id._severite_au(jour), self.severite
        return {code: valeur for code, valeur in essayes.items() if valeur != actuels.get(code)}

    def _rejouer(self, ids, surcharges):
        """Rend {feuille: (état, part CNAS, base, rejeté)} et le nombre d'anomalies de la règle."""
        portraits, comptes = {}, Counter()
        for lot in execution.simuler(self.env(su=True), registre.REGLES, ids, surcharges):
            for feuille in lot.feuilles:
                portraits[feuille.id] = (feuille.etat, feuille.part, feuille.base)
                comptes.update(c.regle.code for c in feuille.anomalies)
        return portraits, comptes[self.regle_id.code]

    def _montrer(self, avant, apres):
        (portraits_avant, anomalies_avant), (portraits_apres, anomalies_apres) = avant, apres
        changees = [i for i in portraits_avant if portraits_avant[i] != portraits_apres[i]]
        changees.sort(key=lambda i: -abs(portraits_avant[i][1] - portraits_apres[i][1]))
        self.exemple_ids.unlink()
        self.write({
            "fait": True, "nombre": len(portraits_avant), "touchees": len(changees),
            "anomalies_avant": anomalies_avant, "anomalies_apres": anomalies_apres,
            "montant_avant": sum(p[1] for p in portraits_avant.values()),
            "montant_apres": sum(p[1] for p in portraits_apres.values()),
            "automatiques_avant": sum(p[0] == "validee" for p in portraits_avant.values()),
            "automatiques_apres": sum(p[0] == "validee" for p in portraits_apres.values()),
            "exemple_ids": [(0, 0, {
                "feuille_id": i, "etat_avant": portraits_avant[i][0], "etat_apres": portraits_apres[i][0],
                "montant_avant": portraits_avant[i][1], "montant_apres": portraits_apres[i][1]})
                for i in changees[:EXEMPLES]],
        })


class EssaiRegleParametre(models.TransientModel):
    """Une valeur de paramètre à essayer."""

    _name = "cnas.essai_regle.parametre"
    _description = "Paramètre essayé"

    essai_id = fields.Many2one("cnas.essai_regle.wizard", required=True, ondelete="cascade")
    code = fields.Char(string="Paramètre", required=True)
    description = fields.Char(string="Ce que dit ce paramètre")
    actuelle = fields.Char(string="Aujourd'hui")
    valeur = fields.Char(string="À l'essai", required=True)


class EssaiRegleExemple(models.TransientModel):
    """Une feuille que l'essai change."""

    _name = "cnas.essai_regle.exemple"
    _description = "Feuille changée par l'essai"
    _inherit = ["cnas.montant.mixin"]

    essai_id = fields.Many2one("cnas.essai_regle.wizard", required=True, ondelete="cascade")
    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", required=True, ondelete="cascade")
    etat_avant = fields.Selection(
        [("validee", "Validée seule"), ("rejetee", "Rejetée"), ("instance", "En instance"), ("controle", "À contrôler"),
         ("avis_medical", "Avis médical")], string="Aujourd'hui")
    etat_apres = fields.Selection(
        [("validee", "Validée seule"), ("rejetee", "Rejetée"), ("instance", "En instance"), ("controle", "À contrôler"),
         ("avis_medical", "Avis médical")], string="À l'essai")
    montant_avant = fields.Monetary(string="Part CNAS aujourd'hui")
    montant_apres = fields.Monetary(string="Part CNAS à l'essai")
