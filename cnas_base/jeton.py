"""Le jeton d'un papier ou d'un lien : « id-sceau », le sceau n'étant calculable que par la caisse."""
from odoo.tools import consteq


def fiche_du_jeton(modele, jeton, sceau):
    """Rend la fiche que désigne un jeton, ou un ensemble vide : inconnu et malformé se ressemblent.

    :param sceau: fonction qui rend le sceau d'une fiche
    """
    identifiant, _tiret, lu = jeton.partition("-")
    if not (jeton.isascii() and identifiant.isdigit() and len(identifiant) < 10):
        return modele.browse()
    fiche = modele.browse(int(identifiant)).exists()
    return fiche if fiche and consteq(sceau(fiche), lu) else modele.browse()
