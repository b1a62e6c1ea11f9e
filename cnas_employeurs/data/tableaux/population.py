"""Tableau « Population » : qui est protégé, où, et ce qui attend (cartes, déclarations)."""

POPULATION = "cnas.population"
DECLARATIONS = "cnas.declaration_effectif"
MENU = "cnas_employeurs.population_menu"
MENU_DECLARATIONS = "cnas_employeurs.declaration_effectif_menu"


def dessiner(tableau):
    tableau.filtre("Régime", "cnas.regime", {POPULATION: "regime_id"})
    tableau.filtre("Province", "cnas.province", {POPULATION: "province_id"})

    immatricules = tableau.valeur("Immatriculés", POPULATION, "immatricules")
    actifs = tableau.valeur("Actifs", POPULATION, "actifs")
    principaux = tableau.valeur("Assurés principaux", POPULATION, "principaux")
    ayants_droit = tableau.valeur("Ayants droit", POPULATION, "ayants_droit")
    cartes = tableau.valeur("Cartes en attente", "cnas.carte", "__count", [("state", "in", ("demandee", "produite"))])
    employeurs = tableau.valeur("Employeurs actifs", "cnas.employeur", "__count", [("state", "=", "actif")])
    retards = tableau.valeur("Déclarations en retard", DECLARATIONS, "__count", [("en_retard", "=", True)])
    appele = tableau.valeur("Cotisations appelées", DECLARATIONS, "montant_appele", [("state", "=", "validee")])
    tableau.carte("Immatriculés", immatricules, menu=MENU)
    tableau.carte("Assurés actifs", actifs, menu=MENU)
    tableau.carte("Assurés principaux", principaux, menu=MENU)
    tableau.carte("Ayants droit", ayants_droit, menu=MENU)
    tableau.carte("Cartes en attente", cartes)
    tableau.carte("Employeurs actifs", employeurs, menu="cnas_employeurs.employeur_menu")
    tableau.carte("Déclarations en retard", retards, menu=MENU_DECLARATIONS)
    tableau.carte("Cotisations (FCFA)", appele, menu=MENU_DECLARATIONS)

    tableau.graphes(
        ("Par âge et genre", "bar", POPULATION, ["tranche_age", "genre"], "actifs"),
        ("Par régime", "pie", POPULATION, ["regime_id"], "actifs"),
    )
    tableau.table("Par province", POPULATION, "province_id", [
        ("Immatriculés", "{immatricules}", "nombre"), ("Actifs", "{actifs}", "nombre"),
        ("Ayants droit", "{ayants_droit}", "nombre"),
        ("Par famille", "{immatricules}/{principaux}", "decimal"),
    ], lignes=12, tri="immatricules")
    tableau.table("Déclarations en retard, par employeur", DECLARATIONS, "employeur_id", [
        ("Retards", "{__count}", "nombre"),
    ], lignes=8, tri="__count", domaine=[("en_retard", "=", True)])
