"""Doublons : ces soins ont-ils déjà été présentés ? « Accepté » : ligne retenue d'un dossier vivant."""
from .registre import constat, regle


@regle("DBL-01", sur="lignes")
def strict(lot, lignes, valeur):
    """Même bénéficiaire, formation, code, jour et mode, déjà accepté (autre dossier ou autre ligne)."""
    for ligne in lignes:
        feuille = ligne.feuille
        for passe in lot.historique.du_code(feuille, ligne.prestation.id):
            if (passe.date == feuille.date_soins and passe.formation_id == feuille.formation_id
                    and passe.mode == feuille.mode):
                yield constat(ligne, ref=passe.numero)
                break
        else:
            if any(autre is not ligne and not autre.rejet and autre.prestation is ligne.prestation
                   and autre.rang_ligne < ligne.rang_ligne for autre in feuille.lignes):
                yield constat(ligne, ref=feuille.numero)


@regle("DBL-02", sur="lignes")
def inter_formations(lot, lignes, valeur):
    """Même bénéficiaire, code, jour et mode, dans une autre formation."""
    for ligne in lignes:
        feuille = ligne.feuille
        for passe in lot.historique.du_code(feuille, ligne.prestation.id):
            if (passe.date == feuille.date_soins and passe.formation_id != feuille.formation_id
                    and passe.mode == feuille.mode):
                yield constat(ligne, formation=passe.formation_nom)
                break


@regle("DBL-03", sur="feuilles")
def facture_deja_liquidee(lot, feuilles, valeur):
    """Le numéro de facture de la formation, pour l'exercice, est déjà payé dans un autre dossier."""
    for feuille in feuilles:
        if feuille.numero_facture and lot.facture_payee(feuille):
            yield constat(feuille)


@regle("DBL-04", sur="lignes")
def cumul_des_modes(lot, lignes, valeur):
    """La même prestation, le même jour, déjà acceptée sous l'autre mode de règlement."""
    libelles = {"tiers_payant": "en tiers payant", "remboursement": "en remboursement"}
    for ligne in lignes:
        feuille = ligne.feuille
        for passe in lot.historique.du_code(feuille, ligne.prestation.id):
            if passe.date == feuille.date_soins and passe.mode != feuille.mode:
                yield constat(ligne, mode=libelles.get(passe.mode, passe.mode))
                break


@regle("DBL-05", sur="feuilles")
def sejours(lot, feuilles, valeur):
    """Deux séjours de la même personne se chevauchent ; sortir et entrer le même jour est un transfert."""
    for feuille in feuilles:
        if feuille.type_soins != "hospitalisation":
            continue
        debut, fin = feuille.date_soins, feuille.fin
        for passe in lot.historique.du_beneficiaire(feuille):
            if passe.type_soins != "hospitalisation":
                continue
            if (passe.date < fin and debut < passe.fin) or (passe.date, passe.fin) == (debut, fin):
                yield constat(feuille, ref=passe.numero)
                break
