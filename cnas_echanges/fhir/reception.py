"""Recevoir : des octets au dictionnaire, bornés ; tout ce qui ne se comprend pas se refuse d'une phrase."""
import json
from decimal import Decimal

from odoo import _

from odoo.addons.cnas_base.controllers.portail import CONTROLE

from .erreur import FhirErreur

TAILLE_MAX = 10 * 1024 * 1024
PROFONDEUR_MAX = 40
NOEUDS_MAX = 500_000


def lire_corps(octets):
    """Rend la ressource d'un corps de requête.

    :raise FhirErreur: vide, trop gros, mal encodé, mal écrit, trop profond
    """
    if len(octets) > TAILLE_MAX:
        raise FhirErreur(_("L'envoi dépasse %s Mo : découpez-le.", TAILLE_MAX // 1048576), 413, "too-long")
    try:
        texte = octets.decode("utf-8-sig")
    except UnicodeDecodeError as erreur:
        raise FhirErreur(_("L'envoi n'est pas en UTF-8 : octet illisible à la position %s.", erreur.start), 400, "structure") from erreur
    try:
        lu = json.loads(texte, parse_float=Decimal, parse_constant=_refuser_constante)
    except RecursionError as erreur:
        raise FhirErreur(_("L'envoi est trop profond : %s niveaux au plus.", PROFONDEUR_MAX), 400, "structure") from erreur
    except ValueError as erreur:
        raise FhirErreur(_("L'envoi n'est pas du JSON lisible : %s", str(erreur)[:120]), 400, "structure") from erreur
    if not isinstance(lu, dict):
        raise FhirErreur(_("Envoyez une ressource FHIR : un objet JSON."), 400, "structure")
    _verifier(lu)
    return lu


def _refuser_constante(nom):
    raise ValueError(_("« %s » n'est pas un nombre.", nom))


def _verifier(lu):
    """Refuse ce qui est trop profond, trop grand, ou porte des caractères que la base ne garde pas."""
    pile, noeuds = [(lu, 1)], 0
    while pile:
        valeur, profondeur = pile.pop()
        noeuds += 1
        if profondeur > PROFONDEUR_MAX or noeuds > NOEUDS_MAX:
            raise FhirErreur(_("L'envoi est trop profond ou trop long : %s niveaux au plus.", PROFONDEUR_MAX), 400, "structure")
        if isinstance(valeur, dict):
            pile += [(enfant, profondeur + 1) for enfant in valeur.values()]
            pile += [(cle, profondeur + 1) for cle in valeur]
        elif isinstance(valeur, list):
            pile += [(enfant, profondeur + 1) for enfant in valeur]
        elif isinstance(valeur, str) and len(valeur) < 65536 and CONTROLE.search(valeur):
            raise FhirErreur(_("L'envoi porte des caractères de contrôle, que nous ne gardons pas."), 400, "structure")
