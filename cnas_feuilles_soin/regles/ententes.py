"""Ententes préalables : l'accord existe-t-il, couvre-t-il la date, la quantité, le montant ?"""
from ..liquidation.dates import jours_ouvres_apres
from .registre import constat, entier, regle


def _accords(lot, ligne):
    """Rend les accords donnés au bénéficiaire pour la prestation, celui que cite la feuille d'abord."""
    feuille = ligne.feuille
    accords = lot.ententes.get((feuille.assure_id, ligne.prestation.id), ())
    return sorted(accords, key=lambda e: (e.id != feuille.entente_prevue_id, e.debut, e.id))


def _valable(accord, feuille, delai):
    """Dit si l'accord couvre la date des soins ; en urgence, il peut suivre de quelques jours ouvrés."""
    jour = feuille.date_soins
    if accord.fin is not None and jour > accord.fin:
        return False
    if accord.debut <= jour:
        return True
    return bool(feuille.urgence and delai is not None and accord.debut <= jours_ouvres_apres(jour, delai))


@regle("ENT-01", sur="lignes", delai_regularisation=entier)
def absente(lot, lignes, valeur):
    """Prestation soumise à accord, et aucun accord donné ; retient l'accord trouvé sur la ligne."""
    for ligne in lignes:
        if not ligne.prestation.entente:
            continue
        delai = valeur("delai_regularisation", ligne.feuille.date_soins)
        accords = _accords(lot, ligne)
        valable = next((a for a in accords if _valable(a, ligne.feuille, delai)), None)
        if valable:
            ligne.entente_id = valable.id
        elif not accords:
            yield constat(ligne)


@regle("ENT-02", sur="lignes")
def perime(lot, lignes, valeur):
    """Un accord a été donné, mais la date des soins sort de sa validité."""
    for ligne in lignes:
        if ligne.prestation.entente and not ligne.entente_id and _accords(lot, ligne):
            yield constat(ligne)


@regle("ENT-03", sur="lignes", abat=True)
def depassement(lot, lignes, valeur):
    """Quantité, montant ou formation au-delà de l'accord, cumul des feuilles déjà imputées compris."""
    consomme = {}
    for ligne in lignes:
        if not ligne.entente_id:
            continue
        accord = lot.entente_par_id[ligne.entente_id]
        feuille = ligne.feuille
        cle = (feuille.id, accord.id)
        deja_q, deja_m = consomme.get(cle) or lot.imputes.get(accord.id, (0, 0))
        quantite, montant = ligne.q, ligne.pu * ligne.q
        if accord.formation_id and accord.formation_id != feuille.formation_id:
            ligne.entente_id = None  # rien n'est pris sur l'accord d'une autre formation
            yield constat(ligne, ("limite", 0), ref=accord.numero)
            continue
        if accord.quantite and deja_q + quantite > accord.quantite:
            quantite = max(accord.quantite - deja_q, 0)
            montant = ligne.pu * quantite
            yield constat(ligne, ("quantite", quantite), ref=accord.numero)
        if accord.montant and deja_m + montant > accord.montant:
            montant = max(accord.montant - deja_m, 0)
            yield constat(ligne, ("limite", montant), ref=accord.numero)
        consomme[cle] = (deja_q + quantite, deja_m + montant)
