"""Déposer des feuilles de soins depuis le logiciel d'une formation : XML-RPC et un jeton d'accès, rien d'autre.

    python exemple_logiciel.py https://portail.exemple.td base identifiant jeton feuilles.json

`feuilles.json` : une liste de feuilles, au format du contrat. Rejouer le même envoi ne dépose rien deux fois.
"""
import json
import sys
import xmlrpc.client


def ouvrir(adresse, base, identifiant, jeton):
    """Rend une fonction qui appelle une méthode d'un modèle avec les droits du jeton."""
    usager = xmlrpc.client.ServerProxy(f"{adresse}/xmlrpc/2/common").authenticate(base, identifiant, jeton, {})
    if not usager:
        raise SystemExit("Jeton ou identifiant refusé.")
    objets = xmlrpc.client.ServerProxy(f"{adresse}/xmlrpc/2/object")
    return lambda modele, methode, *arguments: objets.execute_kw(base, usager, jeton, modele, methode, list(arguments))


def deposer(appeler, feuilles):
    """Dépose les feuilles ; rend [(référence, numéro de dossier ou None, [ce qu'il faut corriger])]."""
    resultats = appeler("cnas.feuille_soin", "importer", feuilles)
    return [(r["reference"], r["numero"] or None, r["erreurs"]) for r in resultats]


if __name__ == "__main__":
    with open(sys.argv[5], encoding="utf-8") as fichier:
        for reference, numero, erreurs in deposer(ouvrir(*sys.argv[1:5]), json.load(fichier)):
            sys.stdout.write(f"{reference} {numero or 'refusée :'} {'; '.join(erreurs)}\n")
