"""Le registre des règles : un code → une fonction par lot.

Une règle s'écrit ainsi, dans le fichier de sa famille ::

    @regle("QTE-01", sur="lignes", abat=True)
    def quantite_maximale(lot, lignes, valeur):
        for ligne in lignes:
            maximum = ligne.prestation.quantite_max
            if maximum and ligne.q > maximum:
                yield constat(ligne, ("quantite", maximum), max=maximum)

Elle reçoit le lot préchargé, ses cibles (feuilles ou lignes encore en vie que la règle vise) et
`valeur(nom, date)`, qui lit un paramètre daté (None s'il n'en a pas à cette date). Elle ne lit pas
la base, n'écrit rien : elle rend des constats. Le moteur applique la sévérité, tient l'avant/après
et imprime le motif.

Effets d'un constat d'abattement : `("quantite", n)`, `("prix", n)`, `("rang", pourcentage)`,
`("limite", base maximale)`, `("points", points de taux retirés)`, `("part", part maximale)`.
"""
import json
from collections import namedtuple

REGLES = {}


class Regle(namedtuple("Regle", "code fonction sur abat sans_malade sans_tarif lecteurs")):
    """Une fonction enregistrée et ce qu'il faut savoir pour l'appeler."""

    __slots__ = ()

    def lire(self, nom, texte):
        """Rend la valeur typée d'un paramètre écrit en texte.

        :raise ValueError: paramètre inconnu de la règle ou texte illisible
        """
        lecteur = self.lecteur(nom)
        if lecteur is None:
            raise ValueError("paramètre inconnu de cette règle")
        return lecteur(texte)

    def lecteur(self, nom):
        """Rend la fonction qui lit un paramètre, ou None si la règle ne le connaît pas."""
        return self.lecteurs.get(nom) or self.lecteurs.get(nom.split(":")[0] + ":*")

    def recule(self, nom):
        """Dit si ce paramètre est un nombre de jours dont la règle regarde en arrière."""
        return self.lecteur(nom) is recul


def regle(code, sur, abat=False, sans_malade=False, sans_tarif=False, **lecteurs):
    """Enregistre la fonction d'une règle.

    :param code: le code de la ligne de données
    :param sur: « lignes » ou « feuilles », ce que la fonction parcourt
    :param abat: la règle sait calculer un montant réduit
    :param sans_malade: elle ne juge que la prestation et la formation qui la donne
    :param sans_tarif: elle constate qu'une ligne n'a ni tarif ni taux ; levée, la ligne ne paie que le prix revu
    :param lecteurs: {nom du paramètre: fonction texte → valeur}
    """
    def enregistrer(fonction):
        if code in REGLES:
            raise ValueError(f"Deux fonctions pour la règle {code}")
        REGLES[code] = Regle(code, fonction, sur, abat, sans_malade, sans_tarif, lecteurs)
        return fonction
    return enregistrer


def constat(cible, effet=None, **valeurs):
    """Rend un constat : la feuille ou la ligne, l'effet chiffré, les mots du motif."""
    return cible, effet, valeurs


# ---------------------------------------------------------------- lecteurs de paramètres
def entier(texte):
    """« 90 » → 90 ; refuse le négatif."""
    valeur = int(str(texte).strip().replace(" ", ""))
    if valeur < 0:
        raise ValueError("un nombre entier positif est attendu")
    return valeur


def recul(texte):
    """Un nombre de jours dont la règle regarde en arrière : l'historique chargé remonte au moins jusque-là."""
    return entier(texte)


def oui_non(texte):
    """« oui » ou « non »."""
    return choix("oui", "non")(texte) == "oui"


def pourcentage(texte):
    """Un entier de 0 à 100."""
    valeur = entier(texte)
    if valeur > 100:
        raise ValueError("un pourcentage va de 0 à 100")
    return valeur


def choix(*mots):
    """Un mot parmi d'autres."""
    def lire(texte):
        mot = str(texte).strip().lower()
        if mot not in mots:
            raise ValueError(" ou ".join(f"« {m} »" for m in mots) + " est attendu")
        return mot
    return lire


def liste(texte):
    """« a, b » → frozenset ; « - » : aucune."""
    return frozenset(m.strip() for m in str(texte).split(",") if m.strip() and m.strip() != "-")


def pourcentages(texte):
    """« 100,50,0 » → (100, 50, 0)."""
    valeurs = tuple(pourcentage(m) for m in str(texte).split(","))
    if not valeurs:
        raise ValueError("au moins un pourcentage est attendu")
    return valeurs


def table(texte):
    """Un objet JSON {clé: [valeurs]} → dict de frozenset."""
    try:
        lu = json.loads(texte)
        return {str(cle): frozenset(valeurs) for cle, valeurs in lu.items()}
    except (AttributeError, TypeError, json.JSONDecodeError) as erreur:
        raise ValueError("un objet JSON {\"clé\": [\"valeur\"]} est attendu") from erreur
