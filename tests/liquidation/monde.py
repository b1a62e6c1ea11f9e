"""Le petit monde du second calcul : décrit une fois en données nues, posé en base par `poser`.

Le calcul naïf ne lit que ces données ; le moteur ne lit que la base. Tout est choisi pour être près
d'une borne : dates de tarif, d'ouverture de droits, d'âge, de convention, plafonds vite atteints.
"""
from datetime import date, timedelta

J = date(2026, 3, 12)


def jour(decalage):
    """Le jour de base, décalé."""
    return J + timedelta(days=decalage)


JOURS = [jour(d) for d in (-430, -377, -376, -365, -90, -31, -30, -29, -15, -12, -11, -7, -2, -1, 0, 1, 2, 3, 7, 14, 29, 30, 31, 45, 90, 200)]

REGIMES = {
    "NA": {"numero": 8, "carence_mois": 0},
    "NB": {"numero": 9, "carence_mois": 3},
}
# (régime, type, nature, taux, début, fin)
TAUX = [
    ("NA", None, None, 80, date(2020, 1, 1), None),
    ("NA", "medicament", None, 70, date(2020, 1, 1), jour(0)),
    ("NA", "medicament", None, "66.67", jour(1), None),
    ("NA", None, "ald", 90, jour(-30), None),
    ("NA", "medicament", "ald", 95, jour(-7), None),
    ("NA", None, "enfant", 100, date(2020, 1, 1), jour(7)),
    ("NB", None, None, "33.33", date(2020, 1, 1), jour(30)),
    ("NB", "acte", "maternite", 100, date(2020, 1, 1), None),
]
# (régime, portée, type de soins, catégorie, montant, nombre, franchise, début, fin), révisés pour certains
PLAFONDS = [
    ("NA", "beneficiaire", "tous", None, 30_000, 0, 0, date(2020, 1, 1), jour(29)),
    ("NA", "beneficiaire", "tous", None, 36_000, 0, 0, jour(30), None),
    ("NA", "famille", "tous", None, 55_000, 0, 0, date(2020, 1, 1), None),
    ("NA", "feuille", "tous", "medicament", 4_000, 0, 0, date(2020, 1, 1), None),
    ("NA", "beneficiaire", "ambulatoire", "visite", 0, 3, 0, date(2020, 1, 1), jour(0)),
    ("NA", "beneficiaire", "ambulatoire", "visite", 0, 4, 0, jour(1), None),
    ("NA", "famille", "hospitalisation", None, 20_000, 0, 1_500, jour(-30), jour(30)),
    ("NB", "beneficiaire", "tous", None, 9_000, 0, 500, date(2020, 1, 1), jour(-1)),
    ("NB", "beneficiaire", "tous", None, 9_500, 0, 1_200, jour(0), None),
    ("NB", "feuille", "tous", None, 2_000, 4, 0, date(2020, 1, 1), None),
    ("NB", "famille", "tous", "chirurgie", 0, 2, 0, date(2020, 1, 1), None),
]
# Majoration des plafonds de famille d'un régime : (par membre au-delà de, montant, au plus)
MAJORATIONS = {("NA", "tous"): (2, 1_000, 0), ("NA", "hospitalisation"): (1, 700, 1_000)}
ADULTE = 18
# code: type, catégorie, tarifs [(montant, niveau, début, fin)] et contraintes
PRESTATIONS = {
    "P01": {"type": "acte", "categorie": "consultation", "tarifs": [
        (1500, None, date(2020, 1, 1), jour(0)), (1700, None, jour(1), None), (2500, 4, jour(-30), jour(30))]},
    "P02": {"type": "acte", "categorie": "visite", "tarifs": [(3001, None, date(2020, 1, 1), None)], "niveau_min": 2},
    "P03": {"type": "medicament", "categorie": "medicament", "tarifs": [(333, None, date(2020, 1, 1), None)],
            "quantite_max": 7, "dci": "une", "dosage": "1 g", "forme": "cp"},
    "P04": {"type": "medicament", "categorie": "medicament", "tarifs": [(1001, None, date(2020, 1, 1), None)],
            "dci": "deux", "dosage": "2 g", "forme": "cp", "remboursable": False},
    "P05": {"type": "medicament", "categorie": "medicament", "tarifs": [(750, None, date(2020, 1, 1), None)],
            "dci": "trois", "dosage": "3 g", "forme": "cp"},
    "P06": {"type": "acte", "categorie": "chirurgie", "cotation": ("NK", "12.5"), "technique": True},
    "P07": {"type": "acte", "categorie": "chirurgie", "cotation": ("NK", "30"), "technique": True},
    "P08": {"type": "acte", "categorie": "chirurgie", "cotation": ("NK", "30"), "technique": True, "unique_vie": True},
    "P09": {"type": "examen", "categorie": "examen", "tarifs": [(2222, None, date(2020, 1, 1), None)],
            "frequence_min_jours": 30, "hors_plafond_enfant": "toujours"},
    "P10": {"type": "acte", "categorie": "autre", "tarifs": [(5000, None, date(2020, 1, 1), None)], "entente": True},
    "P11": {"type": "acte", "categorie": "cpn", "tarifs": [(1200, None, date(2020, 1, 1), None)], "sexe": "feminin",
            "age_min": 10, "age_max": 55},
    "P12": {"type": "acte", "categorie": "autre", "tarifs": [(800, None, jour(-7), jour(14))]},
    "P13": {"type": "acte", "categorie": "accouchement", "tarifs": [(15000, None, date(2020, 1, 1), None)]},
    "P14": {"type": "consommable", "categorie": "autre", "tarifs": [(450, None, date(2020, 1, 1), None)],
            "hors_plafond_adulte": "hospitalisation"},
    "P15": {"type": "acte", "categorie": "autre", "tarifs": [(640, None, date(2020, 1, 1), None)], "active": False},
    "P16": {"type": "acte", "categorie": "hospitalisation", "tarifs": [(4000, None, date(2020, 1, 1), None)],
            "type_soins": "hospitalisation"},
    "P18": {"type": "acte", "categorie": "hospitalisation", "tarifs": [(1500, None, date(2020, 1, 1), None)]},
    "P19": {"type": "acte", "categorie": "autre", "tarifs": [(700, None, date(2020, 1, 1), None)], "active": False,
            "date_retrait": jour(2)},
    "P17": {"type": "acte", "categorie": "autre", "tarifs": [(290000, None, date(2020, 1, 1), None)], "niveau_min": 4},
}
LETTRES = {"NK": [(101, date(2020, 1, 1), jour(-1)), (107, jour(0), None)]}
# forfait, incluse, début, fin
FORFAITS = [("P13", "P14", date(2020, 1, 1), jour(7))]
INCOMPATIBLES = [("P01", "P02", jour(-30), jour(30)), ("P12", "P09", date(2020, 1, 1), None)]
PRIX_REFERENCE = [("trois", "3 g", "cp", 500, jour(-30), jour(3))]
# régime → [(prestation, type, catégorie, début, fin)]
PANIERS = {
    "NA": [(None, None, None, date(2020, 1, 1), None)],
    "NB": [(None, "acte", None, date(2020, 1, 1), None), (None, "medicament", None, jour(-30), None),
           ("P09", None, None, date(2020, 1, 1), jour(14))],
}
# nom: niveau, convention (début, fin), suspension (début, fin)
FORMATIONS = {
    "F1": {"niveau": 1, "convention": (date(2020, 1, 1), None)},
    "F2": {"niveau": 2, "convention": (date(2020, 1, 1), None)},
    "F4": {"niveau": 4, "convention": (date(2020, 1, 1), None)},
    "F5": {"niveau": 2, "convention": (jour(-30), jour(30))},
    "F6": {"niveau": 2, "convention": (date(2020, 1, 1), None), "suspension": (jour(-2), jour(2))},
}
# nom: régime, sexe, naissance, droits (périodes), affiliation, principal ; « liens » : les principaux successifs
ASSURES = {
    "A1": {"regime": "NA", "genre": "masculin", "naissance": date(1980, 3, 12), "droits": (date(2024, 3, 12), None)},
    "A2": {"regime": "NA", "genre": "feminin", "naissance": date(1986, 3, 13), "principal": "A1", "lien": "conjoint"},
    "A3": {"regime": "NA", "genre": "feminin", "naissance": date(2016, 3, 12), "principal": "A1", "lien": "enfant"},
    "A4": {"regime": "NA", "genre": "masculin", "naissance": date(2023, 3, 12), "principal": "A1", "lien": "enfant"},
    "B1": {"regime": "NB", "genre": "feminin", "naissance": date(1970, 3, 13), "droits": (date(2020, 1, 1), None),
           "affiliation": date(2025, 12, 13)},
    "B2": {"regime": "NB", "genre": "masculin", "naissance": date(2010, 6, 1), "principal": "B1", "lien": "enfant"},
    "C1": {"regime": "NA", "genre": "masculin", "naissance": date(1950, 1, 1), "droits": (jour(-7), jour(7))},
    "D1": {"regime": "NB", "genre": "feminin", "naissance": date(2000, 2, 29), "droits": (date(2025, 2, 28), None),
           "affiliation": date(2025, 2, 28)},
    # ouverte un 29 février, suspendue deux fois : un trou d'un jour, puis une semaine
    "E1": {"regime": "NA", "genre": "feminin", "naissance": date(1992, 2, 29),
           "droits": [(date(2024, 2, 29), jour(-31)), (jour(-29), jour(-8)), (jour(1), None)]},
    # passé d'une famille à l'autre
    "A5": {"regime": "NA", "genre": "masculin", "naissance": date(2021, 2, 28), "liens": [
        ("A1", "enfant", date(2020, 1, 1), jour(-2)), ("E1", "enfant", jour(-1), None)]},
}
# Les mères dont le nouveau-né se soigne sous leur numéro, et jusqu'à quel âge (mois)
MERES, AGE_NOUVEAU_NE = ("A2", "E1", "B1"), 3


