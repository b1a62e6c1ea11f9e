"""Écrire pour un lecteur : un montant, une date, un mois, un tableau. Toute mise en forme adressée à l'usager passe ici.

L'écriture est celle de la caisse, la même à l'écran, dans un message et sur le papier : milliers séparés par une
espace insécable (celle d'Odoo en français), dates JJ/MM/AAAA.
"""
import csv
import io
import math
from datetime import date

from babel.dates import format_date, format_interval

from odoo import _

from .impression.langue import en_arabe

INSECABLE = "\u00a0"
TITRES_DU_RAPPORT = ("Résultat", "Que faire")


def ecrire_nombre(valeur):
    """Écrit un entier, ses milliers séparés : 1 234 567."""
    return f"{int(valeur or 0):,}".replace(",", INSECABLE)


def ecrire_montant(valeur):
    """Écrit un montant en francs : 1 500 FCFA."""
    return f"{ecrire_nombre(round(valeur or 0))}{INSECABLE}FCFA"


def ecrire_quantite(valeur):
    """Écrit une quantité sans décimales inutiles : 2 ou 2,5."""
    return f"{float(valeur or 0):g}".replace(".", ",")


def ecrire_date(jour, vide="—"):
    """Écrit une date 21/11/2026, ou `vide`."""
    return jour.strftime("%d/%m/%Y") if jour else vide


def ecrire_mois(jour, fin=None, langue=None):
    """Écrit le mois d'une date, novembre 2026, ou les mois jusqu'à `fin` : octobre – décembre 2026.

    :param langue: « fr », « ar »… ; par défaut celle du papier en cours, sinon le français
    """
    langue = langue or ("ar" if en_arabe() else "fr")
    if jour and fin and (jour.year, jour.month) != (fin.year, fin.month):
        return format_interval(jour, fin, "yMMMM", locale=langue)
    return format_date(jour, "MMMM y", locale=langue) if jour else ""


def cellule_sure(valeur):
    """Neutralise un texte qu'un tableur prendrait pour une formule."""
    if isinstance(valeur, str) and valeur[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + valeur
    return valeur


def ecrire_debut(phrases, maximum, separateur="\n"):
    """Écrit les premières phrases d'une liste, et dit combien d'autres suivent."""
    reste = len(phrases) - maximum
    return separateur.join([*phrases[:maximum], *([_("… et %s autres", reste)] if reste > 0 else ())])


def ecrire_csv(colonnes, lignes):
    """Écrit un CSV que les tableurs français ouvrent d'un clic : UTF-8 avec marque, point-virgule.

    :param colonnes: titres de la première ligne
    :param lignes: itérable de séquences de valeurs
    :return: bytes ; les textes pris pour des formules sont neutralisés
    """
    tampon = io.StringIO()
    ecrivain = csv.writer(tampon, delimiter=";", lineterminator="\r\n")
    ecrivain.writerow(colonnes)
    ecrivain.writerows(map(cellule_sure, ligne) for ligne in lignes)
    return tampon.getvalue().encode("utf-8-sig")


def _inscriptible(valeur):
    """Rend une valeur qu'un classeur sait garder : l'infini et une date d'avant 1900 s'y écrivent en texte."""
    if (isinstance(valeur, float) and not math.isfinite(valeur)) or (isinstance(valeur, date) and valeur.year < 1900):
        return str(valeur)
    return valeur


def ecrire_xlsx(colonnes, lignes, titre="CNAS"):
    """Écrit un classeur.

    :param colonnes: titres de la première ligne
    :param lignes: itérable de séquences de valeurs
    :return: bytes ; un texte n'y devient jamais une formule
    """
    import xlsxwriter

    tampon = io.BytesIO()
    classeur = xlsxwriter.Workbook(tampon, {"in_memory": True, "strings_to_formulas": False,
                                            "strings_to_urls": False, "remove_timezone": True})
    feuille = classeur.add_worksheet(titre[:31])
    feuille.freeze_panes(1, 0)
    gras = classeur.add_format({"bold": True, "bg_color": "#E3F1EA", "border": 1})
    jour = classeur.add_format({"num_format": "dd/mm/yyyy"})
    for j, colonne in enumerate(colonnes):
        feuille.write(0, j, colonne, gras)
        feuille.set_column(j, j, max(12, min(40, len(str(colonne)) + 4)))
    for i, ligne in enumerate(lignes, 1):
        for j, valeur in enumerate(ligne):
            valeur = _inscriptible(valeur)
            if hasattr(valeur, "isoformat"):
                feuille.write_datetime(i, j, valeur, jour)
            elif valeur is not None and valeur is not False:  # zéro s'écrit
                feuille.write(i, j, valeur)
    classeur.close()
    return tampon.getvalue()


def ecrire_rapport(tableau, dits, titre="Rapport"):
    """Écrit le rapport d'un fichier reçu : ses lignes sous ses titres, puis « Résultat » et « Que faire ». Il se corrige et se renvoie.

    :param tableau: `Tableau` rendu par la lecture
    :param dits: {ligne du fichier: (résultat, que faire)} ; une ligne absente a été passée
    :return: bytes
    """
    gardees = [place for place, nom in enumerate(tableau.titres) if nom not in TITRES_DU_RAPPORT]
    rangs = ([*(ligne.cases[place] if place < len(ligne.cases) else None for place in gardees),
              *dits.get(ligne.numero, (_("Passée"), ""))] for ligne in tableau)
    return ecrire_xlsx([*(tableau.titres[place] for place in gardees), *TITRES_DU_RAPPORT], rangs, titre)


def masquer_matricule(matricule):
    """Rend « … 1234 » : de quoi reconnaître un assuré sur une page publique sans le désigner."""
    return f"… {(matricule or '')[-4:]}"
