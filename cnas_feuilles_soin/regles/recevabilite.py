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


@regle("REC-01", sur="feuilles", champs_obligatoires=liste)
def feuille_incomplete(lot, feuilles, valeur):
    """Un champ exigé par le paramètre est vide, ou la date qui donne son âge, donc son taux, au nouveau-né."""
    for feuille in feuilles:
        champs = valeur("champs_obligatoires", feuille.date_soins) or ()
        vides = [libelle for champ, libelle in LIBELLES.items() if champ in champs and not _rempli(feuille, champ)]
        if feuille.nouveau_ne and not feuille.date_naissance_declaree:
            vides.append("date de naissance du nouveau-né")
        if vides:
            yield constat(feuille, champ=", ".join(vides))


def _rempli(feuille, champ):
    if champ == "montant":  # zéro est un montant : des soins gratuits s'enregistrent
        return all(ligne.prix is not None for ligne in feuille.lignes)
    return bool(getattr(feuille, champ))


@regle("REC-02", sur="feuilles", obligatoire=oui_non)
def diagnostic_non_code(lot, feuilles, valeur):
    """Pas de code CIM-10, qu'un diagnostic en clair soit écrit ou non."""
    for feuille in feuilles:
        if not feuille.pathologie_id and (feuille.diagnostic_clair or valeur("obligatoire", feuille.date_soins)):
            yield constat(feuille, piece="diagnostic codé")


@regle("REC-03", sur="feuilles")
def piece_manquante(lot, feuilles, valeur):
    """Une pièce de la matrice des pièces exigées n'est pas jointe."""
    for feuille in feuilles:
        jointes = lot.pieces_jointes.get(feuille.id, ())
        types = {e.type_piece_id: e.nom for e in lot.exigences if e.type_piece_id not in jointes and e.vise(feuille)}
        if types:
            yield constat(feuille, piece=", ".join(types.values()), types=types)


@regle("REC-04", sur="feuilles", exigee=oui_non)
def signature_absente(lot, feuilles, valeur):
    """La vérification du document n'a pas trouvé signature et cachet."""
    for feuille in feuilles:
        absente = feuille.signature == "absente"
        if absente or (not feuille.signature and valeur("exigee", feuille.date_soins)):
            yield constat(feuille)


@regle("REC-05", sur="feuilles")
def multi_beneficiaires(lot, feuilles, valeur):
    """La feuille porte plusieurs personnes ou plusieurs épisodes."""
    for feuille in feuilles:
        if feuille.multi_beneficiaire:
            yield constat(feuille)


@regle("REC-06", sur="feuilles")
def date_invalide(lot, feuilles, valeur):
    """Soins après le dépôt, ou fin avant le début."""
    for feuille in feuilles:
        if feuille.date_depot and feuille.date_soins > feuille.date_depot or feuille.fin < feuille.date_soins:
            yield constat(feuille)


@regle("REC-07", sur="feuilles", delai_tiers_payant=entier, delai_remboursement=entier)
def forclusion(lot, feuilles, valeur):
    """Le dépôt suit la fin des soins de plus que le délai."""
    for feuille in feuilles:
        delai = valeur("delai_" + feuille.mode, feuille.date_soins)
        if delai is None or not feuille.date_depot:
            continue
        ecart = (feuille.date_depot - feuille.fin).days
        if ecart > delai:
            yield constat(feuille, n=ecart)


@regle("REC-08", sur="feuilles")
def deja_enregistree(lot, feuilles, valeur):
    """La feuille numérisée (même empreinte) est déjà dans un dossier reçu avant."""
    for feuille in feuilles:
        autre = lot.pieces_vues.get(feuille.id)
        if autre:
            yield constat(feuille, ref=autre)


@regle("REC-09", sur="feuilles")
def carnet_non_attribue(lot, feuilles, valeur):
    """Le numéro imprimé sort des plages remises à la formation ; muette si elle n'a pas de carnet."""
    for feuille in feuilles:
        plages = lot.carnets.get(feuille.formation_id)
        if plages and feuille.numero_carnet and not any(a <= feuille.numero_carnet <= b for a, b in plages):
            yield constat(feuille)


@regle("REC-10", sur="feuilles", tolerance=entier)
def total_discordant(lot, feuilles, valeur):
    """Le total écrit n'est pas la somme des lignes."""
    for feuille in feuilles:
        if feuille.total_declare is None:
            continue
        calcule = sum(ligne.facture for ligne in feuille.lignes)
        if abs(feuille.total_declare - calcule) > (valeur("tolerance", feuille.date_soins) or 0):
            yield constat(feuille, a=feuille.total_declare, b=calcule)


@regle("REC-11", sur="feuilles")
def sortie_non_datee(lot, feuilles, valeur):
    """Une hospitalisation sans date de sortie : ni ses journées ni ses chevauchements ne se jugent."""
    for feuille in feuilles:
        if feuille.type_soins == "hospitalisation" and not feuille.date_fin:
            yield constat(feuille)
