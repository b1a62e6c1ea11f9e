"""Tableau « Formations » : coût, rejets et délais de paiement, formation par formation."""

FEUILLES = "cnas.feuille_analyse"
FACTURES = "cnas.facture_chiffres"
MENU = "cnas_facturation.facture_chiffres_menu"
COUT = 'IF({traitees}={rejetees},_t("n. d."),{montant_cnas}/({traitees}-{rejetees}))'


def dessiner(tableau):
    tableau.filtre_periode("Période", {FEUILLES: "date_depot", FACTURES: "periode"})
    tableau.filtre("Formation sanitaire", "cnas.formation_sanitaire",
                   {FEUILLES: "formation_id", FACTURES: "formation_id"})

    decidees = [("state", "in", ["validee", "payee", "rejetee"])]
    traitees = tableau.valeur("Traitées", FEUILLES, "traitees")
    rejetees = tableau.valeur("Rejetées", FEUILLES, "rejetees")
    part = tableau.valeur("Part CNAS", FEUILLES, "montant_cnas", decidees)
    factures = tableau.valeur("Factures", FACTURES, "factures")
    payees = tableau.valeur("Factures payées", FACTURES, "payees")
    paye = tableau.valeur("Payé", FACTURES, "paye")
    reste = tableau.valeur("Reste à payer", FACTURES, "a_payer")
    delai = tableau.valeur("Délai de paiement", FACTURES, "delai", [("payees", "=", 1)])
    tableau.carte("Coût moyen (FCFA)", f'IF({traitees}={rejetees},_t("n. d."),{part}/({traitees}-{rejetees}))', menu=MENU)
    tableau.ratio("Taux de rejet", rejetees, traitees, menu=MENU)
    tableau.carte("Délai de paiement (j)", delai, "decimal", menu=MENU)
    tableau.carte("Payé (FCFA)", paye, menu=MENU)
    tableau.carte("Reste à payer (FCFA)", reste, menu=MENU)
    tableau.carte("Factures reçues", factures, menu=MENU)
    tableau.ratio("Factures payées", payees, factures, menu=MENU)

    tableau.graphes(
        ("Payé par mois facturé", "bar", FACTURES, ["periode:month"], "paye"),
        ("Délai moyen de paiement par mois", "line", FACTURES, ["periode:month"], "delai", [("payees", "=", 1)]),
    )
    tableau.table("Classement des formations", FEUILLES, "formation_id", [
        ("Traitées", "{traitees}", "nombre"), ("Part CNAS", "{montant_cnas}", "nombre"),
        ("Coût moyen", COUT, "nombre"), ("Taux de rejet", "{rejetees}/{traitees}", "pourcent"),
        ("Délai (jours)", "{delai}", "decimal"),
    ], lignes=15, tri="montant_cnas", domaine=decidees)
    for niveau, libelle in enumerate(
            ("Centres de santé", "Hôpitaux de district", "Hôpitaux provinciaux", "Hôpitaux de référence"), 1):
        tableau.table(libelle, FEUILLES, "formation_id", [
            ("Traitées", "{traitees}", "nombre"), ("Coût moyen", COUT, "nombre"),
            ("Taux de rejet", "{rejetees}/{traitees}", "pourcent"),
        ], lignes=5, tri="traitees", domaine=[*decidees, ("niveau", "=", niveau)])
    tableau.table("Délais de paiement", FACTURES, "formation_id", [
        ("Factures", "{factures}", "nombre"), ("Payées", "{payees}", "nombre"),
        ("Délai (jours)", "{delai}", "decimal"), ("Payé (FCFA)", "{paye}", "nombre"),
        ("Reste (FCFA)", "{a_payer}", "nombre"),
    ], lignes=10, tri="factures")
