"""Petits calculs de dates, sans bibliothèque : ils tournent des dizaines de milliers de fois."""
from calendar import monthrange
from datetime import date, timedelta

from odoo.addons.cnas_base.age import age_en_annees, anniversaire

UN_JOUR = timedelta(days=1)


def plus_mois(jour, mois):
    """Rend la même date `mois` mois plus tard, ramenée au dernier jour du mois s'il est plus court."""
    rang = jour.month - 1 + mois
    annee, mois_cible = jour.year + rang // 12, rang % 12 + 1
    return date(annee, mois_cible, min(jour.day, monthrange(annee, mois_cible)[1]))


def annee_de_droits(ouverture, jour):
    """Rend (premier jour, dernier jour) de l'année de droits qui contient `jour`.

    Elle court d'un anniversaire de la première ouverture à la veille du suivant ; sans ouverture connue,
    c'est l'année civile.
    """
    if ouverture is None or ouverture > jour:
        return date(jour.year, 1, 1), date(jour.year, 12, 31)
    annees = age_en_annees(ouverture, jour)
    return anniversaire(ouverture, annees), anniversaire(ouverture, annees + 1) - UN_JOUR


def jours_ouvres_apres(jour, nombre):
    """Rend le jour situé `nombre` jours ouvrés (lundi à vendredi) après `jour`."""
    while nombre > 0:
        jour += UN_JOUR
        if jour.weekday() < 5:
            nombre -= 1
    return jour
