from collections import Counter

from dateutil.relativedelta import relativedelta
from markupsafe import Markup

from odoo import _, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.cnas_base.ecriture import ecrire_montant
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_referentiels.models.constantes import CATEGORIES, TYPES_PRESTATION

from ..liquidation import execution
from ..regles import registre

PREMIERES = 10


class EssaiFini(Exception):
    """Fait reculer la base au point d'avant l'essai : rien de ce qu'il a posé ne reste."""


class EssaiPanierLigne(models.TransientModel):
    """Un changement du panier en projet : ce qui entre au panier d'un régime, ou en sort."""

    _name = "cnas.essai_panier.ligne"
    _description = "Changement du panier à l'essai"

    essai_id = fields.Many2one("cnas.essai_tarif.wizard", required=True, ondelete="cascade")
    sens = fields.Selection([("entre", "Entre au panier"), ("sort", "Sort du panier")], string="Changement", required=True, default="entre")
    regime_id = fields.Many2one("cnas.regime", string="Régime", help="Vide : tous.")
    prestation_id = fields.Many2one("cnas.prestation", string="Prestation")
    type_prestation = fields.Selection(TYPES_PRESTATION, string="Type de prestation")
    categorie = fields.Selection(CATEGORIES, string="Catégorie")

    def _couvertures(self, regimes):
        """Rend {(régime, prestation): entre ou non} ; la dernière ligne qui vise une prestation l'emporte.

        :raise UserError: une ligne ne vise rien
        """
        couvertures = {}
        for ligne in self:
            criteres = {c: ligne[c] for c in ("type_prestation", "categorie") if ligne[c]}
            if not ligne.prestation_id and not criteres:
                raise UserError(_("Panier en projet : dites, à chaque ligne, quelle prestation, quel type ou quelle catégorie."))
            visees = ligne.prestation_id or ligne.prestation_id.with_context(active_test=False).search(
                [(champ, "=", valeur) for champ, valeur in criteres.items()])
            couvertures.update({(regime, prestation): ligne.sens == "entre"
                                for regime in ligne.regime_id.ids or regimes for prestation in visees.ids})
        return couvertures


