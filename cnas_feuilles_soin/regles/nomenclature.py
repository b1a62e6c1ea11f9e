"""Nomenclature : la prestation existe-t-elle, est-elle au panier, a-t-elle un tarif ?"""
from .registre import constat, regle


@regle("NOM-01", sur="lignes", sans_malade=True)
def code_inconnu(lot, lignes, valeur):
    """La prestation était retirée à la date des soins, ou n'a jamais été ouverte."""
    for ligne in lignes:
        prestation = ligne.prestation
        if prestation.retrait and ligne.feuille.date_soins > prestation.retrait:
            yield constat(ligne, date=prestation.retrait, motif="Prestation retirée le {date}")
        elif not prestation.active and not prestation.retrait:
            yield constat(ligne)


@regle("NOM-02", sur="lignes")
def hors_panier(lot, lignes, valeur):
    """La prestation n'est pas au panier du régime, à la date des soins."""
    for ligne in lignes:
        feuille = ligne.feuille
        if not lot.au_panier(feuille.regime_id, ligne.prestation.id, feuille.date_soins):
            yield constat(ligne, regime=feuille.regime_code or "")


@regle("NOM-03", sur="lignes", sans_tarif=True)
def tarif_absent(lot, lignes, valeur):
    """Aucun tarif, ou aucun taux de prise en charge, en vigueur à la date des soins."""
    for ligne in lignes:
        if ligne.tarif is None and not ligne.revue_pu:
            yield constat(ligne, date=ligne.feuille.date_soins)
        elif ligne.taux is None:
            yield constat(ligne, date=ligne.feuille.date_soins,
                          motif="Aucun taux de prise en charge en vigueur au {date}")


@regle("NOM-04", sur="lignes", sans_malade=True)
def medicament_hors_liste(lot, lignes, valeur):
    """Le médicament n'est pas remboursable."""
    for ligne in lignes:
        if ligne.prestation.type == "medicament" and not ligne.prestation.remboursable:
            yield constat(ligne)
