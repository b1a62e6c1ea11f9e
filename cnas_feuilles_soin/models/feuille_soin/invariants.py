import logging

from odoo import _, api, models

_logger = logging.getLogger(__name__)

# Chaque invariant : ce qu'il dit, et la requête qui trouve ses contre-exemples (feuille, écart).
INVARIANTS = (
    ("Σ des lignes ≠ feuille", """
        SELECT f.id, f.numero FROM cnas_feuille_soin f
          JOIN (SELECT feuille_id, sum(montant_facture) AS facture, sum(montant_base) AS base, sum(montant_cnas) AS part,
                       sum(ticket_moderateur) AS ticket, sum(depassement) AS depassement, sum(montant_rejete) AS rejete
                  FROM cnas_feuille_soin_ligne GROUP BY feuille_id) l ON l.feuille_id = f.id
         WHERE f.state NOT IN ('brouillon', 'annulee') AND f.date_controle IS NOT NULL
           AND (f.montant_facture, f.montant_base, f.montant_cnas, f.ticket_moderateur, f.depassement, f.montant_rejete)
               IS DISTINCT FROM (l.facture, l.base, l.part, l.ticket, l.depassement, l.rejete)"""),
    ("facturé ≠ quantité × prix", """
        SELECT f.id, f.numero FROM cnas_feuille_soin_ligne l JOIN cnas_feuille_soin f ON f.id = l.feuille_id
         WHERE l.montant_facture IS DISTINCT FROM l.quantite * l.prix_unitaire"""),
    ("feuille validée avec une ligne non décidée", """
        SELECT DISTINCT f.id, f.numero FROM cnas_feuille_soin f
          JOIN cnas_feuille_soin_ligne l ON l.feuille_id = f.id AND l.decision = 'attente'
         WHERE f.state IN ('validee', 'payee')"""),
    ("feuille validée avec un signalement ou une instance ouverte", """
        SELECT DISTINCT f.id, f.numero FROM cnas_feuille_soin f
          JOIN cnas_anomalie a ON a.feuille_id = f.id AND a.state = 'ouverte' AND a.severite IN ('signalement', 'instance')
         WHERE f.state IN ('validee', 'payee')"""),
    ("feuille rejetée qui garde une part CNAS", """
        SELECT id, numero FROM cnas_feuille_soin WHERE state = 'rejetee' AND COALESCE(montant_cnas, 0) <> 0"""),
    ("part CNAS au-delà de la base et du taux", """
        SELECT DISTINCT f.id, f.numero FROM cnas_feuille_soin_ligne l JOIN cnas_feuille_soin f ON f.id = l.feuille_id
         WHERE l.montant_cnas > round(l.montant_base * l.taux / 100)"""),
)
EXEMPLES = 20


class FeuilleSoin(models.Model):
    """Tâche quotidienne : vérifie en base les invariants de la liquidation et alerte les administrateurs."""

    _inherit = "cnas.feuille_soin"

    @api.model
    def _verifier_invariants(self):
        """Cherche les contre-exemples de chaque invariant et alerte s'il y en a.

        :return: {invariant: [numéros de feuilles]} ; vide, tout va bien
        """
        self.env.flush_all()
        defauts = {}
        for nom, requete in INVARIANTS:
            self.env.cr.execute(f"{requete} LIMIT {EXEMPLES}")  # pylint: disable=sql-injection
            feuilles = self.env.cr.fetchall()
            if feuilles:
                defauts[nom] = [numero or str(ident) for ident, numero in feuilles]
                self.sudo().browse(feuilles[0][0])._alerter_invariant(nom, defauts[nom])
        return defauts

    def _alerter_invariant(self, nom, numeros):
        """Prévient chaque administrateur, sur la première feuille fautive."""
        _logger.error("Invariant de liquidation rompu — %s : %s", nom, ", ".join(numeros))
        self._alerter(self.env.ref("cnas_base.group_administrateur").users, _("Invariant rompu : %s", nom),
                      _("Feuilles en cause : %s", ", ".join(numeros)))

    def _alerter(self, usagers, resume, note):
        """Pose sur la feuille une activité à chacun de ces usagers, une seule fois."""
        self.ensure_one()
        for usager in usagers - self.activity_ids.filtered(lambda a: a.summary == resume).user_id:
            self.activity_schedule("mail.mail_activity_data_todo", summary=resume, user_id=usager.id, note=note)
