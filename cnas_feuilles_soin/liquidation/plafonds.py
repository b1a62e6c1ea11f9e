"""Ce qui a déjà été pris sur un plafond : lu dans les lignes acceptées, jamais tenu à part.

Une feuille annulée ou rejetée n'est plus dans l'historique : elle rend ce qu'elle avait pris.
"""


class Plafond:
    """Un plafond en vigueur, réduit à ce que le calcul lit."""

    __slots__ = ("id", "regime_id", "portee", "type_soins", "categorie", "montant_max", "nombre_max", "franchise",
                 "debut", "fin", "libelle")

    def __init__(self, *valeurs):
        for nom, valeur in zip(self.__slots__, valeurs):
            setattr(self, nom, valeur)

    def concerne(self, regime_id, type_soins, jour):
        """Dit si le plafond vaut pour ce régime, ce type de soins et ce jour."""
        return (regime_id in (None, self.regime_id) and self.type_soins in (None, "tous", type_soins)
                and self.debut <= jour and (self.fin is None or jour <= self.fin))

    def vise(self, categorie):
        """Dit si le plafond vise cette catégorie de prestation."""
        return self.categorie is None or self.categorie == categorie


def _prises(lot, plafond, feuille):
    """Rend les lignes déjà acceptées auxquelles ce plafond s'appliquait, dans l'année de droits de la feuille."""
    if plafond.portee == "feuille":
        return ()
    historique = lot.historique
    if plafond.portee == "famille":
        passees = historique.par_famille.get(feuille.famille_id, ())
    else:
        passees = historique.par_assure.get(feuille.assure_id, ())
    debut, fin = feuille.annee
    return [p for p in passees if debut <= p.date <= fin and plafond.vise(p.categorie)
            and plafond.concerne(p.regime_id, p.type_soins, p.date)]


def montants(lot, plafond, feuille):
    """Rend [part CNAS prise par les autres dossiers, part théorique passée sous la franchise avant celui-ci]."""
    prises = _prises(lot, plafond, feuille)
    return [sum(p.part for p in prises), sum(p.theorique for p in prises if p.avant(feuille))]


def nombre(lot, plafond, feuille):
    """Rend le nombre de lignes déjà acceptées."""
    return len(_prises(lot, plafond, feuille))
