import random
from datetime import timedelta

from odoo import fields

from .etape import Etape

GRAINE = 20261121


class Documents(Etape):
    """Cartes dans tous les états, attestations et pièces d'une partie des assurés de démonstration."""

    def charger(self):
        """Charge cartes, attestations et pièces, par la main d'un agent."""
        assures = self.env["cnas.assure"].search([("state", "=", "actif")], order="id", limit=200).with_user(self.usager("agent"))
        self.env = assures.env
        tirage = random.Random(GRAINE)
        self._cartes(assures, tirage)
        self._attestations(assures, tirage)
        self._pieces(assures[:60], tirage)

    # ------------------------------------------------------------------ cartes
    def _cartes(self, assures, tirage):
        """Trois assurés sur quatre ont une carte : la plupart active, les autres le long du circuit."""
        etats = ["active"] * 9 + ["remise", "produite", "produite", "demandee", "demandee", "perdue", "annulee"]
        agences = {agence.province_id: agence.id for agence in self.env["cnas.agence"].search([], order="id desc")}
        siege = self.env.ref("cnas_base.agence_ndjamena")
        valeurs, cibles = [], []
        for assure in assures:
            if tirage.random() > 0.75:
                continue
            cible = tirage.choice(etats)
            demande = self.calendrier.mois(22, 6) + timedelta(days=tirage.randrange(560 if cible == "active" else 620))
            if cible in ("demandee", "produite"):
                demande = self.calendrier.jour(36 - tirage.randrange(30))
            valeurs.append({"assure_id": assure.id, "date_demande": demande, "motif_demande": "premiere",
                            "agence_id": agences.get(assure.province_id) or siege.id})
            cibles.append(cible)
        cartes = self.env["cnas.carte"].create(valeurs)
        par_cible = {cible: cartes.browse() for cible in set(cibles)}
        for carte, cible in zip(cartes, cibles):
            par_cible[cible] |= carte
            if cible not in ("demandee", "produite"):
                carte.date_emission = carte.date_demande + timedelta(days=tirage.randrange(4, 15))
        (cartes - par_cible.get("demandee", cartes.browse())).action_produire()
        remises = cartes.browse().union(*(par_cible.get(c, cartes.browse()) for c in ("active", "remise", "perdue", "annulee")))
        remises.action_remettre()
        actives = cartes.browse().union(*(par_cible.get(c, cartes.browse()) for c in ("active", "perdue", "annulee")))
        actives.action_activer()
        for carte in remises:
            remise = carte.date_emission + timedelta(days=tirage.randrange(3, 25))
            carte._ecrire({
                "date_production": carte.date_emission, "date_remise": remise,
                "date_activation": remise if carte in actives else False})
        perdues = par_cible.get("perdue", cartes.browse())
        perdues.action_declarer_perte("Perdue au marché")
        for carte in perdues[::2]:
            carte.action_remplacer()
        par_cible.get("annulee", cartes.browse()).sudo().action_annuler("Photo d'une autre personne")
        demandees = self.env["cnas.carte"].search([("state", "=", "demandee")], order="id")
        self.env["cnas.carte.lot"].create({"carte_ids": [fields.Command.set(demandees[:6].ids)]})

    # ------------------------------------------------------------------ attestations
    def _attestations(self, assures, tirage):
        """Une vingtaine d'attestations, surtout valides, quelques-unes expirées, deux révoquées."""
        debut_ancien, fin_ancienne = self.calendrier.jour(268), self.calendrier.jour(179)
        aujourdhui = self.calendrier.aujourdhui
        ouverts = self.env["cnas.assure"]._droits_par_lot(
            [(a.id, jour) for a in assures for jour in (debut_ancien, fin_ancienne, aujourdhui)])
        a_jour = assures.filtered(lambda a: ouverts[a.id, aujourdhui]["etat"] == "ouverts")
        anciens = assures.filtered(
            lambda a: ouverts[a.id, debut_ancien]["etat"] == ouverts[a.id, fin_ancienne]["etat"] == "ouverts"
            and not ouverts[a.id, debut_ancien]["date_fin"])
        objets = ["Consultation à l'hôpital provincial d'Abéché", "Hospitalisation à Bongor", "Suivi de grossesse", False, False]
        valeurs = [{"assure_id": a.id, "objet": tirage.choice(objets)} for a in a_jour[:60:3]]
        valeurs += [{"assure_id": a.id, "date_debut": debut_ancien, "date_fin": fin_ancienne} for a in anciens[:5]]
        attestations = self.env["cnas.attestation"].create(valeurs)
        attestations[3:5].action_revoquer("Délivrée au mauvais membre de la famille")

    # ------------------------------------------------------------------ pièces
    def _pieces(self, assures, tirage):
        """Les pièces exigées d'une partie des assurés ; quelques-unes expirent bientôt ou sont expirées."""
        types = self.env["cnas.type_piece"].search([("usage", "=", "assure"), ("regime_ids", "!=", False)])
        valeurs = []
        for assure in assures:
            for type_piece in types.filtered(lambda t, a=assure: t._concerne(a)):
                if tirage.random() < 0.25:
                    continue
                anciennete = tirage.randrange(20, 400) if type_piece.duree_mois == 12 else tirage.randrange(200, 3000)
                valeurs.append({
                    "assure_id": assure.id, "type_piece_id": type_piece.id,
                    "numero": f"{type_piece.code[:3]}-{tirage.randrange(10_000, 99_999)}",
                    "date_delivrance": self.calendrier.jour(anciennete),
                    "nom_fichier": f"{type_piece.code.lower()}.pdf",
                    "fichier": self.pdf(type_piece.name, assure.name, assure.matricule),
                })
        self.env["cnas.piece_administrative"].create(valeurs)
