"""Tableau « Liquidation » : ce qui est facturé, ce que la caisse paie, ce qu'elle refuse et pourquoi."""

FEUILLES = "cnas.feuille_analyse"
ANOMALIES = "cnas.anomalie"
MENU = "cnas_feuilles_soin.feuille_analyse_menu"


def dessiner(tableau):
    tableau.filtre_periode("Période de réception", {FEUILLES: "date_depot"})
    tableau.filtre("Agence", "cnas.agence", {FEUILLES: "agence_id"})
    tableau.filtre("Formation sanitaire", "cnas.formation_sanitaire", {FEUILLES: "formation_id"})

    decidees = [("state", "in", ["validee", "payee", "rejetee"])]
    facture = tableau.valeur("Facturé", FEUILLES, "montant_facture", decidees)
    base = tableau.valeur("Base", FEUILLES, "montant_base", decidees)
    part = tableau.valeur("Part CNAS", FEUILLES, "montant_cnas", decidees)
    ticket = tableau.valeur("Ticket modérateur", FEUILLES, "ticket_moderateur", decidees)
    depassement = tableau.valeur("Dépassement", FEUILLES, "depassement", decidees)
    rejete = tableau.valeur("Rejeté", FEUILLES, "montant_rejete", decidees)
    traitees = tableau.valeur("Traitées", FEUILLES, "traitees")
    rejetees = tableau.valeur("Rejetées", FEUILLES, "rejetees")
    automatiques = tableau.valeur("Automatiques", FEUILLES, "automatiques")
    tableau.carte("Facturé (FCFA)", facture, menu=MENU)
    tableau.carte("Base (FCFA)", base, menu=MENU)
    tableau.carte("Part CNAS (FCFA)", part, menu=MENU)
    tableau.carte("Ticket modérateur", ticket, menu=MENU)
    tableau.carte("Dépassement (FCFA)", depassement, menu=MENU)
    tableau.carte("Rejeté (FCFA)", rejete, menu=MENU)
    tableau.ratio("Rejet en montant", rejete, facture, menu=MENU)
    tableau.ratio("Rejet en nombre", rejetees, traitees, menu=MENU)
    tableau.ratio("Automatisation", automatiques, traitees, menu=MENU)
    tableau.carte("Coût moyen (FCFA)", f'IF({traitees}={rejetees},0,{part}/({traitees}-{rejetees}))', menu=MENU)

    tableau.graphes(
        ("Part CNAS par mois", "bar", FEUILLES, ["date_depot:month", "regime_id"], "montant_cnas", decidees),
        ("Facturé par nature", "pie", FEUILLES, ["nature"], "montant_facture", decidees),
    )
    tableau.table("Motifs d'abattement et de rejet", ANOMALIES, "regle_id", [
        ("Nombre", "{__count}", "nombre"),
        ("Avant (FCFA)", "{montant_avant}", "nombre"), ("Après (FCFA)", "{montant_apres}", "nombre"),
        ("Retenu (FCFA)", "{montant_avant}-{montant_apres}", "nombre"),
    ], lignes=12, tri="__count", domaine=[("state", "=", "ouverte"), ("severite", "in", ("rejet", "abattement"))])
    tableau.table("Par régime", FEUILLES, "regime_id", [
        ("Feuilles", "{traitees}", "nombre"), ("Facturé", "{montant_facture}", "nombre"),
        ("Part CNAS", "{montant_cnas}", "nombre"), ("Rejeté", "{montant_rejete}", "nombre"),
        ("Part / facturé", "{montant_cnas}/{montant_facture}", "pourcent"),
    ], lignes=3, tri="montant_facture", domaine=decidees)
