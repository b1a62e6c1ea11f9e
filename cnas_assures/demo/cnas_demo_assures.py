import base64
import io
import random
from datetime import date, timedelta

from PIL import Image, ImageDraw

from odoo import api, models

from odoo.addons.cnas_base.garde import sans_suivi

GRAINE = 20250701
NOMBRE = 200

NOMS_EST = ["Mahamat", "Abakar", "Adoum", "Saleh", "Idriss", "Hassan", "Oumar", "Issa", "Youssouf", "Brahim",
            "Abdoulaye", "Hissein", "Djibrine", "Moussa", "Ahmat", "Ali", "Khamis", "Souleymane", "Annour", "Haroun"]
HOMMES_EST = ["Mahamat", "Ahmat", "Moussa", "Ousmane", "Abdelkerim", "Hassan", "Idriss", "Ali", "Brahim", "Saleh",
              "Youssouf", "Adam", "Djibrine", "Abderahim", "Khalil", "Bichara", "Souleymane", "Tahir"]
FEMMES_EST = ["Fatimé", "Achta", "Khadidja", "Zara", "Haoua", "Mariam", "Zénaba", "Kaltouma", "Amina", "Hadjé",
              "Halimé", "Hawa", "Achta Djidda", "Ramatou", "Souad", "Nafissa"]
NOMS_SUD = ["Ngarta", "Djimrangar", "Nadjitolngar", "Allahissem", "Mbaïgolmem", "Koumandja", "Beassoum", "Ngaro",
            "Djimtoloum", "Madjirangué", "Nodjimbatem", "Mbaïnodoum", "Ndoubayo", "Toïdé", "Gabdoulaye", "Kagdombaye"]
HOMMES_SUD = ["Josué", "Ronel", "Emmanuel", "Mbaïhondoum", "Félix", "Samuel", "Théophile", "Ngarbaroum", "Élie",
              "Jérémie", "Dingamnayal", "Kodjo"]
FEMMES_SUD = ["Denemadji", "Neloumta", "Solkem", "Ruth", "Esther", "Mémadji", "Larlem", "Clarisse", "Remadji",
              "Naomie", "Achta", "Djénéba"]
LIEUX = {
    "Abéché": (NOMS_EST, HOMMES_EST, FEMMES_EST, ["Kamina", "Salamat", "Chig El Fakhara", "Goz Amir"]),
    "Bongor": (NOMS_SUD, HOMMES_SUD, FEMMES_SUD, ["Alouada", "Toura", "Moulkou", "Baga"]),
    "Danamadji": (NOMS_SUD, HOMMES_SUD, FEMMES_SUD, ["Maïngara", "Balimba", "Sido", "Kémata"]),
    "N'Djamena Centre": (NOMS_EST, HOMMES_EST, FEMMES_EST, ["Klemat", "Ardep-Djoumal", "Moursal", "Chagoua"]),
}
# Deux matricules à connaître par cœur pour essayer l'application.
CONNUS = {"assure_demo_amed": "TD325000000150", "assure_demo_ass": "TD125000000257"}
GRAPHIES = {"Mahamat": "Mohamed", "Fatimé": "Fatima", "Ahmat": "Ahmed", "Brahim": "Ibrahim", "Saleh": "Salé",
            "Khadidja": "Kadidja", "Djibrine": "Djibril", "Oumar": "Omar", "Zénaba": "Zenab", "Youssouf": "Yussuf"}


