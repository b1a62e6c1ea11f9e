"""Lire : une main, un tableur ou un script donnent une valeur ; on la rend typée, ou on la refuse d'une phrase.

Toute lecture d'une entrée passe ici. `stricte=True` est le contrat des scripts (AAAA-MM-JJ, vrais nombres) ;
sans lui, on comprend ce qu'un agent comprendrait, et l'ambigu se refuse en disant pourquoi.
"""
from .date import lire_bornes, lire_date, lire_date_naissance, lire_dates, lire_effet
from .fichier import AFFICHABLES, FORMATS, Fichier, apercu_pdf, ouvrir_fichier, se_dit_document, type_reel, vues
from .nombre import lire_decimal, lire_entier, lire_montant
from .page import (
    MoteurAbsent,
    Mot,
    Page,
    codes_d_image,
    codes_de_page,
    image_de_page,
    langues_presentes,
    lire_image,
    lire_page,
    lit_les_codes,
    nombre_de_pages,
    pages_choisies,
    redresser,
    vignette,
    zone_de_page,
)
from .tableau import EnTeteIncompris, Ligne, Tableau, colonne_du_titre, en_tetes_connus, lire_ou_associer, lire_tableau
from .texte import OBLIGATOIRE, absent, chiffres_latins, lire_motif, lire_texte, montrer, nom_de_colonne, sans_accent
from .vide import dit_absent
