from collections import defaultdict

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_mois
from odoo.addons.cnas_base.garde import transition
from odoo.addons.cnas_employeurs.models.declaration_effectif_ligne import TERMES


class DeclarationEffectif(models.Model):
    """Une déclaration validée appelle aussitôt ses cotisations."""

    _inherit = "cnas.declaration_effectif"

    appel_ids = fields.One2many("cnas.appel_cotisation", "declaration_id", string="Appels", readonly=True, groups="cnas_base.group_agent,cnas_base.group_finance")

    @transition("valider")
    def action_valider(self):
        """Valide, met à jour l'effectif et les droits, puis appelle ce qui est dû.

        :raise UserError: quatre yeux, ou un régime sans barème au mois déclaré
        """
        super().action_valider()
        self._appeler()

    def _appeler(self):
        """Émet l'appel de chaque déclaration validée qui n'en a pas. Rend les appels, en un nombre constant de requêtes.

        :raise UserError: un régime sans barème au mois déclaré, ou un employeur radié avant
        """
        a_appeler = self.sudo().filtered(lambda d: d.state == "validee" and not d.appel_ids.filtered(lambda a: a.sorte == "initial"))
        for declaration in a_appeler:
            declaration._exiger_appelable()
        a_appeler = a_appeler.filtered("montant_appele")
        comptes = self.env["cnas.cotisant"]._de(a_appeler.employeur_id)
        a_appeler._remplacer_les_taxations()
        return self.env["cnas.appel_cotisation"]._emettre([{
            "sorte": "initial", "cotisant_id": comptes[d.employeur_id].id, "declaration_id": d.id, "periode": d.periode,
            "lignes": d._lignes_d_appel()} for d in a_appeler])

    def _remplacer_les_taxations(self):
        """La déclaration validée remplace la taxation d'office du même mois : celle-ci s'annule."""
        taxations = self.env["cnas.appel_cotisation"].search([
            ("sorte", "=", "taxation"), ("state", "=", "emis"), ("employeur_id", "in", self.employeur_id.ids), ("periode", "in", self.mapped("periode"))])
        mois = {(d.employeur_id, d.periode) for d in self}
        taxations.filtered(lambda a: (a.employeur_id, a.periode) in mois)._annuler_taxations()

    def _exiger_appelable(self):
        """Refuse d'appeler un mois sans barème, ou d'un employeur radié avant ce mois."""
        sans = self.ligne_ids.filtered(lambda ligne: not ligne.mode)
        if sans:
            raise UserError(_("Aucun barème de cotisation ne vaut en %(mois)s pour le régime %(regime)s : posez-le, puis validez.",
                              mois=ecrire_mois(self.periode), regime=sans[0].regime_id.code or _("inconnu")))
        radie = self.employeur_id.date_radiation
        if self.employeur_id.state == "radie" and radie and radie < self.periode:
            raise UserError(_("« %(nom)s » est radié : rien ne s'appelle pour %(mois)s.",
                              nom=self.employeur_id.raison_sociale, mois=ecrire_mois(self.periode)))

    def _lignes_d_appel(self):
        """Rend les lignes de l'appel : une par régime et par barème recopié, avec têtes, salaires, exclus, assiette et parts."""
        groupes = defaultdict(lambda: dict.fromkeys(("tetes", "salaires", "exclus", "assiette", "part_employeur", "part_salarie"), 0))
        for ligne in self.ligne_ids:
            groupe = groupes[(ligne.regime_id.id, *(ligne[champ] for champ in TERMES))]
            groupe["tetes"] += 1
            for total, champ in (("salaires", "salaire"), ("exclus", "exclu"), ("assiette", "assiette"),
                                 ("part_employeur", "part_employeur"), ("part_salarie", "part_salarie")):
                groupe[total] += int(ligne[champ])
        return [{"regime_id": cle[0], **dict(zip(TERMES, cle[1:])), **sommes} for cle, sommes in groupes.items()]


class DeclarationEffectifLigne(models.Model):
    """L'assiette n'est pas le salaire : ce qui s'en exclut en sort, plancher et plafond s'appliquent ensuite."""

    _inherit = "cnas.declaration_effectif.ligne"

    exclusion_ids = fields.One2many("cnas.declaration_effectif.exclusion", "ligne_id", string="Éléments exclus")
    exclu = fields.Monetary(string="Exclu de l'assiette", compute="_compute_exclu", store=True)
    assiette = fields.Monetary(string="Assiette", compute="_compute_assiette")

    @api.depends("exclusion_ids.retenu")
    def _compute_exclu(self):
        for ligne in self:
            ligne.exclu = sum(ligne.exclusion_ids.mapped("retenu"))

    @api.depends("salaire", "exclu", "plancher", "plafond", "mode")
    def _compute_assiette(self):
        for ligne in self:
            assiette = max(ligne._salaire_soumis(), int(ligne.plancher))
            ligne.assiette = 0 if ligne.mode != "pourcentage" else min(assiette, int(ligne.plafond)) if ligne.plafond else assiette

    @api.constrains("salaire")
    def _check_exclu(self):
        for ligne in self:
            if ligne.exclu > ligne.salaire:
                raise UserError(_("Ce qui s'exclut de l'assiette dépasse le salaire déclaré de %s.",
                                  ligne.assure_id.name or ligne.nom_declare or ""))

    @api.depends("exclu")
    def _compute_cotisation(self):
        return super()._compute_cotisation()

    @api.model
    def _montants_en_plus(self, periode=None):
        elements = self.env["cnas.exclusion_assiette"].sudo()._au_mois(periode)
        return {**super()._montants_en_plus(periode), **{code: element.name for code, element in elements.items()}}

    def _ecrire_en_plus(self, declares):
        super()._ecrire_en_plus(declares)
        lignes = self.browse().union(*declares)
        lignes.exclusion_ids.unlink()
        if not any(declares.values()):
            return
        exclusions = self.env["cnas.exclusion_assiette"].sudo()
        # Fermé depuis le contrôle du classeur, un élément ne se perd pas : `_check_date` le refuse d'une phrase.
        elements = {**exclusions._au_mois(), **exclusions._au_mois(lignes.declaration_id.periode)}
        lignes.exclusion_ids.create([
            {"ligne_id": ligne.id, "exclusion_id": elements[code].id, "montant": montant}
            for ligne, montants in declares.items() for code, montant in montants.items() if code in elements])

    def _en_plus(self):
        return {ligne: {**autres, **{exclu.exclusion_id.code: int(exclu.montant) for exclu in ligne.exclusion_ids}}
                for ligne, autres in super()._en_plus().items()}

    def _recopier(self):
        """Recopie aussi ce que retient la ligne datée de l'élément exclu ; fermé depuis la saisie, il se refuse."""
        self.exclusion_ids._check_date()
        self.exclusion_ids.modified(["montant"])
        self.exclusion_ids.flush_recordset()
        return super()._recopier()

    def _salaire_soumis(self):
        return max(0, super()._salaire_soumis() - int(self.exclu))