class CnasDemoAssures(models.AbstractModel):
    """Deux cents assurés et leurs familles : AMED à Abéché, Bongor et Danamadji, salariés, indépendants."""

    _inherit = "cnas.demo"

    @api.model
    @sans_suivi()
    def _charger_assures(self):
        """Charge les assurés de démonstration, une seule fois. Rend True."""
        if self.env.ref("cnas_assures.assure_demo_amed", raise_if_not_found=False):
            return True
        agent = self.env.ref("cnas_base.user_agent")
        Assure = self.env["cnas.assure"].with_user(agent)
        tirage = random.Random(GRAINE)
        districts = {d.name: d.id for d in self.env["cnas.district"].search([("name", "in", list(LIEUX))])}
        self._demo_connus(Assure, districts)
        familles = []
        while sum(1 + len(membres) for _chef, membres in familles) < NOMBRE - 12:
            familles.append(self._demo_famille(tirage, districts))
        self._demo_creer(Assure, familles)
        self._demo_vies(Assure, tirage)
        self._demo_doublons(Assure, tirage)
        self._demo_corrections(Assure)
        return True

    # ------------------------------------------------------------------ identités
    def _demo_connus(self, Assure, districts):
        """Crée les deux assurés aux matricules connus, avec une épouse et un enfant."""
        commun = {"genre": "masculin", "statut_matrimonial": "marie", "telephone_1": "66123456"}
        chefs = Assure._creer([
            {**commun, "matricule": CONNUS["assure_demo_amed"], "nom": "Mahamat", "prenom": "Saleh Abakar",
             "date_naissance": "1984-05-12", "regime_id": self.env.ref("cnas_base.regime_amed").id,
             "district_id": districts["Abéché"], "localite": "Kamina", "date_affiliation": "2025-01-01",
             "decision_amed": "AMED-ABE-2024-118", "nom_pere": "Saleh Abakar", "nom_mere": "Fatimé Adoum",
             "nni": "TD19840512017", "photo": self._demo_portrait(1, "masculin")},
            {**commun, "matricule": CONNUS["assure_demo_ass"], "nom": "Idriss", "prenom": "Ousmane",
             "date_naissance": "1979-11-03", "regime_id": self.env.ref("cnas_base.regime_ass").id,
             "district_id": districts["N'Djamena Centre"], "localite": "Moursal", "date_affiliation": "2025-01-01",
             "telephone_1": "99876543", "nom_pere": "Ousmane Issa", "nom_mere": "Zara Hassan",
             "photo": self._demo_portrait(2, "masculin")},
        ])
        membres = Assure.create([
            {"nom": "Adam", "prenom": "Haoua", "genre": "feminin", "date_naissance": "1989-02-20", "lien": "conjoint",
             "assure_principal_id": chefs[0].id, "statut_matrimonial": "marie", "nom_mere": "Amina Youssouf",
             "photo": self._demo_portrait(3, "feminin")},
            {"nom": "Mahamat", "prenom": "Abakar", "genre": "masculin", "date_naissance": "2021-09-08", "lien": "enfant",
             "assure_principal_id": chefs[0].id, "nom_pere": "Mahamat Saleh Abakar", "nom_mere": "Adam Haoua"},
            {"nom": "Idriss", "prenom": "Mariam", "genre": "feminin", "date_naissance": "2012-04-17", "lien": "enfant",
             "assure_principal_id": chefs[1].id, "nom_pere": "Idriss Ousmane", "nom_mere": "Kaltouma Ali"},
        ])
        (chefs | membres).action_immatriculer()
        self.env["ir.model.data"]._update_xmlids([
            {"xml_id": f"cnas_assures.{nom}", "record": assure.sudo(), "noupdate": True}
            for nom, assure in zip(CONNUS, chefs)])

    def _demo_famille(self, tirage, districts):
        """Tire un ménage : le chef, puis ses membres avec leur lien."""
        regime = tirage.choices(("amed", "ass", "asi"), (68, 20, 12))[0]
        lieu = tirage.choice(["Abéché", "Abéché", "Bongor", "Danamadji"]) if regime == "amed" else tirage.choice(
            ["N'Djamena Centre", "N'Djamena Centre", "Abéché", "Bongor"])
        noms, hommes, femmes, quartiers = LIEUX[lieu]
        affiliation = tirage.choice(["2025-01-01"] * 6 + ["2025-03-01"] * 2 + ["2026-01-01"] * 2)
        if regime == "asi":
            affiliation = tirage.choice(["2025-01-01", "2025-06-01", "2026-01-01", "2026-10-01"])
        commun = {
            "regime_id": self.env.ref(f"cnas_base.regime_{regime}").id, "district_id": districts[lieu],
            "localite": tirage.choice(quartiers), "date_affiliation": affiliation,
        }
        if regime == "amed":
            commun["decision_amed"] = f"AMED-{lieu[:3].upper().replace('É', 'E')}-2024-{tirage.randrange(100, 400)}"

        def personne(genre, ages, nom=None, **plus):
            naissance = date(2026, 11, 1) - timedelta(days=tirage.randrange(ages[0] * 365 + 5, ages[1] * 365))
            estimee = ages[0] >= 18 and tirage.random() < 0.3
            return {
                **commun, "nom": nom or tirage.choice(noms), "genre": genre,
                "prenom": tirage.choice(hommes if genre == "masculin" else femmes),
                "date_naissance": date(naissance.year, 7, 1) if estimee else naissance,
                "date_naissance_estimee": estimee, "nom_mere": f"{tirage.choice(femmes)} {tirage.choice(noms)}", **plus}

        chef_femme = tirage.random() < 0.25
        chef = personne("feminin" if chef_femme else "masculin", (24, 68),
                        telephone_1=f"{tirage.choice(['66', '63', '99', '95'])}{tirage.randrange(100000, 999999)}",
                        statut_matrimonial="veuf" if chef_femme else "marie", filiation="legitime")
        membres = [personne("feminin", (20, 50), lien="conjoint", statut_matrimonial="marie")
                   for _i in range(0 if chef_femme else tirage.choice((1, 1, 1, 2)))]
        mere = membres[0] if membres else chef
        membres += [
            personne(tirage.choice(("masculin", "feminin")), (0, 17), nom=chef["nom"], lien="enfant",
                     filiation="legitime", nom_pere=f"{chef['nom']} {chef['prenom']}",
                     nom_mere=f"{mere['nom']} {mere['prenom']}") for _i in range(tirage.randrange(0, 4))]
        if tirage.random() < 0.08:
            membres.append(personne("feminin", (58, 80), lien="ascendant", statut_matrimonial="veuf"))
        return chef, membres

    def _demo_creer(self, Assure, familles):
        """Crée les ménages : les chefs puis les membres, puis immatricule ; les derniers restent en brouillon."""
        for rang, (chef, _membres) in enumerate(familles):
            if rang % 2:
                chef["photo"] = self._demo_portrait(rang, chef["genre"])
        chefs = Assure.create([chef for chef, _membres in familles])
        membres = Assure.create([
            {**membre, "assure_principal_id": chef.id, "type_assure": "ayant_droit"}
            for chef, (_valeurs, membres) in zip(chefs, familles) for membre in membres])
        brouillons = chefs[-4:]
        a_immatriculer = (chefs - brouillons) | membres.filtered(lambda a: a.assure_principal_id not in brouillons)
        a_immatriculer.action_immatriculer()
        for jour in set(a_immatriculer.mapped("date_affiliation")):
            a_immatriculer.filtered(lambda a, j=jour: a.date_affiliation == j)._ecrire(
                {"date_immatriculation": jour})

    def _demo_portrait(self, rang, genre):
        """Dessine un portrait simple, pour que cartes et vignettes ne soient pas vides."""
        tirage = random.Random(rang)
        peau = tirage.choice(["#6b4423", "#5a3820", "#7b4f2c", "#4a2f1b"])
        habit = tirage.choice(["#0b7a4b", "#1f4e8c", "#b5521b", "#7a2e5d", "#c79a1e", "#e8e4da"])
        image = Image.new("RGB", (240, 300), tirage.choice(["#dfe9ef", "#efe9df", "#e3efe6"]))
        dessin = ImageDraw.Draw(image)
        dessin.ellipse((20, 215, 220, 420), fill=habit)
        if genre == "feminin":
            dessin.ellipse((52, 38, 188, 245), fill=habit)
        dessin.rectangle((100, 175, 140, 230), fill=peau)
        dessin.ellipse((72, 62, 168, 200), fill=peau)
        if genre == "masculin":
            dessin.chord((66, 46, 174, 160), 182, 358, fill="#f4f1ea" if rang % 3 else "#26201c")
        for x in (98, 132):
            dessin.ellipse((x, 122, x + 10, 132), fill="#1d1410")
        dessin.arc((104, 150, 136, 174), 20, 160, fill="#2b1a12", width=3)
        tampon = io.BytesIO()
        image.save(tampon, "JPEG", quality=80)
        return base64.b64encode(tampon.getvalue())

    # ------------------------------------------------------------------ ce qui leur arrive
    def _demo_vies(self, Assure, tirage):
        """Suspend, radie, déclare des décès, change de régime, prolonge des étudiants."""
        superviseur = self.env.ref("cnas_base.user_superviseur")
        connus = [self.env.ref(f"cnas_assures.{nom}").id for nom in CONNUS]
        actifs = Assure.search([("state", "=", "actif"), ("type_assure", "=", "principal"), ("id", "not in", connus)])
        choisis = actifs.browse(tirage.sample(actifs.ids, 14)).with_user(superviseur)
        choisis[:3].action_suspendre("Cotisations impayées depuis trois mois")
        choisis[3].action_suspendre("Carte prêtée à un tiers")
        choisis[4].action_suspendre("Dossier en vérification")
        choisis[4].action_reactiver()
        choisis[5].action_radier("Double inscription constatée", "2026-04-01")
        choisis[6].action_radier("Fausse déclaration de ressources", "2026-08-15")
        choisis[7].action_declarer_deces("2026-02-11")
        choisis[8].action_declarer_deces("2026-09-03")
        veuve = choisis[8].ayant_droit_ids.filtered(lambda a: a.lien == "conjoint")[:1]
        if veuve:
            choisis[8].action_changer_principal(veuve.id, "Veuvage", "2026-09-20")
        independants = Assure.search([
            ("regime_id.code", "=", "ASI"), ("state", "=", "actif"), ("type_assure", "=", "principal"),
            ("date_affiliation", "<", "2026-01-01")], limit=2)
        for assure in independants:
            assure.action_changer_regime(self.env.ref("cnas_base.regime_ass").id, "Embauche", "2026-05-01")
        etudiants = Assure.search([("lien", "=", "enfant"), ("age", ">=", 16), ("state", "=", "actif")], limit=4)
        self.env["cnas.prolongation_age"].create([
            {"assure_id": assure.id, "nature": "scolarite", "reference": "Certificat de scolarité 2026-2027",
             "date_debut": "2026-10-01", "date_fin": "2027-06-30"} for assure in etudiants])

    def _demo_doublons(self, Assure, tirage):
        """Crée des brouillons qui ressemblent à des assurés connus, puis remplit la file d'examen."""
        connus = Assure.search([("state", "=", "actif"), ("nom", "in", list(GRAPHIES))], order="id")
        copies = Assure.create([{
            "nom": GRAPHIES[assure.nom], "prenom": GRAPHIES.get(assure.prenom, assure.prenom), "genre": assure.genre,
            "date_naissance": assure.date_naissance if rang % 2 else date(assure.date_naissance.year, 7, 1),
            "date_naissance_estimee": not rang % 2, "regime_id": assure.regime_id.id,
            "district_id": assure.district_id.id, "nom_mere": assure.nom_mere, "telephone_1": assure.telephone_1,
        } for rang, assure in enumerate(connus[:6])])
        copies.sudo()._detecter_doublons()

    def _demo_corrections(self, Assure):
        """Deux demandes de correction attendent, une est validée."""
        superviseur = self.env.ref("cnas_base.user_superviseur")
        actifs = Assure.search([("state", "=", "actif"), ("type_assure", "=", "principal")], order="id desc", limit=3)
        demandes = self.env["cnas.correction_identite"].with_user(Assure.env.user).create([
            {"assure_id": actifs[0].id, "motif": "Jugement supplétif", "date_naissance": "1983-08-14",
             "date_naissance_estimee": "non"},
            {"assure_id": actifs[1].id, "motif": "Orthographe de la carte d'identité", "prenom": f"{actifs[1].prenom} Abakar"},
            {"assure_id": actifs[2].id, "motif": "Mère mal transcrite", "nom_mere": "Achta Mahamat"},
        ])
        demandes.action_soumettre()
        demandes[2].with_user(superviseur).action_valider()
