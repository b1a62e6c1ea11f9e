"""Les feuilles que les formations envoient : ce dont elles parlent, leur contenu, leur image numérisée."""
import base64
import io
from datetime import timedelta

from reportlab.lib.pagesizes import A5
from reportlab.pdfgen import canvas

from odoo.addons.cnas_referentiels.bareme import Bareme

# Ce que le tableau de bord fait voir : ce centre facture des actes d'un niveau qu'il n'a pas.
HORS_NIVEAU = "CS-DAN-01"
# Une feuille sur tant va à une personne aux droits fermés, ou vient d'une formation sans convention : la vie d'une caisse saine.
UN_REJET_SUR = 45
DIAGNOSTICS = ("B50.9", "B54", "J06.9", "J18.9", "A09", "I10", "E11.9", "O80", "Z34.9", "N39.0", "K29.7", "A01.0")


class Envois:
    """Compose des feuilles de soins avec les formations, personnes et prestations tarifées de la base."""

    def __init__(self, env, calendrier):
        self.calendrier = calendrier
        self.formations = list(env["cnas.formation_sanitaire"].search([("state", "=", "active")], order="code"))
        self.assures = list(env["cnas.assure"].search([("state", "=", "actif")], order="matricule", limit=160))
        self.diagnostics = env["cnas.pathologie"].search([("code", "in", DIAGNOSTICS)], order="code")
        prestations = env["cnas.prestation"].search([("entente_prealable", "=", False)], order="code")
        jour = calendrier.mois(5)
        bareme = Bareme(env, prestations.ids)
        tarifs = {p: bareme.tarif(p.id, 1, jour) for p in prestations}
        tarifees = [(p, tarifs[p].montant) for p in prestations
                    if tarifs[p] and p.niveau_min <= 2 and not p.sexe and p.type_soins != "hospitalisation"]
        self.actes = [t for t in tarifees if t[0].type_prestation in ("acte", "examen")]
        self.specialisees = set(env["cnas.acte"].search([("specialite_id", "!=", False)]).prestation_id.ids)
        self.agreees = set(env["cnas.agrement"].search([]).formation_id.ids)
        self.produits = [t for t in tarifees if t[0].type_prestation in ("medicament", "consommable")]

    def composer(self, hasard, rang, formation=None, soins=None):
        """Compose une feuille que la caisse paierait le plus souvent : deux à cinq lignes, prix au tarif le plus souvent.

        :param formation: celle qui l'envoie ; vide : tirée
        :param soins: le jour des soins ; vide : tiré
        """
        recul = hasard.randrange(0, 25) if rang % 3 == 0 else hasard.randrange(25, 560)
        soins = soins or self.calendrier.jour(6 + recul)
        saine = rang % UN_REJET_SUR != 0
        formation = formation or self._formation(hasard, soins, saine)
        assure = self._patient(hasard, soins, saine)
        age = (soins - assure.date_naissance).days // 365
        actes, produits = self._prestations(formation, age)
        choisies = [hasard.choice(actes), *hasard.sample(produits, hasard.randint(1, 4))]
        lignes = []
        for prestation, tarif in choisies:
            quantite = 1 if prestation.type_prestation in ("acte", "examen") else hasard.choice((1, 2, 2, 3, 6, 10))
            majoration = hasard.choice((1, 1, 1, 1, 1, 1.25))
            lignes.append({"prestation": prestation.code, "quantite": quantite, "prix_unitaire": int(tarif * majoration)})
        diagnostics = [d.code for d in self.diagnostics if d.sexe in (False, assure.genre) and not (d.maternite and not 15 <= age < 50) and d.age_min <= age <= d.age_max]
        return {
            "reference": f"FS{rang:05d}", "formation": formation.code, "matricule": assure.matricule,
            "date_soins": str(soins),
            "date_depot": str(min(soins + timedelta(days=hasard.randint(1, 20)), self.calendrier.jour(5))),
            "pathologie": hasard.choice(diagnostics), "urgence": rang % 11 == 0,
            "mode": "remboursement" if rang % 17 == 0 else "tiers_payant", "lignes": lignes,
        }

    def _formation(self, hasard, soins, saine):
        """Tire une formation, conventionnée ce jour-là si la feuille est saine."""
        conventionnees = [f for f in self.formations if any(c._couvre(soins) for c in f.convention_ids)]
        return hasard.choice(conventionnees if saine and conventionnees else self.formations)

    def _patient(self, hasard, soins, saine):
        """Tire une personne née, et couverte ce jour-là, carence passée, si la feuille est saine."""
        tires = [a for a in hasard.sample(self.assures, len(self.assures)) if a.date_naissance and a.date_naissance < soins]
        tires = tires[:30]
        droits = tires[0]._droits_par_lot([(a.id, soins) for a in tires])

        def couvert(assure):
            droit = droits[assure.id, soins]
            return droit["etat"] == "ouverts" and (droit["date_fin_carence"] or soins) <= soins
        return next((a for a in tires if couvert(a) == saine), tires[0])

    def _prestations(self, formation, age):
        """Rend les actes et les produits que cette formation peut donner à cet âge ; une seule dépasse son niveau."""
        def permises(tarifees, niveau):
            return [t for t in tarifees if t[0].niveau_min <= niveau and t[0].age_min <= age <= t[0].age_max]

        au_dessus = [t for t in permises(self.actes, 2) if t[0].niveau_min > formation.niveau]
        actes = au_dessus if formation.code == HORS_NIVEAU and au_dessus else permises(self.actes, formation.niveau)
        if formation.id in self.agreees:
            # Ses agréments bornent ses spécialités : elle s'en tient à la médecine générale.
            actes = [t for t in actes if t[0].id not in self.specialisees]
        return actes, permises(self.produits, formation.niveau)

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