def liens(nom):
    """[(principal, lien, début, fin)] d'une personne."""
    a = ASSURES[nom]
    return a.get("liens") or ([(a["principal"], a["lien"], date(2020, 1, 1), None)] if "principal" in a else [])


def periodes(nom):
    """[(début, fin)] des droits propres d'une personne."""
    droits = ASSURES[nom].get("droits", [])
    return droits if isinstance(droits, list) else [droits]


PATHOLOGIES = {
    "ordinaire": {},
    "ald": {"ald": True},
    "maternite": {"maternite": True, "sexe": "feminin", "age_min": 10, "age_max": 55},
}
# assuré, prestation, formation, quantité, montant, début, fin
ENTENTES = [
    ("A1", "P10", "F2", 3, 0, jour(-15), jour(14)),
    ("A2", "P10", "F2", 0, 7_000, jour(-30), jour(30)),
    ("B1", "P10", "F4", 2, 9_000, jour(-7), jour(7)),
]
SEUIL_MEDICAL = 300_000
TYPES = {1: "centre_sante", 2: "hopital_district", 3: "hopital_provincial", 4: "hopital_reference"}


def poser(env):
    """Crée le monde en base par l'ORM, ou le retrouve s'il y est déjà.

    :return: {table: {nom: identifiant}}
    """
    if env["cnas.regime"].search([("code", "=", "NA")]):
        return _retrouver(env)
    ids = {}
    ids["regime"] = {code: env["cnas.regime"].create({"code": code, "name": f"Régime {code}", **valeurs}).id
                     for code, valeurs in REGIMES.items()}
    for regime, genre, nature, taux, debut, fin in TAUX:
        env["cnas.taux"].create({
            "regime_id": ids["regime"][regime], "type_prestation": genre, "nature": nature, "taux": float(taux),
            "date_debut": debut, "date_fin": fin})
    for regime, portee, soins, categorie, montant, nombre, franchise, debut, fin in PLAFONDS:
        seuil, par_membre, au_plus = MAJORATIONS.get((regime, soins), (0, 0, 0)) if portee == "famille" else (0, 0, 0)
        env["cnas.plafond"].create({
            "seuil_membres": seuil, "majoration_membre": par_membre, "majoration_max": au_plus,
            "regime_id": ids["regime"][regime], "portee": portee, "type_soins": soins, "categorie": categorie,
            "montant_max": montant, "nombre_max": nombre, "franchise": franchise, "date_debut": debut, "date_fin": fin})
    _poser_prestations(env, ids)
    _poser_personnes(env, ids)
    regle = env["cnas.regle_controle"].search([("code", "=", "PLF-03")])
    regle._dater_parametre("seuil", str(SEUIL_MEDICAL), date(1970, 1, 1))
    env.flush_all()
    return ids


