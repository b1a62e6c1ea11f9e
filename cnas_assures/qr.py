"""Le QR d'une carte : une adresse que tout téléphone ouvre, et qui porte le texte signé, vérifiable aussi sans réseau."""
CHEMIN = "/cnas/carte/"


def adresse_de_carte(base, texte):
    """Rend l'adresse à imprimer, ou le seul texte signé tant que la caisse n'a pas d'adresse publique (`base` vide)."""
    return f"{base}{CHEMIN}{texte.replace('|', '~')}" if base else texte


def texte_de_carte(lu):
    """Rend le texte signé que porte un QR, adresse ou texte nu des cartes d'avant ; un autre texte est rendu tel quel."""
    if not isinstance(lu, str):
        return lu
    _base, separateur, suite = lu.partition(CHEMIN)
    return suite.replace("~", "|") if separateur else lu
