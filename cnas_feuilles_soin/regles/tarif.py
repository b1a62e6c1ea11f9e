"""Tarif : le prix, la cotation, les actes multiples, les forfaits."""
from ..liquidation import calcul
from .registre import constat, pourcentages, regle


@regle("TAR-01", sur="lignes", abat=True)
def ecretage(lot, lignes, valeur):
    """Le prix facturé dépasse le tarif opposable."""
    for ligne in lignes:
        if ligne.tarif is not None and ligne.pu > ligne.tarif:
            yield constat(ligne, ("prix", ligne.tarif), tarif=ligne.tarif)


@regle("TAR-02", sur="lignes", abat=True)
def cotation(lot, lignes, valeur):
    """Le coefficient facturé n'est pas celui de la nomenclature, et le prix s'en ressent."""
    for ligne in lignes:
        prestation = ligne.prestation
        if (ligne.coefficient and prestation.coefficient and ligne.tarif is not None
                and ligne.coefficient != prestation.coefficient and ligne.pu > ligne.tarif):
            yield constat(ligne, ("prix", ligne.tarif), lettre=prestation.lettre or "", coef=_ecrire_centiemes(prestation.coefficient))


def _ecrire_centiemes(valeur):
    """1050 → « 10,5 »."""
    entier, reste = divmod(valeur, 100)
    return f"{entier},{reste:02d}".rstrip("0").rstrip(",")


@regle("TAR-03", sur="feuilles", abat=True, rangs=pourcentages)
def actes_multiples(lot, feuilles, valeur):
    """Actes techniques d'une même séance : le plus fort coefficient plein, le suivant à moitié, puis rien."""
    for feuille in feuilles:
        techniques = [li for li in feuille.lignes if not li.rejet and li.prestation.technique]
        rangs = valeur("rangs", feuille.date_soins)
        if not techniques or not rangs:
            continue
        deja = sum(1 for passe in lot.historique.du_beneficiaire(feuille)
                   if passe.technique and passe.date == feuille.date_soins
                   and passe.formation_id == feuille.formation_id and passe.praticien_id == feuille.praticien_id)
        if deja + len(techniques) < 2:
            continue
        techniques.sort(key=lambda li: (-(li.prestation.coefficient or 0), -(li.tarif or 0), li.rang_ligne))
        for place, ligne in enumerate(techniques, deja):
            taux = rangs[min(place, len(rangs) - 1)]
            if taux < 100:
                yield constat(ligne, ("rang", taux), taux=f"{taux} %")


@regle("TAR-04", sur="lignes", abat=True)
def prix_de_reference(lot, lignes, valeur):
    """Le médicament est facturé au-dessus du prix de référence de sa DCI, de son dosage et de sa forme."""
    if not lot.prix_reference:
        return
    for ligne in lignes:
        prestation = ligne.prestation
        if not prestation.dci:
            continue
        periodes = lot.prix_reference.get((prestation.dci, prestation.dosage, prestation.forme))
        reference = periodes.au(ligne.feuille.date_soins) if periodes else None
        if reference is not None and ligne.pu > reference:
            yield constat(ligne, ("prix", reference))


@regle("TAR-05", sur="lignes", abat=True)
def ticket_mal_calcule(lot, lignes, valeur):
    """La part du patient écrite n'est pas base − part : la part CNAS est recalculée."""
    for ligne in lignes:
        if ligne.ticket_facture is None or ligne.taux is None:
            continue
        base = calcul.base(ligne)
        part = calcul.part(base, ligne.taux_retenu)
        if ligne.ticket_facture != base - part:
            yield constat(ligne, ("recalcul", max(ligne.facture - ligne.ticket_facture, 0), part))


@regle("TAR-06", sur="feuilles")
def inclus_dans_un_forfait(lot, feuilles, valeur):
    """La prestation est comprise dans un forfait retenu sur la même feuille."""
    for feuille in feuilles:
        for ligne in feuille.lignes_vives():
            for autre in feuille.lignes_vives() if ligne.prestation.id in lot.incluses else ():
                periodes = lot.inclusions.get((ligne.prestation.id, autre.prestation.id))
                if autre is not ligne and periodes and periodes.au(feuille.date_soins):
                    yield constat(ligne, code=autre.prestation.code)
                    break