class EssaiTarifWizard(models.TransientModel):
    """« Combien coûterait ce projet » : rejoue un mois par le moteur, comme aujourd'hui puis sous un tarif ou un panier en projet.

    | qui | peut |
    |---|---|
    | administrateur | essayer ; aucun tarif, aucun panier ni aucune feuille ne change |
    """

    _name = "cnas.essai_tarif.wizard"
    _description = "Combien coûterait ce projet"
    _inherit = ["cnas.essai.mixin"]

    revision_id = fields.Many2one("cnas.revision_tarif", string="Révision tarifaire", ondelete="cascade",
                                  domain=[("state", "in", ("preparee", "en_cours"))])
    panier_ids = fields.One2many("cnas.essai_panier.ligne", "essai_id", string="Panier en projet")
    mois = fields.Date(string="Mois des soins rejoué", required=True, default=lambda self: aujourd_hui().replace(day=1) - relativedelta(months=1))
    montant_apres = fields.Monetary(string="Part CNAS sous le projet")
    ecart = fields.Monetary(string="Coût du mois", readonly=True)
    ecart_annuel = fields.Monetary(string="Coût d'une année à ce rythme", readonly=True)
    par_formation = fields.Html(string="Par formation", readonly=True, sanitize=False)

    def action_essayer(self):
        """Rejoue le mois deux fois et montre la différence.

        :return: l'assistant, avec son résultat
        :raise UserError: ni révision ni panier, révision sans ligne à appliquer, mois sans feuille
        """
        self.ensure_one()
        self._exiger_administrateur()
        if not self.revision_id and not self.panier_ids:
            raise UserError(_("Dites ce qu'il faut essayer : une révision tarifaire, un panier, ou les deux."))
        if self.revision_id and not self.revision_id._lignes_restantes():
            raise UserError(_("Préparez d'abord la révision : elle n'a aucune ligne à appliquer."))
        debut = self.mois.replace(day=1)
        fin = debut + relativedelta(months=1, days=-1)
        feuilles = self._choisir(debut, fin)
        panier = self.panier_ids._couvertures(self.env["cnas.regime"].search([]).ids)
        avant, apres = self._rejouer(feuilles.ids), {}
        try:
            with self.env.cr.savepoint():
                self._poser_les_tarifs(debut, fin)
                apres = self._rejouer(feuilles.ids, panier)
                raise EssaiFini
        except EssaiFini:
            self.env.invalidate_all(flush=False)
        self._montrer(feuilles, avant, apres)
        return self._rouvrir()

    # ------------------------------------------------------------------ privé
    def _rejouer(self, ids, panier=None):
        """Rend {feuille: part CNAS} par le moteur, sans rien écrire."""
        return {feuille.id: feuille.part for lot in execution.simuler(self.env(su=True), registre.REGLES, ids, panier=panier)
                for feuille in lot.feuilles}

    def _poser_les_tarifs(self, debut, fin):
        """Met aux tarifs du mois les montants de la révision, le temps de l'essai : la base reculera."""
        self.env.flush_all()
        # Les types de la révision sont ceux de nos tables : `_cle_tarif` et `_table` ne viennent pas de l'usager.
        for type_tarif in set(self.revision_id._lignes_restantes().mapped("type_tarif")):
            configs = self.env[f"cnas.config_{type_tarif}"]
            table, cle = SQL.identifier(configs._table), SQL.identifier(configs._cle_tarif)
            lignes = SQL("""(SELECT DISTINCT ON (objet_id, COALESCE(niveau, 0)) objet_id, NULLIF(niveau, 0) AS niveau, montant_apres
                               FROM cnas_revision_tarif_ligne WHERE revision_id = %s AND type_tarif = %s AND state = 'a_appliquer'
                              ORDER BY objet_id, COALESCE(niveau, 0), date_debut DESC)""", self.revision_id.id, type_tarif)
            du_mois = SQL("c.%s = li.objet_id AND c.niveau IS NOT DISTINCT FROM li.niveau AND c.date_debut <= %s"
                          " AND (c.date_fin IS NULL OR c.date_fin >= %s)", cle, fin, debut)
            self.env.cr.execute(SQL("UPDATE %s c SET montant = li.montant_apres FROM %s li WHERE %s", table, lignes, du_mois))
            self.env.cr.execute(SQL(
                "INSERT INTO %s (%s, niveau, montant, date_debut, date_fin) SELECT li.objet_id, li.niveau, li.montant_apres, %s, %s FROM %s li"
                " WHERE NOT EXISTS (SELECT 1 FROM %s c WHERE %s)", table, cle, debut, fin, lignes, table, du_mois))

    def _montrer(self, feuilles, avant, apres):
        ecarts = {i: apres.get(i, 0) - part for i, part in avant.items()}
        par_formation = Counter()
        for feuille in feuilles:
            par_formation[feuille.formation_id.name] += ecarts.get(feuille.id, 0)
        premieres = sorted(((e, nom) for nom, e in par_formation.items() if e), key=lambda rang: -abs(rang[0]))[:PREMIERES]
        rangs = Markup("").join(Markup('<tr><td>%s</td><td class="text-end">%s</td></tr>') % (nom, ecrire_montant(e)) for e, nom in premieres)
        total = sum(ecarts.values())
        self.write({
            "fait": True, "nombre": len(avant), "touchees": sum(bool(e) for e in ecarts.values()), "montant_avant": sum(avant.values()),
            "montant_apres": sum(apres.values()), "ecart": total, "ecart_annuel": 12 * total,
            "par_formation": Markup('<table class="table table-sm">%s</table>') % rangs if rangs else False})
