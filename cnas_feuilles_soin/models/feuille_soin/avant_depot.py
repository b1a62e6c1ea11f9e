from odoo import api, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui

from ...liquidation.chargement import ATTESTATIONS
from ...liquidation.execution import juger_prestations
from ...regles.registre import REGLES

# Un signalement attire l'œil d'un contrôleur : l'annoncer dirait comment l'éviter.
ANNONCES = ("rejet", "abattement", "instance")


class FeuilleSoin(models.Model):
    """Avant le dépôt : ce que la caisse sait déjà d'une feuille pas encore envoyée, par le moteur. Rien ne s'écrit."""

    _inherit = "cnas.feuille_soin"

    @api.model
    def _juger_avant_depot(self, brute, types=()):
        """Dit ce que le contrôle dirait d'une feuille, au format d'`importer`.

        :param types: codes des pièces qui l'accompagneront
        :return: {"erreurs": [phrase…], "constats": [{"code", "severite", "message", "ligne": rang ou 0}], "etat",
            "part", "ticket", "depassement", "rejete"} ; sans constat ni montant si la feuille serait refusée
        :raise UserError: trop de demandes en une minute
        """
        assures, journal = self.env["cnas.assure"].sudo(), self.env["cnas.journal"]
        journal._exiger_debit("verification_droits")
        lectures, a_creer = self._juger_lot([brute])
        self._rendre_connues(lectures)
        valeurs = lectures[0].valeurs
        # Tracée même refusée : essayer des matricules se compte.
        assures.with_user(self.env.user)._tracer_verification(
            valeurs.get("matricule"), valeurs.get("date_soins") or aujourd_hui(), valeurs.get("assure_id"))
        if not a_creer:
            return {"erreurs": lectures[0].erreurs, "constats": []}
        pieces = self.env["cnas.type_piece"].sudo().search([("code", "in", list(types))])
        feuille = self.sudo().new({
            **self._valeurs_de_creation(valeurs), "state": "brouillon", "piece_ids": [],
            "attestation_nouveau_ne": not set(ATTESTATIONS).isdisjoint(pieces.mapped("code"))})
        [(_feuille, juge)] = feuille._juger_a_blanc({feuille: pieces.ids})
        noms, regles = self.env["cnas.type_piece"]._noms_lus(), self.env["cnas.regle_controle"].sudo()
        rangs = {ligne.id: rang for rang, ligne in enumerate(juge.lignes, 1)}
        return {
            "erreurs": [], "etat": juge.etat, "part": juge.part, "ticket": juge.ticket, "depassement": juge.depassement,
            "rejete": juge.rejete, "constats": [
                {"code": c.regle.code, "severite": c.severite, "message": regles.browse(c.regle.id)._lire_motif(c.message, noms), "ligne": rangs.get(c.ligne, 0)}
                for c in juge.anomalies if c.severite in ANNONCES]}

    @api.model
    def _prestations_pour(self, formation, prestations, date=None):
        """Rend [{"code", "nom", "tarif": entier ou False, "interdit": phrase ou « », "entente": bool}] pour cette formation."""
        jour = fields.Date.to_date(date) or aujourd_hui()
        juges = juger_prestations(self.env, REGLES, formation.sudo(), jour, prestations.ids) if formation and prestations else {}
        regles, rendues = self.env["cnas.regle_controle"].sudo().search([]), []
        for prestation in prestations:
            tarif, interdit = juges.get(prestation.id, (None, ""))
            rendues.append({"code": prestation.code, "nom": prestation.name, "tarif": tarif if tarif is not None else False,
                            "interdit": regles._lire_motif(interdit), "entente": prestation.entente_prealable})
        return rendues
