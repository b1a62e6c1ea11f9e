from datetime import timedelta

from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.jour import aujourd_hui, jour_de, sql_jour


class FormationSanitaire(models.Model):
    _inherit = "cnas.formation_sanitaire"

    facture_ids = fields.One2many("cnas.facture", "formation_id", string="Factures",
                                  groups="cnas_base.group_agent,cnas_base.group_finance,cnas_base.group_portail_formation")

    nombre_factures = fields.Integer(
        string="Nombre de factures", compute="_compute_nombre_factures",
        groups="cnas_base.group_agent,cnas_base.group_finance")

    compte_du_jour_id = fields.Many2one(
        "cnas.compte_paiement", string="Compte de paiement en vigueur", compute="_compute_compte_du_jour_id",
        groups="cnas_base.group_agent,cnas_base.group_finance", help="Il paie à la place du RIB principal, jusqu'à sa fermeture.")

    def _compute_compte_du_jour_id(self):
        comptes = self.env["cnas.compte_paiement"]._du_jour(self)
        for formation in self:
            formation.compte_du_jour_id = comptes.get(formation._origin, False)

    def _contacts_du_portail(self):
        """Rend qui se prévient pour ces formations : leur contact, et leurs usagers du portail."""
        formations = self.sudo()
        return formations.partner_id | self.env["res.users"].sudo().search([("formation_ids", "in", formations.ids)]).partner_id

    def _compute_nombre_factures(self):
        nombres = dict(self.env["cnas.facture"]._read_group(
            [("formation_id", "in", self.ids)], ["formation_id"], ["__count"]))
        for formation in self:
            formation.nombre_factures = nombres.get(formation, 0)

    def action_voir_factures(self):
        """Ouvre les factures de la formation. Rend une action de fenêtre."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_facturation.facture_action")
        return {**action, "domain": [("formation_id", "=", self.id)], "context": {}}

    def _synthese_par_lot(self):
        """Ajoute le délai moyen de paiement, de la soumission au paiement, en une requête (voir cnas_formations)."""
        syntheses = super()._synthese_par_lot()
        if not self.ids:
            return syntheses
        self.env["cnas.facture"].flush_model(["formation_id", "state", "date_soumission", "date_paiement"])
        self.env.cr.execute(f"""
            SELECT formation_id, avg(date_paiement - {sql_jour("date_soumission")})
              FROM cnas_facture
             WHERE formation_id = ANY(%s) AND state = 'payee' AND date_paiement >= %s AND date_soumission IS NOT NULL
             GROUP BY formation_id
        """, [self.ids, self._debut_de_synthese()])
        for formation_id, delai in self.env.cr.fetchall():
            syntheses[formation_id]["delai_paiement"] = float(delai)
        return syntheses

    def _ribs_en_suspens(self):
        """Rend {(formation_id, compte): phrase} des RIB qu'un changement met en doute : attendu, ou accepté depuis trop peu."""
        suspens, jour = {}, aujourd_hui()
        delai = timedelta(days=self.env["cnas.parametre"]._au("delai_changement_jours", jour))
        for demande in self.env["cnas.demande_rib"].sudo().search(
                [("formation_id", "in", self.ids), ("state", "in", ("demandee", "validee"))], order="id"):
            cle, formation = (demande.formation_id.id, demande.usage), demande.formation_id.name
            if demande.state == "demandee":
                suspens[cle] = _(
                    "un changement de RIB de %s attend : faites-le décider, ou annulez l'ordonnancement.", formation)
            elif jour_de(demande.date_decision) + delai > jour:
                suspens[cle] = _(
                    "le changement de RIB de %(formation)s est trop récent : il se paie à partir du %(jour)s.",
                    formation=formation, jour=ecrire_date(jour_de(demande.date_decision) + delai))
        return suspens

    def _preparer_facture_du_mois(self, periode):
        """Prépare la facture du mois de chaque formation (tâche de lot, rejouable).

        :param str periode: le 1er du mois
        """
        Facture = self.env["cnas.facture"]
        mois = Facture._premier_du_mois(periode)
        for formation in self:
            try:
                Facture._preparer_mois(
                    {"formation_id": formation.id, "mode": "tiers_payant"}, mois,
                    Facture._domaine_feuilles_a_facturer(mois, formation=formation))
            except UserError:
                # Une autre session l'a facturée entre-temps : rien à faire pour cette formation.
                continue
        return _("%s formation(s) traitée(s)", len(self))
