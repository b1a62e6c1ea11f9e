"""Prestataire : cette formation, ce praticien pouvaient-ils donner et facturer ces soins ?"""
from .registre import constat, entier, liste, oui_non, regle, table


@regle("FOR-01", sur="feuilles")
def non_conventionnee(lot, feuilles, valeur):
    """Aucune convention ne couvre la date des soins, hors urgence."""
    for feuille in feuilles:
        if feuille.situation == "aucune" and not feuille.urgence:
            yield constat(feuille)


@regle("FOR-02", sur="feuilles")
def suspendue(lot, feuilles, valeur):
    """La convention ou la formation était suspendue ce jour-là."""
    for feuille in feuilles:
        if feuille.situation == "suspendue":
            yield constat(feuille)


@regle("FOR-03", sur="lignes", sans_malade=True)
def hors_niveau(lot, lignes, valeur):
    """L'acte demande un niveau que la formation n'a pas, ou sort des spécialités de ses agréments.

    Un agrément pour la prestation même vaut pour tout niveau.
    """
    for ligne in lignes:
        prestation, feuille = ligne.prestation, ligne.feuille
        agrement = lot.agrement(feuille.formation_id, prestation, feuille.date_soins)
        if prestation.niveau_min > feuille.niveau and agrement != "prestation":
            yield constat(ligne, niveau=feuille.niveau)
        elif agrement == "hors":
            yield constat(ligne, motif="Spécialité pour laquelle la formation n'est pas agréée")


@regle("FOR-04", sur="lignes", types_ambulatoires=liste)
def type_de_soins(lot, lignes, valeur):
    """Acte d'hospitalisation sur une feuille ou dans une structure ambulatoire, ou l'inverse."""
    for ligne in lignes:
        attendu, feuille = ligne.prestation.type_soins, ligne.feuille
        if not attendu or attendu == "tous":
            continue
        ambulatoires = valeur("types_ambulatoires", feuille.date_soins) or ()
        structure = attendu == "hospitalisation" and feuille.type_formation in ambulatoires
        if attendu != feuille.type_soins or structure:
            yield constat(ligne)


@regle("FOR-05", sur="lignes", prescripteur_exige=oui_non, interdits=table)
def prescripteur(lot, lignes, valeur):
    """Praticien absent s'il est exigé, radié à la date des soins, ou de qualification exclue pour la catégorie."""
    for ligne in lignes:
        feuille = ligne.feuille
        if not feuille.praticien_id:
            if valeur("prescripteur_exige", feuille.date_soins):
                yield constat(ligne)
            continue
        radie = feuille.praticien_radie_le and feuille.praticien_radie_le <= feuille.date_soins
        interdits = (valeur("interdits", feuille.date_soins) or {}).get(feuille.praticien_qualification, ())
        if radie or ligne.prestation.categorie in interdits:
            yield constat(ligne)


@regle("FOR-06", sur="lignes", abat=True, niveau_min=entier, points=entier, fiche_exigee=oui_non)
def hors_parcours(lot, lignes, valeur):
    """Soins programmés en hôpital sans fiche de référence : le taux perd des points."""
    for ligne in lignes:
        feuille = ligne.feuille
        jour = feuille.date_soins
        niveau = valeur("niveau_min", jour)
        if feuille.urgence or niveau is None or feuille.niveau < niveau:
            continue
        absente = feuille.fiche_reference == "absente"
        if absente or (not feuille.fiche_reference and valeur("fiche_exigee", jour)):
            yield constat(ligne, ("points", valeur("points", jour) or 0))
