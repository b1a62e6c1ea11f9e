"""Des faits lus en base par leur nom : la colonne `x` d'une requête devient l'attribut `x` d'un objet léger."""
from itertools import repeat


class Fait:
    """Base des objets légers ; `__slots__` liste leurs faits, dans n'importe quel ordre."""

    __slots__ = ()

    def __init__(self, **valeurs):
        for nom, valeur in valeurs.items():
            setattr(self, nom, valeur)

    @classmethod
    def lire(cls, cr, requete, parametres=None):
        """Rend un objet par rang. Une colonne qui n'est pas un fait de la classe est une erreur."""
        cr.execute(requete, parametres)
        noms = [colonne.name for colonne in cr.description]
        faits = []
        for rang in cr.fetchall():
            fait = cls.__new__(cls)
            any(map(setattr, repeat(fait), noms, rang))  # setattr rend None : toutes les colonnes passent
            faits.append(fait)
        return faits
