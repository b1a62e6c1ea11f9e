"""Plafonds et sélection : ce qui reste à dépenser, ce qu'un médecin doit voir."""
from hashlib import sha256

from ..liquidation import plafonds as consommation
from .registre import constat, entier, pourcentage, regle


@regle("PLF-01", abat=True)
def plafond_annuel(lot, feuilles, valeur):
    """Franchise puis plafond de l'année de droits, du bénéficiaire et de la famille."""
    yield from _plafonner(lot, feuilles, ("beneficiaire", "famille"))


@regle("PLF-02", abat=True)
def plafond_feuille(lot, feuilles, valeur):
    """Franchise puis plafond de la feuille."""
    yield from _plafonner(lot, feuilles, ("feuille",))


def _plafonner(lot, feuilles, portees):
    for feuille in feuilles:
        plafonds = [p for p in lot.plafonds_de(feuille) if p.portee in portees and (p.montant_max or p.franchise)]
        if not plafonds:
            continue
        suivi = {p.id: consommation.montants(lot, p, feuille) for p in plafonds}
        for ligne in feuille.lignes_vives():
            vises = [p for p in plafonds if p.vise(ligne.prestation.categorie)]
            if not vises or ligne.suspendue:
                continue
            theorique, part = ligne.theorique, ligne.part
            franchise = max(max(p.franchise - suivi[p.id][1], 0) for p in vises)
            if franchise and part:
                retenue = min(part, franchise)
                part -= retenue
                yield constat(ligne, ("part", part), x=retenue,
                              motif="Franchise : {x} XAF à la charge du bénéficiaire")
            restes = [max(p.montant_max - suivi[p.id][0], 0) for p in vises if p.montant_max]
            reste = min(restes, default=part)
            if part > reste:
                part = reste
                yield constat(ligne, ("part", part), x=reste)
            for plafond in vises:
                suivi[plafond.id][0] += part
                suivi[plafond.id][1] += theorique


@regle("PLF-03", seuil=entier)
def controle_medical(lot, feuilles, valeur):
    """Le montant facturé atteint le seuil : le médecin-conseil doit voir le dossier."""
    for feuille in feuilles:
        seuil = valeur("seuil", feuille.date_soins)
        if seuil and sum(ligne.facture for ligne in feuille.lignes) >= seuil:
            yield constat(feuille)


@regle("PLF-04", **{"taux": pourcentage, "taux:*": pourcentage, "graine": entier})
def echantillon(lot, feuilles, valeur):
    """Tirage reproductible : la même feuille, la même graine donnent toujours la même réponse."""
    for feuille in feuilles:
        jour = feuille.date_soins
        taux = valeur(f"taux:{feuille.formation_code}", jour)
        if taux is None:
            taux = valeur("taux", jour)
        if taux and tirage(valeur("graine", jour) or 0, feuille.numero or str(feuille.id)) < taux * 100:
            yield constat(feuille)


def tirage(graine, numero):
    """Rend un entier de 0 à 9999, fixé par la graine et le numéro du dossier."""
    return int.from_bytes(sha256(f"{graine}:{numero}".encode()).digest()[:4], "big") % 10_000
