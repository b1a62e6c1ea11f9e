"""Les feuilles que les formations envoient : ce dont elles parlent, leur contenu, leur image numérisée."""
import base64
import io
from datetime import timedelta

from reportlab.lib.pagesizes import A5
from reportlab.pdfgen import canvas

from odoo.addons.cnas_referentiels.bareme import Bareme

DIAGNOSTICS = ("B50.9", "B54", "J06.9", "J18.9", "A09", "I10", "E11.9", "O80", "Z34.9", "N39.0", "K29.7", "A01.0")


class Envois:
    """Compose des feuilles de soins avec les formations, personnes et prestations tarifées de la base."""

    def __init__(self, env, calendrier):
        self.calendrier = calendrier
        self.formations = list(env["cnas.formation_sanitaire"].search([("state", "=", "active")], order="code"))
        self.assures = list(env["cnas.assure"].search([("state", "=", "actif")], order="matricule", limit=160))
        self.diagnostics = sorted(env["cnas.pathologie"].search([("code", "in", DIAGNOSTICS)]).mapped("code"))
        prestations = env["cnas.prestation"].search([("entente_prealable", "=", False)], order="code")
        jour = calendrier.mois(5)
        bareme = Bareme(env, prestations.ids)
        tarifs = {p: bareme.tarif(p.id, 1, jour) for p in prestations}
        tarifees = [(p, tarifs[p].montant) for p in prestations
                    if tarifs[p] and p.niveau_min <= 2 and not p.sexe]
        self.actes = [t for t in tarifees if t[0].type_prestation in ("acte", "examen")]
        self.produits = [t for t in tarifees if t[0].type_prestation in ("medicament", "consommable")]

    def composer(self, hasard, rang):
        """Compose une feuille : deux à cinq lignes, prix au tarif le plus souvent."""
        formation = hasard.choice(self.formations)
        assure = hasard.choice(self.assures)
        recul = hasard.randrange(0, 25) if rang % 3 == 0 else hasard.randrange(25, 560)
        soins = self.calendrier.jour(6 + recul)
        choisies = [hasard.choice(self.actes), *hasard.sample(self.produits, hasard.randint(1, 4))]
        lignes = []
        for prestation, tarif in choisies:
            quantite = 1 if prestation.type_prestation in ("acte", "examen") else hasard.choice((1, 2, 2, 3, 6, 10))
            majoration = hasard.choice((1, 1, 1, 1, 1, 1.25))
            lignes.append({"prestation": prestation.code, "quantite": quantite, "prix_unitaire": int(tarif * majoration)})
        return {
            "reference": f"FS{rang:05d}", "formation": formation.code, "matricule": assure.matricule,
            "date_soins": str(soins),
            "date_depot": str(min(soins + timedelta(days=hasard.randint(1, 20)), self.calendrier.jour(5))),
            "pathologie": hasard.choice(self.diagnostics), "urgence": rang % 11 == 0,
            "mode": "remboursement" if rang % 17 == 0 else "tiers_payant", "lignes": lignes,
        }

    def numeriser(self, envoi, sorte):
        """Rend la pièce jointe d'un envoi : le PDF de la feuille, de l'ordonnance ou de la facture « numérisée »."""
        reference = envoi["reference"] if sorte == "FEUILLE" else f"{envoi['reference']}-{sorte}"
        nom = reference if sorte == "FEUILLE" else f"{envoi['reference']}-{sorte.lower()}"
        return {"type": sorte, "nom": f"{nom}.pdf",
                "contenu": base64.b64encode(self._dessiner({**envoi, "reference": reference})).decode()}

    def _dessiner(self, envoi):
        """Rend le PDF d'une feuille de soins « numérisée »."""
        tampon = io.BytesIO()
        page = canvas.Canvas(tampon, pagesize=A5)
        page.setFont("Helvetica-Bold", 13)
        page.drawString(40, 550, "République du Tchad — Feuille de soins")
        page.setFont("Helvetica", 10)
        page.drawString(40, 525, f"N° {envoi['reference']}    Formation : {envoi['formation']}")
        page.drawString(40, 508, f"Matricule : {envoi['matricule']}    Date des soins : {envoi['date_soins']}")
        haut = 475
        for ligne in envoi["lignes"]:
            page.drawString(40, haut, ligne["prestation"])
            page.drawRightString(260, haut, str(ligne["quantite"]))
            page.drawRightString(360, haut, f"{ligne['prix_unitaire']} F")
            haut -= 18
        page.drawString(40, 90, "Signature de l'assuré")
        page.drawString(240, 90, "Cachet et signature")
        page.showPage()
        page.save()
        return tampon.getvalue()