def _retrouver(env):
    def par(modele, champ, prefixe=""):
        trouves = env[modele].with_context(active_test=False).search([(champ, "=like", f"{prefixe}%")])
        return {objet[champ].removeprefix(prefixe): objet.id for objet in trouves}
    return {
        "regime": {code: ident for code, ident in par("cnas.regime", "code").items() if code in REGIMES},
        "prestation": par("cnas.prestation", "code", "NAIF-"), "formation": par("cnas.formation_sanitaire", "code", "NAIF-"),
        "assure": {a.prenom: a.id for a in env["cnas.assure"].search([("nom", "=", "NAIF")])},
        "pathologie": par("cnas.pathologie", "name", "Pathologie "),
        "entente": env["cnas.entente_prealable"].search([("numero", "=like", "NAIF-%")], order="id").ids,
    }


def _poser_prestations(env, ids):
    lettres = {}
    for code, valeurs in LETTRES.items():
        lettres[code] = env["cnas.lettre_cle"].create({"code": code, "name": f"Lettre {code}"}).id
        for montant, debut, fin in valeurs:
            env["cnas.config_lettre_cle"].create({
                "lettre_cle_id": lettres[code], "montant": montant, "date_debut": debut, "date_fin": fin})
    ids["prestation"] = {}
    for code, p in PRESTATIONS.items():
        valeurs = {
            "code": f"NAIF-{code}", "name": f"Prestation {code}", "type_prestation": p["type"], "categorie": p["categorie"],
            "niveau_min": p.get("niveau_min", 1), "sexe": p.get("sexe"), "quantite_max": p.get("quantite_max", 0),
            "frequence_min_jours": p.get("frequence_min_jours", 0), "entente_prealable": p.get("entente", False),
            "unique_vie": p.get("unique_vie", False), "active": p.get("active", True), "date_retrait": p.get("date_retrait"),
            "remboursable": p.get("remboursable", True), "type_soins": p.get("type_soins", "tous"),
            "acte_technique": p.get("technique", False),
            **{nom: p.get(nom, "non") for nom in ("hors_plafond_enfant", "hors_plafond_adulte")}}
        if "age_min" in p:
            valeurs.update(age_min=p["age_min"], age_max=p["age_max"])
        if p["type"] == "medicament":
            valeurs.update(dci=p["dci"], dosage=p["dosage"], forme=p["forme"])
        if p["type"] in ("acte", "examen"):
            valeurs["mode_tarif"] = "cotation" if "cotation" in p else "forfait"
        if "cotation" in p:
            valeurs.update(lettre_cle_id=lettres[p["cotation"][0]], coefficient=float(p["cotation"][1]))
        objet = env[f"cnas.{p['type']}"].create(valeurs)
        ids["prestation"][code] = objet.prestation_id.id
        for montant, niveau, debut, fin in p.get("tarifs", ()):
            env[f"cnas.config_{p['type']}"].create({
                f"{p['type']}_id": objet.id, "montant": montant, "niveau": niveau or False, "date_debut": debut,
                "date_fin": fin})
    prestation = ids["prestation"]
    for forfait, incluse, debut, fin in FORFAITS:
        env["cnas.forfait_inclusion"].create({
            "forfait_id": prestation[forfait], "prestation_id": prestation[incluse], "date_debut": debut, "date_fin": fin})
    for une, autre, debut, fin in INCOMPATIBLES:
        env["cnas.incompatibilite"].create({
            "prestation_1_id": prestation[une], "prestation_2_id": prestation[autre], "date_debut": debut, "date_fin": fin})
    for dci, dosage, forme, montant, debut, fin in PRIX_REFERENCE:
        env["cnas.prix_reference"].create({
            "dci": dci, "dosage": dosage, "forme": forme, "montant": montant, "date_debut": debut, "date_fin": fin})
    for regime, lignes in PANIERS.items():
        for code, genre, categorie, debut, fin in lignes:
            env["cnas.panier_soin"].create({
                "regime_id": ids["regime"][regime], "prestation_id": code and prestation[code], "type_prestation": genre,
                "categorie": categorie, "date_debut": debut, "date_fin": fin})


