"""Cohérence clinique : l'acte va-t-il avec la personne, le diagnostic, le reste de l'ordonnance ?"""
from .registre import constat, entier, liste, regle


@regle("CLI-01", sur="lignes")
def sexe(lot, lignes, valeur):
    """L'acte ou la pathologie est réservé à l'autre sexe."""
    for ligne in lignes:
        feuille = ligne.feuille
        if feuille.nouveau_ne:
            continue
        reserve, patho = ligne.prestation.sexe, feuille.patho_sexe
        if (reserve and reserve != feuille.genre) or (patho and patho != feuille.genre):
            yield constat(ligne)


@regle("CLI-02", sur="lignes")
def age(lot, lignes, valeur):
    """L'âge sort des bornes de la prestation ou de la pathologie (bornes incluses)."""
    for ligne in lignes:
        feuille, prestation = ligne.feuille, ligne.prestation
        if feuille.age is None:
            continue
        if (_hors(feuille.age, prestation.age_min, prestation.age_max)
                or _hors(feuille.age, feuille.patho_age_min, feuille.patho_age_max)):
            yield constat(ligne)


def _hors(annees, minimum, maximum):
    return (minimum is not None and annees < minimum) or (maximum is not None and annees > maximum)


@regle("CLI-03", sur="lignes")
def indication(lot, lignes, valeur):
    """La prestation a des indications, et le diagnostic n'en est pas."""
    for ligne in lignes:
        indications = lot.indications.get(ligne.prestation.id)
        pathologie = ligne.feuille.pathologie_id
        if indications and pathologie and pathologie not in indications:
            yield constat(ligne, attendues=lot.indications_nommees[ligne.prestation.id])


@regle("CLI-04", sur="feuilles")
def exclusifs(lot, feuilles, valeur):
    """Deux codes incompatibles le même jour pour la même personne : le moins cher tombe."""
    for feuille in feuilles:
        vives = feuille.lignes_vives()
        exclusives = [vive for vive in vives if vive.prestation.id in lot.exclusives]
        if not exclusives:
            continue
        passes = [p for p in lot.historique.du_beneficiaire(feuille) if p.date == feuille.date_soins]
        for ligne in sorted(exclusives, key=lambda vive: (vive.pu * vive.q, -vive.id)):
            autre = _rivale(lot, ligne, vives, passes)
            if autre is not None:
                yield constat(ligne, code=autre)


def _rivale(lot, ligne, vives, passes):
    """Rend le code d'une prestation exclusive encore retenue, ou None."""
    presents = [(autre.prestation.id, autre.prestation.code) for autre in vives if autre is not ligne and not autre.rejet]
    presents += [(passe.prestation_id, passe.prestation_code) for passe in passes]
    for prestation_id, code in presents:
        periodes = lot.incompatibilites.get((ligne.prestation.id, prestation_id))
        if periodes and periodes.au(ligne.feuille.date_soins):
            return code
    return None


@regle("CLI-05", sur="feuilles", atc4_controles=liste)
def redondants(lot, feuilles, valeur):
    """Deux médicaments de même DCI, ou d'un même groupe ATC4 contrôlé, sur la feuille."""
    for feuille in feuilles:
        groupes = valeur("atc4_controles", feuille.date_soins) or ()
        vus, vus_atc = set(), set()
        for ligne in feuille.lignes_vives():
            prestation = ligne.prestation
            if prestation.type != "medicament":
                continue
            atc4 = (prestation.atc or "")[:5]
            redondant = (prestation.dci and prestation.dci in vus) or (atc4 in groupes and atc4 in vus_atc)
            vus.add(prestation.dci)
            vus_atc.add(atc4)
            if redondant:
                yield constat(ligne)


@regle("CLI-06", sur="lignes")
def contre_indication(lot, lignes, valeur):
    """Contre-indiqué pendant la grossesse, ou hors des âges permis."""
    if not lot.contre_indications:
        return
    for ligne in lignes:
        contres = lot.contre_indications.get(ligne.prestation.id)
        if contres and any(contre.vise(ligne.feuille) for contre in contres):
            yield constat(ligne)


@regle("CLI-07", sur="feuilles", max_lignes=entier)
def trop_de_medicaments(lot, feuilles, valeur):
    """Plus de lignes de médicaments que le seuil, en ambulatoire."""
    for feuille in feuilles:
        if feuille.type_soins != "ambulatoire" or len(feuille.lignes) < 2:
            continue
        maximum = valeur("max_lignes", feuille.date_soins)
        nombre = sum(1 for ligne in feuille.lignes if not ligne.rejet and ligne.prestation.type == "medicament")
        if maximum is not None and nombre > maximum:
            yield constat(feuille, n=maximum)


@regle("CLI-08", sur="lignes")
def unique_dans_la_vie(lot, lignes, valeur):
    """Un acte qu'on ne fait qu'une fois, déjà accepté pour la personne."""
    for ligne in lignes:
        if not ligne.prestation.unique_vie:
            continue
        passes = lot.historique.du_code(ligne.feuille, ligne.prestation.id)
        if passes:
            yield constat(ligne, date=min(p.date for p in passes))
