"""Ce qui a déjà été pris sur un plafond : lu dans les lignes acceptées, jamais tenu à part.

Une feuille annulée ou rejetée n'est plus dans l'historique : elle rend ce qu'elle avait pris. La ligne datée d'un
plafond n'y compte pas : révisé, il vise toujours la même chose, et l'année de droits garde ce qu'elle a pris.
"""
from math import inf

from . import calcul
from .contexte import opposables


class Compteur:
    """Un plafond devant une feuille : son maximum, ce que l'année de droits a pris, tenu ligne après ligne.

    `_avant` : par les dossiers qui ont pris rang avant la feuille, ce qui dit si le plafond la touche ; sans suffixe :
    par tous les autres, ce qu'elle ne peut excéder si elle grandit après coup.
    """

    __slots__ = ("plafond", "maximum", "annee", "montant", "montant_avant", "nombre", "nombre_avant", "franchise_avant")

    def __init__(self, lot, plafond, feuille):
        self.annee = feuille.annee_famille if plafond.portee == "famille" else feuille.annee
        prises = _prises(lot, plafond, feuille, *self.annee)
        avant = opposables(prises, feuille)
        self.plafond = plafond
        self.maximum = plafond.maximum(feuille.membres)
        self.montant, self.montant_avant = sum(p.part for p in prises), sum(p.part for p in avant)
        self.nombre, self.nombre_avant = len(prises), len(avant)
        self.franchise_avant = sum(p.franchise for p in avant)

    def vise(self, ligne):
        """Dit si le plafond vise la ligne (sa feuille l'est déjà)."""
        return not ligne.hors_plafond and self.plafond.categorie in (None, ligne.prestation.categorie)

    def atteint(self, ligne):
        """Dit si le nombre maximal est atteint ; une ligne déjà retenue ne se perd pas pour celles d'après."""
        return (self.nombre_avant if ligne.deja_retenue else self.nombre) >= self.plafond.nombre_max

    def prendre(self, part=0, franchise=0):
        """Compte une ligne de plus."""
        self.montant += part
        self.montant_avant += part
        self.nombre += 1
        self.nombre_avant += 1
        self.franchise_avant += franchise


def compteurs(lot, feuille, lignes, *portees):
    """Rend les compteurs des plafonds de ces portées que le montant de ces lignes pourrait atteindre.

    Aucun, le plus souvent : compter ce que l'année a pris coûte, et tout l'historique du foyer y tiendrait encore.
    """
    plafonds = lot.referentiel.plafonds_de(feuille.regime_id, feuille.date_soins, feuille.type_soins, portees, "montant")
    if not plafonds:
        return []
    au_plus = sum(ligne.part for ligne in lignes) + (lot.historique.part(feuille) if portees != ("feuille",) else 0)
    if all(not p.franchise and p.montant_max >= au_plus for p in plafonds):
        return []
    return [Compteur(lot, plafond, feuille) for plafond in plafonds]


def compteurs_de_nombre(lot, feuille, lignes, *portees):
    """Rend les compteurs des plafonds de ces portées que le nombre de ces lignes pourrait atteindre."""
    plafonds = lot.referentiel.plafonds_de(feuille.regime_id, feuille.date_soins, feuille.type_soins, portees, "nombre")
    if plafonds:
        categories = {ligne.prestation.categorie for ligne in lignes}
        plafonds = [p for p in plafonds if p.categorie is None or p.categorie in categories]
    if not plafonds:
        return []
    au_plus = len(lignes) + lot.historique.nombre(feuille)
    if all(p.nombre_max >= au_plus for p in plafonds):
        return []
    return [Compteur(lot, plafond, feuille) for plafond in plafonds]


def _prises(lot, plafond, feuille, debut, fin):
    """Rend les lignes déjà acceptées que ce plafond vise, entre deux jours."""
    if plafond.portee == "feuille":
        return ()
    historique = lot.historique
    if plafond.portee == "famille":
        passees = historique.par_famille.get(feuille.famille_id, ())
    else:
        passees = historique.par_personne.get(feuille.personne, ())
    return [p for p in passees if debut <= p.date <= fin and not p.hors_plafond
            and plafond.vise(p.regime_id, p.type_soins, p.categorie)]


def restant(vises, pris="montant_avant"):
    """Rend ce que laisse le plus serré des plafonds (l'infini s'il n'y en a pas), selon ce qui est `pris`."""
    restants = [c.maximum - getattr(c, pris) for c in vises if c.maximum]
    return max(min(restants), 0) if restants else inf


def franchir(part, ligne, vises, avant_taux):
    """Rend (part une fois la franchise ôtée, franchise retenue).

    Plusieurs franchises ne s'ajoutent pas : la plus grande encore due vaut, ôtée de la base ou de la part.
    """
    due = max([c.plafond.franchise - c.franchise_avant for c in vises], default=0)
    if due <= 0 or not part:
        return part, 0
    if avant_taux:
        retenue = min(ligne.base, due)
        return min(part, calcul.part(ligne.base - retenue, ligne.taux_retenu)), retenue
    retenue = min(part, due)
    return part - retenue, retenue