def _poser_personnes(env, ids):
    district = env["cnas.district"].search([], limit=1)
    ids["formation"] = {}
    for nom, f in FORMATIONS.items():
        formation = env["cnas.formation_sanitaire"].create({
            "code": f"NAIF-{nom}", "name": f"Formation {nom}", "type_formation": TYPES[f["niveau"]],
            "district_id": district.id})
        formation._ecrire({"state": "active"})
        convention = env["cnas.convention"].create({
            "formation_id": formation.id, "date_debut": f["convention"][0], "date_fin": f["convention"][1]})
        convention._ecrire({"state": "active"})
        if "suspension" in f:
            env["cnas.suspension"]._creer([{
                "formation_id": formation.id, "convention_id": convention.id, "motif": "essai",
                "date_debut": f["suspension"][0], "date_fin": f["suspension"][1]}])
        ids["formation"][nom] = formation.id
    ids["assure"] = {}
    for nom, a in ASSURES.items():
        valeurs = {"nom": "NAIF", "prenom": nom, "genre": a["genre"], "date_naissance": a["naissance"],
                   "regime_id": ids["regime"][a["regime"]]}
        *passes, actuel = liens(nom) or [None]
        if actuel:
            valeurs.update(type_assure="ayant_droit", assure_principal_id=ids["assure"][actuel[0]], lien=actuel[1])
        assure = env["cnas.assure"].create(valeurs)
        droits = periodes(nom)
        affiliation = a.get("affiliation") or (droits[0][0] if droits else date(2020, 1, 1))
        assure._ecrire({"state": "actif", "date_affiliation": affiliation})
        assure.lien_ids._ecrire({"date_debut": actuel and actuel[2]})
        env["cnas.lien_familial"]._creer([{
            "membre_id": assure.id, "principal_id": ids["assure"][principal], "lien": lien, "date_debut": debut, "date_fin": fin}
            for principal, lien, debut, fin in passes])
        for debut, fin in droits:
            env["cnas.droit"].create({"assure_id": assure.id, "regime_id": ids["regime"][a["regime"]], "date_debut": debut,
                                      "date_fin": fin, "state": "ouvert"})
        ids["assure"][nom] = assure.id
    categorie = env["cnas.categorie_pathologie"].create({"name": "Essais du second calcul"})
    ids["pathologie"] = {
        nom: env["cnas.pathologie"].create({
            "code": f"U99.{rang}", "name": f"Pathologie {nom}", "categorie_id": categorie.id, **valeurs}).id
        for rang, (nom, valeurs) in enumerate(PATHOLOGIES.items())}
    ids["entente"] = []
    for assure, prestation, formation, quantite, montant, debut, fin in ENTENTES:
        ids["entente"].append(env["cnas.entente_prealable"]._creer([{
            "numero": f"NAIF-{len(ids['entente'])}", "assure_id": ids["assure"][assure], "state": "accordee",
            "prestation_id": ids["prestation"][prestation], "formation_id": ids["formation"][formation],
            "quantite_accordee": quantite, "montant_accorde": montant, "date_debut": debut, "date_fin": fin}]).id)
