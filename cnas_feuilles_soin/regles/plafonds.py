"""Plafonds et sélection : ce qui reste à dépenser, ce qu'un médecin doit voir."""
from hashlib import sha256

from ..liquidation.plafonds import compteurs, reduire
from .registre import choix, constat, entier, pourcentage, regle

FRANCHISE = choix("avant", "apres")


@regle("PLF-01", sur="feuilles", abat=True, franchise=FRANCHISE, age_adulte=entier,
       annee_de_droits=choix("anniversaire", "civile"))
def plafond_annuel(lot, feuilles, valeur):
    """Franchise puis plafond de l'année de droits, du bénéficiaire et de la famille.

    Ce que le plafond de la feuille retirera ensuite (PLF-02) ne se consomme pas sur l'année.
    """
    for feuille in feuilles:
        annuels = compteurs(lot, feuille, "beneficiaire", "famille")
        if not annuels:
            continue
        siens = compteurs(lot, feuille, "feuille")
        jour = feuille.date_soins
        for ligne in feuille.lignes_vives():
            vises = [c for c in annuels if c.vise(ligne)]
            retenue = yield from _plafonner(ligne, vises, valeur("franchise", jour))
            part = ligne.part
            if siens and lot.reduit("PLF-02", ligne):
                vises_siens = [c for c in siens if c.vise(ligne)]
                part, due, reste = reduire(ligne, vises_siens, lot.valeur("PLF-02", "franchise", jour) == "avant")
                part = part if reste is None else min(part, reste)
                for compteur in vises_siens:
                    compteur.prendre(part, due)
            ligne.franchise = retenue
            for compteur in vises:
                compteur.prendre(part, retenue)


@regle("PLF-02", sur="feuilles", abat=True, franchise=FRANCHISE)
def plafond_feuille(lot, feuilles, valeur):
    """Franchise puis plafond de la feuille, sur ce que l'année de droits laisse (PLF-01)."""
    for feuille in feuilles:
        siens = compteurs(lot, feuille, "feuille")
        for ligne in feuille.lignes_vives() if siens else ():
            vises = [c for c in siens if c.vise(ligne)]
            retenue = yield from _plafonner(ligne, vises, valeur("franchise", feuille.date_soins))
            for compteur in vises:
                compteur.prendre(ligne.part, retenue)


def _plafonner(ligne, vises, mode):
    """Constate la franchise puis le plafond d'une ligne ; rend la franchise vraiment retenue."""
    avant = mode == "avant"
    part, due, reste = reduire(ligne, vises, avant)
    if part < ligne.part:
        yield constat(ligne, ("part", part), x=due, motif=AVANT_LE_TAUX if avant else APRES_LE_TAUX)
    retenue = due if ligne.part == part else 0  # rien, si la franchise est levée ou seulement signalée
    if reste is not None and ligne.part > reste:
        yield constat(ligne, ("part", reste), x=reste)
    return retenue


AVANT_LE_TAUX = "Franchise, ôtée avant le taux : {x} XAF à la charge du bénéficiaire"
APRES_LE_TAUX = "Franchise : {x} XAF à la charge du bénéficiaire"


@regle("PLF-03", sur="feuilles", seuil=entier)
def controle_medical(lot, feuilles, valeur):
    """Le montant facturé atteint le seuil : le médecin-conseil doit voir le dossier."""
    for feuille in feuilles:
        seuil = valeur("seuil", feuille.date_soins)
        if seuil and sum(ligne.facture for ligne in feuille.lignes) >= seuil:
            yield constat(feuille)


@regle("PLF-04", sur="feuilles", **{"taux": pourcentage, "taux:*": pourcentage, "graine": entier})
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
