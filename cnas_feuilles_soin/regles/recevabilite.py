"""Recevabilité : le dossier est-il lisible, complet, dans les délais, unique ?"""
from .registre import constat, entier, liste, oui_non, regle

LIBELLES = {
    "assure_id": "bénéficiaire",
    "formation_id": "formation",
    "praticien_id": "prescripteur",
    "date_soins": "date de soins",
    "lignes": "au moins une prestation",
    "montant": "montant",
}


@regle("REC-01", champs_obligatoires=liste)
def feuille_incomplete(lot, feuilles, valeur):
    """Un champ exigé par le paramètre est vide."""
    for feuille in feuilles:
        champs = valeur("champs_obligatoires", feuille.date_soins) or ()
        vides = [libelle for champ, libelle in LIBELLES.items() if champ in champs and not _rempli(feuille, champ)]
        if vides:
            yield constat(feuille, champ=", ".join(vides))


def _rempli(feuille, champ):
    if champ == "montant":
        return any(ligne.facture for ligne in feuille.lignes)
    return bool(getattr(feuille, champ))


@regle("REC-02", obligatoire=oui_non)
def diagnostic_non_code(lot, feuilles, valeur):
    """Pas de code CIM-10, qu'un diagnostic en clair soit écrit ou non."""
    for feuille in feuilles:
        if not feuille.pathologie_id and (feuille.diagnostic_clair or valeur("obligatoire", feuille.date_soins)):
            yield constat(feuille)


@regle("REC-03")
def piece_manquante(lot, feuilles, valeur):
    """Une pièce de la matrice des pièces exigées n'est pas jointe."""
    if not lot.exigences:
        return
    for feuille in feuilles:
        jointes = lot.pieces_jointes.get(feuille.id, ())
        manquantes = []
        for type_id, nom, *conditions in lot.exigences:
            if type_id not in jointes and nom not in manquantes and _exigee(feuille, *conditions):
                manquantes.append(nom)
        if manquantes:
            yield constat(feuille, piece=", ".join(manquantes))


def _exigee(feuille, type_prestation, categorie, type_soins, mode, montant_min):
    """Dit si une ligne de la matrice vise cette feuille ; une case vide vaut « tous »."""
    if type_soins not in (None, feuille.type_soins) or mode not in (None, feuille.mode):
        return False
    if montant_min and sum(ligne.facture for ligne in feuille.lignes) < montant_min:
        return False
    return (not type_prestation and not categorie) or any(
        type_prestation in (None, ligne.prestation.type) and categorie in (None, ligne.prestation.categorie)
        for ligne in feuille.lignes)


@regle("REC-04", exigee=oui_non)
def signature_absente(lot, feuilles, valeur):
    """La vérification du document n'a pas trouvé signature et cachet."""
    for feuille in feuilles:
        absente = feuille.signature == "absente"
        if absente or (not feuille.signature and valeur("exigee", feuille.date_soins)):
            yield constat(feuille)


@regle("REC-05")
def multi_beneficiaires(lot, feuilles, valeur):
    """La feuille porte plusieurs personnes ou plusieurs épisodes."""
    for feuille in feuilles:
        if feuille.multi_beneficiaire:
            yield constat(feuille)


@regle("REC-06")
def date_invalide(lot, feuilles, valeur):
    """Soins après le dépôt, ou fin avant le début."""
    for feuille in feuilles:
        if feuille.date_depot and feuille.date_soins > feuille.date_depot or feuille.fin < feuille.date_soins:
            yield constat(feuille)


@regle("REC-07", delai_tiers_payant=entier, delai_remboursement=entier)
def forclusion(lot, feuilles, valeur):
    """Le dépôt suit la fin des soins de plus que le délai."""
    for feuille in feuilles:
        delai = valeur("delai_" + feuille.mode, feuille.date_soins)
        if delai is None or not feuille.date_depot:
            continue
        ecart = (feuille.date_depot - feuille.fin).days
        if ecart > delai:
            yield constat(feuille, n=ecart)


@regle("REC-08")
def deja_enregistree(lot, feuilles, valeur):
    """La feuille numérisée (même empreinte) est déjà dans un dossier reçu avant."""
    for feuille in feuilles:
        autre = lot.pieces_vues.get(feuille.id)
        if autre:
            yield constat(feuille, ref=autre)


@regle("REC-09")
def carnet_non_attribue(lot, feuilles, valeur):
    """Le numéro imprimé sort des plages remises à la formation ; muette si elle n'a pas de carnet."""
    for feuille in feuilles:
        plages = lot.carnets.get(feuille.formation_id)
        if plages and feuille.numero_carnet and not any(a <= feuille.numero_carnet <= b for a, b in plages):
            yield constat(feuille)


@regle("REC-10", tolerance=entier)
def total_discordant(lot, feuilles, valeur):
    """Le total écrit n'est pas la somme des lignes."""
    for feuille in feuilles:
        if feuille.total_declare is None:
            continue
        calcule = sum(ligne.facture for ligne in feuille.lignes)
        if abs(feuille.total_declare - calcule) > (valeur("tolerance", feuille.date_soins) or 0):
            yield constat(feuille, a=feuille.total_declare, b=calcule)
