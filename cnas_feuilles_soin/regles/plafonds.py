"""Plafonds et sélection : ce qui reste à dépenser, ce qu'un médecin doit voir."""
from hashlib import sha256

from ..liquidation.plafonds import compteurs, franchir, restant
from .registre import choix, constat, entier, pourcentage, regle

FRANCHISE = choix("avant", "apres")


@regle("PLF-01", sur="feuilles", abat=True, franchise=FRANCHISE, age_adulte=entier,
       annee_de_droits=choix("anniversaire", "civile"))
def plafond_annuel(lot, feuilles, valeur):
    """Franchise puis plafond de l'année de droits, du bénéficiaire et de la famille.

    Ce que le plafond de la feuille retirera ensuite (PLF-02) ne se consomme pas sur l'année.
    """
    for feuille in feuilles:
        vives, jour = feuille.lignes_vives(), feuille.date_soins
        annuels = compteurs(lot, feuille, vives, "beneficiaire", "famille")
        if not annuels:
            continue
        siens = compteurs(lot, feuille, vives, "feuille") if lot.reduit("PLF-02", feuille) else ()
        avant_taux = lot.valeur("PLF-02", "franchise", jour) == "avant"
        annuelle_avant_taux = valeur("franchise", jour) == "avant"
        for ligne in vives:
            vises = [c for c in annuels if c.vise(ligne)]
            suivants = [c for c in siens if c.vise(ligne)] if siens and not lot.levee("PLF-02", ligne) else ()
            if vises:
                ligne.franchise = yield from _franchise(ligne, vises, annuelle_avant_taux)
            reste, au_plus = restant(vises), max(restant(vises, "montant"), ligne.acquis)
            part, due = _laisse(min(ligne.part, reste), ligne, suivants, avant_taux)
            if part > au_plus:
                reste = au_plus
            if ligne.part > reste:
                yield constat(ligne, ("part", reste), x=reste)
                part, due = _laisse(ligne.part, ligne, suivants, avant_taux)
            for compteur in vises:
                compteur.prendre(part, ligne.franchise)
            for compteur in suivants:
                compteur.prendre(part, due)


@regle("PLF-02", sur="feuilles", abat=True, franchise=FRANCHISE)
def plafond_feuille(lot, feuilles, valeur):
    """Franchise puis plafond de la feuille, sur ce que l'année de droits laisse (PLF-01)."""
    for feuille in feuilles:
        vives = feuille.lignes_vives()
        siens = compteurs(lot, feuille, vives, "feuille")
        for ligne in vives if siens else ():
            vises = [c for c in siens if c.vise(ligne)]
            due = yield from _franchise(ligne, vises, valeur("franchise", feuille.date_soins) == "avant")
            reste = restant(vises)
            if ligne.part > reste:
                yield constat(ligne, ("part", reste), x=reste)
            for compteur in vises:
                compteur.prendre(ligne.part, due)


def _franchise(ligne, vises, avant_taux):
    """Constate la franchise d'une ligne ; rend ce qui est vraiment retenu : rien, si elle est levée ou signalée."""
    part, due = franchir(ligne.part, ligne, vises, avant_taux)
    if part < ligne.part:
        yield constat(ligne, ("part", part), x=due, motif=AVANT_LE_TAUX if avant_taux else APRES_LE_TAUX)
    return due if ligne.part == part else 0


def _laisse(part, ligne, vises, avant_taux):
    """Rend (ce que franchise et plafonds laisseront de la part, franchise retenue)."""
    part, due = franchir(part, ligne, vises, avant_taux)
    return min(part, restant(vises)), due


AVANT_LE_TAUX = "Franchise, ôtée avant le taux : {x} FCFA à la charge du bénéficiaire"
APRES_LE_TAUX = "Franchise : {x} FCFA à la charge du bénéficiaire"


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
