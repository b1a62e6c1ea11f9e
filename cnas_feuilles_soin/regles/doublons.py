"""Doublons : ces soins ont-ils déjà été présentés ? « Accepté » : ligne retenue d'un dossier vivant."""
from operator import attrgetter

from odoo.tools import groupby

from .registre import constat, regle


def _deja_ce_jour(lot, lignes):
    """Rend (feuille, ses lignes, ce qui est déjà accepté ce jour-là pour la personne)."""
    for feuille, siennes in groupby(lignes, attrgetter("feuille")):
        yield feuille, siennes, [p for p in lot.historique.du_beneficiaire(feuille) if p.date == feuille.date_soins]


def _deja_acceptees(lot, lignes):
    """Rend (ligne, les mêmes prestations déjà acceptées ce jour-là pour la personne) ; le plus souvent, rien."""
    for _feuille, siennes, du_jour in _deja_ce_jour(lot, lignes):
        for ligne in siennes if du_jour else ():
            yield ligne, [p for p in du_jour if p.prestation_id == ligne.prestation.id]


@regle("DBL-01", sur="lignes")
def strict(lot, lignes, valeur):
    """Même bénéficiaire, formation, code, jour et mode, déjà accepté (autre dossier ou autre ligne)."""
    for feuille, siennes, du_jour in _deja_ce_jour(lot, lignes):
        memes = [p for p in du_jour if p.formation_id == feuille.formation_id and p.mode == feuille.mode]
        if not memes and len({ligne.prestation for ligne in feuille.lignes}) == len(feuille.lignes):
            continue
        for ligne in siennes:
            numeros = [p.numero for p in memes if p.prestation_id == ligne.prestation.id]
            numeros += [feuille.numero for autre in feuille.lignes[:ligne.rang_ligne]
                        if autre.prestation is ligne.prestation and not autre.rejet]
            if numeros:
                yield constat(ligne, ref=numeros[0])


@regle("DBL-02", sur="lignes")
def inter_formations(lot, lignes, valeur):
    """Même bénéficiaire, code, jour et mode, dans une autre formation."""
    for ligne, passees in _deja_acceptees(lot, lignes):
        feuille = ligne.feuille
        ailleurs = [p.formation_nom for p in passees if p.formation_id != feuille.formation_id and p.mode == feuille.mode]
        if ailleurs:
            yield constat(ligne, formation=ailleurs[0])


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
    for ligne, passees in _deja_acceptees(lot, lignes):
        modes = [p.mode for p in passees if p.mode != ligne.feuille.mode]
        if modes:
            yield constat(ligne, mode=libelles.get(modes[0], modes[0]))


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


@regle("DBL-06", sur="feuilles")
def pendant_un_sejour(lot, feuilles, valeur):
    """Des soins ambulatoires pendant un séjour, ici ou ailleurs ; le jour d'entrée et celui de sortie sont permis.

    Un séjour qui attend sa date de sortie dure au moins jusqu'à son dépôt : tout ce qui s'y passe, séjour compris, se signale.
    """
    for feuille in feuilles:
        ouvert = next((numero for ident, numero, entree, depot in lot.sejours_ouverts[feuille.personne]
                       if ident != feuille.id and entree < feuille.fin and feuille.date_soins < depot), None)
        if ouvert:
            yield constat(feuille, ref=ouvert)
            continue
        sejour = feuille.type_soins == "hospitalisation"
        for passe in lot.historique.du_beneficiaire(feuille):
            if (passe.type_soins == "hospitalisation") == sejour:
                continue
            dedans, autour = (passe, feuille) if sejour else (feuille, passe)
            debut = autour.date_soins if sejour else autour.date
            jour = dedans.date if sejour else dedans.date_soins
            if debut < jour < autour.fin:
                yield constat(feuille, ref=passe.numero)
                break
