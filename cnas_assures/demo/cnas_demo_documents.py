import base64
import io
import random
from datetime import date, timedelta

from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas

from odoo import api, fields, models

from odoo.addons.cnas_base.garde import sans_suivi

GRAINE = 20261121


class CnasDemoDocuments(models.AbstractModel):
    """Cartes dans tous les états, attestations et pièces d'une partie des assurés de démonstration."""

    _inherit = "cnas.demo"

    @api.model
    @sans_suivi()
    def _charger_documents(self):
        """Charge les documents ; sans assuré actif ou si c'est déjà fait, ne fait rien. Rend True."""
        Carte = self.env["cnas.carte"]
        assures = self.env["cnas.assure"].search([("state", "=", "actif")], order="id", limit=200)
        if not assures or Carte.search_count([], limit=1):
            return True
        tirage = random.Random(GRAINE)
        agent = self.env.ref("cnas_base.user_agent", raise_if_not_found=False) or self.env.user
        self = self.with_user(agent)
        self._demo_cartes(assures.with_env(self.env), tirage)
        self._demo_attestations(assures.with_env(self.env), tirage)
        self._demo_pieces(assures.with_env(self.env)[:60], tirage)
        return True

    # ------------------------------------------------------------------ cartes
    def _demo_cartes(self, assures, tirage):
        """Trois assurés sur quatre ont une carte : la plupart active, les autres le long du circuit."""
        etats = ["active"] * 9 + ["remise", "produite", "produite", "demandee", "demandee", "perdue", "annulee"]
        agences = {agence.province_id: agence.id for agence in self.env["cnas.agence"].search([], order="id desc")}
        siege = self.env.ref("cnas_base.agence_ndjamena", raise_if_not_found=False)
        valeurs, cibles = [], []
        for assure in assures:
            if tirage.random() > 0.75:
                continue
            cible = tirage.choice(etats)
            demande = date(2025, 1, 6) + timedelta(days=tirage.randrange(560 if cible == "active" else 660))
            if cible in ("demandee", "produite"):
                demande = date(2026, 10, 20) + timedelta(days=tirage.randrange(30))
            valeurs.append({"assure_id": assure.id, "date_demande": demande, "motif_demande": "premiere",
                            "agence_id": agences.get(assure.province_id) or (siege and siege.id)})
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
    def _demo_attestations(self, assures, tirage):
        """Une vingtaine d'attestations, surtout valides, quelques-unes expirées, deux révoquées."""
        debut_ancien = date(2026, 3, 2)
        ouverts = self.env["cnas.assure"]._droits_par_lot(
            [(a.id, jour) for a in assures for jour in (debut_ancien, date(2026, 5, 30), fields.Date.context_today(self))])
        aujourdhui = fields.Date.context_today(self)
        a_jour = assures.filtered(lambda a: ouverts[a.id, aujourdhui]["etat"] == "ouverts")
        anciens = assures.filtered(
            lambda a: ouverts[a.id, debut_ancien]["etat"] == ouverts[a.id, date(2026, 5, 30)]["etat"] == "ouverts"
            and not ouverts[a.id, debut_ancien]["date_fin"])
        objets = ["Consultation à l'hôpital provincial d'Abéché", "Hospitalisation à Bongor", "Suivi de grossesse", False, False]
        valeurs = [{"assure_id": a.id, "objet": tirage.choice(objets)} for a in a_jour[:60:3]]
        valeurs += [{"assure_id": a.id, "date_debut": debut_ancien, "date_fin": date(2026, 5, 30)} for a in anciens[:5]]
        attestations = self.env["cnas.attestation"].create(valeurs)
        attestations[3:5].action_revoquer("Délivrée au mauvais membre de la famille")

    # ------------------------------------------------------------------ pièces
    def _demo_pieces(self, assures, tirage):
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
                    "date_delivrance": fields.Date.context_today(self) - timedelta(days=anciennete),
                    "nom_fichier": f"{type_piece.code.lower()}.pdf",
                    "fichier": self._demo_fichier(type_piece.name, assure),
                })
        self.env["cnas.piece_administrative"].create(valeurs)

    def _demo_fichier(self, titre, assure):
        tampon = io.BytesIO()
        page = Canvas(tampon, pagesize=A5, invariant=1)
        page.setFont("Helvetica-Bold", 15)
        page.drawString(40, 520, titre[:44])
        page.setFont("Helvetica", 11)
        page.drawString(40, 490, assure.name)
        page.drawString(40, 472, assure.matricule)
        page.setFont("Helvetica-Oblique", 9)
        page.drawString(40, 60, "Document factice de la démonstration, sans valeur.")
        page.save()
        return base64.b64encode(tampon.getvalue())
