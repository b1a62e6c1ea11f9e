"""Entre la base et le moteur : des faits lus par leur nom, des colonnes entières écrites d'un trait."""
from functools import lru_cache
from operator import attrgetter


def tableau(valeurs):
    """Rend un tableau PostgreSQL de nombres, de booléens ou de jours, None compris.

    Un seul texte : psycopg2 adapterait une liste valeur par valeur, et le serveur la relirait de même.
    """
    return "{" + ",".join(map(str, valeurs)).replace("None", "NULL") + "}"


def tableau_de_textes(valeurs):
    """Rend un tableau PostgreSQL de textes, None compris."""
    return "{" + ",".join(["NULL" if v is None else '"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in valeurs]) + "}"


class Fait:
    """Un objet léger : la colonne `x` d'une requête en devient l'attribut `x` ; `__slots__` liste ses faits, dans n'importe quel ordre."""

    __slots__ = ()

    def __init__(self, **valeurs):
        for nom, valeur in valeurs.items():
            setattr(self, nom, valeur)

    @classmethod
    def lire(cls, cr, requete, parametres=None):
        """Rend un objet par rang. Une colonne qui n'est pas un fait de la classe est une erreur."""
        cr.execute(requete, parametres)
        return list(map(cls.fabrique(*(colonne.name for colonne in cr.description)), cr.fetchall()))

    @classmethod
    @lru_cache
    def fabrique(cls, *noms):
        """Rend la fonction qui, d'un rang, fait un objet ; écrite une fois comme à la main : trois fois plus vite que `setattr` en boucle."""
        cibles = ", ".join(f"fait.{nom}" for nom in noms)
        espace = {"classe": cls, "neuf": cls.__new__}
        exec(f"def faire(rang):\n    fait = neuf(classe)\n    {cibles}, = rang\n    return fait", espace)  # pylint: disable=exec-used
        return espace["faire"]


class Correspondance(dict):
    """D'où viennent des valeurs : {où elles vont: le fait qui les donne}. `valeurs(objet)` les rend, dans l'ordre, d'un trait."""

    def __init__(self, **sources):
        super().__init__(sources)
        self.valeurs = attrgetter(*sources.values())
