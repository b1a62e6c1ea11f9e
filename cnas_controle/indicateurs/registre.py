"""Le registre : un code, une fonction SQL ensembliste, une phrase (ou plusieurs), des seuils.

Une fonction reçoit le contexte du calcul (`Calcul`) et rend une requête, ou un `Pairs`. La requête rend une ligne par fait :

    cible (identifiant de la cible), cle (ce qui distingue deux faits de la même cible), debut, fin (la période),
    valeur, reference, nombre, feuilles (identifiants en cause), detail (un nom, un numéro, ou NULL)

Un indicateur qui dit plusieurs choses a une phrase entière par chose, et `detail` commence par sa clé : « rib:0042 ».

Le moteur ajoute le score, la phrase et l'alerte. Ajouter un indicateur : une fonction ici, sa ligne dans
`data/cnas.indicateur.csv`, ses seuils dans `data/parametre_data.xml`.
"""
from dataclasses import dataclass, field

from odoo.tools import SQL

INDICATEURS = {}
CIBLES = {"formation": "formation_id", "praticien": "praticien_id", "assure": "assure_id", "usager": "usager_id"}


@dataclass(frozen=True)
class Indicateur:
    """Ce que le moteur sait d'un code."""

    code: str
    cible: str          # clé de CIBLES
    phrases: dict       # {clé: `_lt`}, la seule sous "" : {valeur}, {reference}, {nombre}, {detail}, {debut}, {fin}
    fonction: object
    seuil: str = ""     # le paramètre auquel `valeur` se compare, pour le score

    def phrase_de(self, detail):
        """Rend la phrase d'un fait, et ce qui reste à y dire de son détail."""
        if "" in self.phrases:
            return self.phrases[""], detail or ""
        cle, _deux_points, reste = detail.partition(":")
        return self.phrases[cle], reste


@dataclass(frozen=True)
class Pairs:
    """Une mesure par cible, à comparer aux pairs : mêmes type et niveau, même série.

    `mesures` rend cible, serie, type, niveau, debut, fin, valeur, nombre, feuilles. Moins de pairs que le minimum : « n. d. ».
    """

    mesures: object
    ecart: str = "frd_ecart_pairs"
    plancher: float = 0.01      # sous cet écart-type, une mesure ne se distingue pas


@dataclass
class Calcul:
    """Le contexte d'un calcul : la période, et les seuils du jour où elle finit."""

    env: object
    debut: object
    fin: object
    lus: dict = field(default_factory=dict)

    def seuil(self, code):
        """Rend le seuil daté de ce code, en vigueur au dernier jour de la période."""
        if code not in self.lus:
            self.lus[code] = self.env["cnas.parametre"]._au(code, self.fin)
        return self.lus[code]


def indicateur(code, cible, phrase, seuil=""):
    """Décore la fonction d'un indicateur ; `phrase` : un `_lt`, ou {clé: `_lt`}."""
    def decorer(fonction):
        INDICATEURS[code] = Indicateur(code, cible, phrase if isinstance(phrase, dict) else {"": phrase}, fonction, seuil)
        return fonction
    return decorer


def comparer(calcul, pairs):
    """Rend la requête qui garde, d'une table `ctl_mesure`, ce qui s'écarte des pairs ; chacun se compare aux autres, sans lui."""
    return SQL("""
        WITH groupes AS (
            SELECT m.*, count(*) OVER w AS pairs, sum(valeur) OVER w AS s1, sum(valeur * valeur) OVER w AS s2
              FROM ctl_mesure m WINDOW w AS (PARTITION BY serie, type, niveau)
        ), autres AS (
            SELECT *, (s1 - valeur) / (pairs - 1) AS moyenne,
                   sqrt(greatest(0, (s2 - valeur * valeur) / (pairs - 1) - ((s1 - valeur) / (pairs - 1)) ^ 2)) AS ecart
              FROM groupes WHERE pairs >= %s
        )
        SELECT cible, serie || to_char(fin, ':YYYY') AS cle, debut, fin, valeur, moyenne AS reference, nombre, feuilles, serie AS detail
          FROM autres
         WHERE (valeur - moyenne) / greatest(ecart, %s, moyenne * 0.05) >= %s AND valeur * 100 >= moyenne * %s
    """, calcul.seuil("frd_pairs_minimum"), pairs.plancher, calcul.seuil("frd_z"), calcul.seuil(pairs.ecart))


GROUPES = """
    SELECT serie, type, niveau, count(*), avg(valeur), coalesce(stddev_samp(valeur), 0) FROM ctl_mesure GROUP BY 1, 2, 3
"""
