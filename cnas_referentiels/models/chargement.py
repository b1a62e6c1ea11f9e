import csv
import datetime

from odoo import api, models
from odoo.tools import file_open

from odoo.addons.cnas_base.garde import sans_suivi

from .constantes import AGE_SANS_LIMITE

MODULE = "cnas_referentiels"
NIVEAU = {"CS": 1, "HD": 2, "HP": 3, "HN": 4}
SEXE = {"M": "masculin", "F": "feminin", "": False}
ANNEES = (2025, 2026, 2027)
DEBUT = datetime.date(2025, 1, 1)
# Quantité maximum par feuille selon la forme ; les autres formes se délivrent au flacon ou au tube.
QUANTITE_PAR_FORME = (
    (("comprimé", "gélule", "capsule"), 180),
    (("perfusion",), 20),
    (("inject", "ampoule", "seringue"), 30),
    (("sachet", "gaz"), 30),
)


class Chargement(models.AbstractModel):
    """Charge les référentiels livrés dans `data/` à l'installation. Ce que l'usager change ensuite n'est pas repris.

    Chaque enregistrement a un identifiant externe (`medicament_med0001`) : rejouer le chargement ne crée rien.
    """

    _name = "cnas.chargement"
    _description = "Chargement des référentiels livrés"

    @api.model
    def _charger(self):
        """Charge tout, dans l'ordre des dépendances ; appelée par `data/referentiels_data.xml`."""
        self = self.with_context(active_test=False)
        with sans_suivi():
            self._charger_specialites()
            self._charger_pathologies()
            self._charger_lettres_cles()
            self._charger_medicaments()
            self._charger_consommables()
            self._charger_actes()
            self._charger_examens()
            self._charger_tarifs()
            self._charger_prix_reference()
            self._charger_paniers()
            self._charger_regles_d_appui()

    @api.model
    def _lire(self, nom):
        with file_open(f"{MODULE}/data/{nom}.csv", "r") as fichier:
            return list(csv.DictReader(fichier))

    @api.model
    def _creer(self, modele, donnees):
        """Crée ce qui manque. :param donnees: {identifiant externe sans module: valeurs}"""
        connus = set(self.env["ir.model.data"].search(
            [("module", "=", MODULE), ("model", "=", modele)]).mapped("name"))
        manquants = [{"xml_id": f"{MODULE}.{nom}", "values": valeurs, "noupdate": True}
                     for nom, valeurs in donnees.items() if nom not in connus]
        self.env[modele]._load_records(manquants)

    @api.model
    def _identifiants(self, modele, champ="code"):
        """Rend {code: id} de tout le modèle."""
        return {e[champ]: e.id for e in self.env[modele].search_fetch([], [champ])}

    # Référentiels cliniques

    @api.model
    def _charger_specialites(self):
        self._creer("cnas.specialite", {
            f"specialite_{ligne['code'].lower()}": {"code": ligne["code"], "name": ligne["libelle"]}
            for ligne in self._lire("reference/specialites")})

    @api.model
    def _charger_categories(self, modele, prefixe, noms):
        """Crée les catégories citées, dans l'ordre où elles paraissent, et rend {nom: id}."""
        uniques = list(dict.fromkeys(noms))
        self._creer(modele, {f"{prefixe}_{rang:02d}": {"name": nom} for rang, nom in enumerate(uniques, 1)})
        return self._identifiants(modele, "name")

    @api.model
    def _charger_pathologies(self):
        lignes = self._lire("reference/pathologies")
        categories = self._charger_categories(
            "cnas.categorie_pathologie", "categorie_pathologie", [ligne["categorie"] for ligne in lignes])
        self._noter_plages(lignes, categories)
        self._creer("cnas.pathologie", {
            f"pathologie_{ligne['code_cim10'].lower().replace('.', '_')}": {
                "code": ligne["code_cim10"], "name": ligne["libelle"],
                "categorie_id": categories[ligne["categorie"]],
                "sexe": SEXE[ligne["sexe"]], "ald": ligne["chronique"] == "1",
                "age_min": int(ligne["age_min_ans"] or 0), "age_max": int(ligne["age_max_ans"] or AGE_SANS_LIMITE),
                "maternite": ligne["code_cim10"].startswith(("O", "Z34", "Z35", "Z39")),
            } for ligne in lignes})

    @api.model
    def _noter_plages(self, lignes, categories):
        """Note sur chaque catégorie le chapitre de la CIM-10 où tombe sa première pathologie : l'import s'y fie."""
        chapitres = [ligne["plage"] for ligne in self._lire("reference/cim10_chapitres")]
        for ligne in reversed(lignes):
            categorie = self.env["cnas.categorie_pathologie"].browse(categories[ligne["categorie"]])
            categorie.plage = next(
                (plage for plage in chapitres if plage[:3] <= ligne["code_cim10"][:3] <= plage[4:]), False)

    @api.model
    def _charger_lettres_cles(self):
        lignes = self._lire("lettres_cles")
        self._creer("cnas.lettre_cle", {
            f"lettre_cle_{ligne['code'].lower()}": {"code": ligne["code"], "name": ligne["libelle"]}
            for ligne in lignes})
        lettres = self._identifiants("cnas.lettre_cle")
        self._creer("cnas.config_lettre_cle", {
            f"config_lettre_cle_{ligne['code'].lower()}_{annee}": {"lettre_cle_id": lettres[ligne["code"]], **periode}
            for ligne in lignes for annee, periode in self._periodes(ligne).items()})

    # Prestations

    @api.model
    def _charger_medicaments(self):
        lignes = self._lire("reference/medicaments_dci")
        categories = self._charger_categories(
            "cnas.categorie_medicament", "categorie_medicament", [ligne["categorie"] for ligne in lignes])
        self._creer("cnas.medicament", {
            f"medicament_{ligne['code'].lower()}": {
                "code": ligne["code"], "name": f"{ligne['dci']} {ligne['dosage']}, {ligne['forme']}",
                "dci": ligne["dci"], "forme": ligne["forme"], "dosage": ligne["dosage"], "generique": True,
                "code_atc": ligne["atc"], "categorie_id": categories[ligne["categorie"]],
                "niveau_min": NIVEAU[ligne["niveau_min"]], "quantite_max": self._quantite_max(ligne["forme"]),
            } for ligne in lignes})

    @api.model
    def _quantite_max(self, forme):
        return next((quantite for mots, quantite in QUANTITE_PAR_FORME if any(mot in forme for mot in mots)), 6)

    @api.model
    def _charger_consommables(self):
        self._creer("cnas.consommable", {
            f"consommable_{ligne['code'].lower()}": {
                "code": ligne["code"], "name": ligne["libelle"], "unite": ligne["unite"],
                "famille": ligne["famille"], "quantite_max": 50,
            } for ligne in self._lire("reference/consommables")})

    @api.model
    def _charger_actes(self):
        specialites, lettres = self._identifiants("cnas.specialite"), self._identifiants("cnas.lettre_cle")
        complements = {ligne["code"]: ligne for ligne in self._lire("actes_complements")}
        donnees = {}
        for ligne in self._lire("reference/actes_nomenclature"):
            complement = complements[ligne["code"]]
            age_min, _tiret, age_max = ligne["ages"].partition("-")
            donnees[f"acte_{ligne['code'].lower()}"] = {
                "code": ligne["code"], "name": ligne["libelle"], "famille": ligne["specialite"],
                "lettre_cle_id": lettres[ligne["lettre_cle"]], "coefficient": ligne["coefficient"].replace(",", "."),
                "niveau_min": NIVEAU[ligne["niveau_min"]], "sexe": SEXE[ligne["sexe"]],
                "age_min": int(age_min or 0), "age_max": int(age_max or AGE_SANS_LIMITE),
                "entente_prealable": ligne["entente_prealable"] == "1",
                "mode_tarif": complement["mode_tarif"], "categorie": complement["categorie"],
                "specialite_id": specialites.get(complement["specialite"], False),
                "type_soins": complement["type_soins"], "acte_technique": complement["acte_technique"] == "1",
                "unique_vie": complement["unique_vie"] == "1", "quantite_max": int(complement["quantite_max"]),
                "frequence_min_jours": int(complement["frequence_min_jours"]),
            }
        self._creer("cnas.acte", donnees)

    @api.model
    def _charger_examens(self):
        lettres = self._identifiants("cnas.lettre_cle")
        complements = {ligne.pop("code"): ligne for ligne in self._lire("examens_complements")}
        forfaits = {ligne["code"] for ligne in self._lire("tarifs")}
        donnees = {}
        for ligne in self._lire("reference/examens"):
            complement = complements.get(ligne["code"], {})
            donnees[f"examen_{ligne['code'].lower()}"] = {
                "code": ligne["code"], "name": ligne["libelle"], "famille": ligne["famille"],
                "prelevement": ligne["prelevement"], "lettre_cle_id": lettres[ligne["lettre_cle"]],
                "coefficient": ligne["coefficient"].replace(",", "."),
                "mode_tarif": "forfait" if ligne["code"] in forfaits else "cotation",
                "niveau_min": NIVEAU[ligne["niveau_min"]], "quantite_max": 2, "sexe": complement.get("sexe") or False,
                "age_min": int(complement.get("age_min", 0)),
                "age_max": int(complement.get("age_max", AGE_SANS_LIMITE)),
                "frequence_min_jours": int(complement.get("frequence_min_jours", 0)),
                "entente_prealable": complement.get("entente_prealable") == "1",
            }
        self._creer("cnas.examen", donnees)

    # Tarifs

    @api.model
    def _periodes(self, ligne):
        """Rend {année: {montant, date_debut, date_fin}} ; la dernière année est sans fin."""
        return {
            annee: {
                "montant": int(ligne[str(annee)]), "date_debut": datetime.date(annee, 1, 1),
                "date_fin": datetime.date(annee, 12, 31) if annee != ANNEES[-1] else False,
            } for annee in ANNEES}

    @api.model
    def _charger_tarifs(self):
        for nom, prefixe in (("medicament", "MED"), ("consommable", "CON"), ("acte", "ACT"), ("examen", "EXA")):
            fiches = self._identifiants(f"cnas.{nom}")
            self._creer(f"cnas.config_{nom}", {
                f"config_{ligne['code'].lower()}_{ligne['niveau'] or 'tous'}_{annee}": {
                    f"{nom}_id": fiches[ligne["code"]], "niveau": int(ligne["niveau"] or 0), **periode}
                for ligne in self._lire("tarifs") if ligne["code"].startswith(prefixe)
                for annee, periode in self._periodes(ligne).items()})

    @api.model
    def _charger_prix_reference(self):
        """Le prix de référence d'un groupe générique est le tarif, tous niveaux, de sa DCI."""
        tarifs = {ligne["code"]: ligne for ligne in self._lire("tarifs") if not ligne["niveau"]}
        self._creer("cnas.prix_reference", {
            f"prix_reference_{ligne['code'].lower()}_{annee}": {
                "dci": ligne["dci"], "dosage": ligne["dosage"], "forme": ligne["forme"], **periode}
            for ligne in self._lire("reference/medicaments_dci")
            for annee, periode in self._periodes(tarifs[ligne["code"]]).items()})

    # Panier et règles d'appui

    @api.model
    def _charger_paniers(self):
        regimes, prestations = self._identifiants("cnas.regime"), self._identifiants("cnas.prestation")
        self._creer("cnas.panier_soin", {
            "_".join(["panier", *(v.lower() or "tout" for v in ligne.values())]): {
                "regime_id": regimes[ligne["regime"]], "date_debut": DEBUT,
                "prestation_id": prestations[ligne["prestation"]] if ligne["prestation"] else False,
                "type_prestation": ligne["type_prestation"] or False, "categorie": ligne["categorie"] or False,
            } for ligne in self._lire("paniers")})

    @api.model
    def _charger_regles_d_appui(self):
        prestations, pathologies = self._identifiants("cnas.prestation"), self._identifiants("cnas.pathologie")
        prestations[""] = pathologies[""] = False
        self._creer("cnas.incompatibilite", {
            f"incompatibilite_{ligne['prestation_1']}_{ligne['prestation_2']}".lower(): {
                "prestation_1_id": prestations[ligne["prestation_1"]], "motif": ligne["motif"],
                "prestation_2_id": prestations[ligne["prestation_2"]], "date_debut": DEBUT,
            } for ligne in self._lire("incompatibilites")})
        self._creer("cnas.forfait_inclusion", {
            f"forfait_inclusion_{ligne['forfait']}_{ligne['prestation']}".lower(): {
                "forfait_id": prestations[ligne["forfait"]], "prestation_id": prestations[ligne["prestation"]],
                "date_debut": DEBUT,
            } for ligne in self._lire("forfaits")})
        self._creer("cnas.indication", {
            f"indication_{ligne['prestation']}_{ligne['pathologie'].replace('.', '_')}".lower(): {
                "prestation_id": prestations[ligne["prestation"]], "pathologie_id": pathologies[ligne["pathologie"]],
            } for ligne in self._lire("indications")})
        self._creer("cnas.contre_indication", {
            f"contre_indication_{ligne['prestation']}".lower(): {
                "prestation_id": prestations[ligne["prestation"]], "grossesse": ligne["grossesse"] == "1",
                "age_min": int(ligne["age_min"]), "age_max": int(ligne["age_max"]),
                "pathologie_id": pathologies[ligne["pathologie"]], "motif": ligne["motif"],
            } for ligne in self._lire("contre_indications")})
        self._creer("cnas.gratuite", {
            f"gratuite_{rang:02d}": {
                "name": ligne["programme"], "prestation_id": prestations[ligne["prestation"]],
                "pathologie_id": pathologies[ligne["pathologie"]], "date_debut": DEBUT,
                "age_min": int(ligne["age_min"]), "age_max": int(ligne["age_max"]),
            } for rang, ligne in enumerate(self._lire("gratuites"), 1)})
