"""Tableau « Activité » : ce qui entre, ce qui sort, ce qui attend."""

FEUILLES = "cnas.feuille_analyse"
MENU = "cnas_feuilles_soin.feuille_analyse_menu"


def dessiner(tableau):
    tableau.filtre_periode("Période de réception", {FEUILLES: "date_depot"})
    tableau.filtre("Agence", "cnas.agence", {FEUILLES: "agence_id"})
    tableau.filtre("Régime", "cnas.regime", {FEUILLES: "regime_id"})

    recues = tableau.valeur("Feuilles reçues", FEUILLES, "recues")
    traitees = tableau.valeur("Feuilles traitées", FEUILLES, "traitees")
    stock = tableau.valeur("Feuilles en stock", FEUILLES, "en_stock")
    instance = tableau.valeur("Feuilles en instance", FEUILLES, "en_instance")
    fermes = tableau.valeur("Feuilles aux droits fermés", FEUILLES, "droits_fermes")
    decidees = [("state", "in", ["validee", "payee", "rejetee"])]
    mediane = tableau.valeur("Délai médian", FEUILLES, "mediane", decidees)
    p90 = tableau.valeur("90e centile", FEUILLES, "p90", decidees)
    tableau.carte("Reçues", recues, menu=MENU)
    tableau.carte("Traitées", traitees, menu=MENU)
    tableau.ratio("Taux de traitement", traitees, recues, menu=MENU)
    tableau.carte("En stock", stock, menu=MENU)
    tableau.carte("Délai médian (jours)", mediane, "decimal", menu=MENU)
    tableau.carte("90e centile (jours)", p90, "decimal", menu=MENU)
    tableau.carte("En instance", instance, menu=MENU)
    tableau.ratio("Taux d'instance", instance, recues, menu=MENU)
    tableau.ratio("Taux de droits fermés", fermes, recues, menu=MENU)

    tableau.graphes(
        ("Reçues par mois", "bar", FEUILLES, ["date_depot:month", "agence_id"], "recues"),
        ("Âge du stock", "bar", FEUILLES, ["age_stock"], "en_stock", [("en_stock", "=", 1)]),
    )
    cohorte = [
        ("Reçues", "{recues}", "nombre"), ("Traitées", "{traitees}", "nombre"),
        ("Taux", "{traitees}/{recues}", "pourcent"), ("En stock", "{en_stock}", "nombre"),
        ("Médiane (jours)", "{mediane}", "decimal"),
    ]
    tableau.table("Par agence", FEUILLES, "agence_id", cohorte, lignes=8, tri="recues", total=True)
    # Sans contrôleur compris : le total est celui des reçues.
    tableau.table("Par contrôleur", FEUILLES, "controleur_id", cohorte, lignes=10, tri="recues", total=True)
    # Douze mois glissants en touchent treize.
    tableau.table("Délai médian et au 90e centile", FEUILLES, "date_depot:month", [
        ("Décisions", "{traitees}", "nombre"), ("Médiane (jours)", "{mediane}", "decimal"),
        ("90e centile", "{p90}", "decimal"),
    ], lignes=13, domaine=decidees, total=True)
