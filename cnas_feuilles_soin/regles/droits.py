"""Droits : la personne est-elle couverte, ce jour-là, à ce titre ?"""
from ..liquidation.dates import plus_mois
from .registre import constat, entier, liste, oui_non, regle


@regle("DRT-01", sur="feuilles")
def assure_inconnu(lot, feuilles, valeur):
    """Le matricule ne mène à personne, ou la date de naissance écrite n'est pas la sienne."""
    for feuille in feuilles:
        declaree = feuille.date_naissance_declaree
        if feuille.nouveau_ne:
            continue  # la date écrite est celle de l'enfant, le matricule celui de sa mère
        if not feuille.matricule or (declaree and feuille.naissance and declaree != feuille.naissance):
            yield constat(feuille)


@regle("DRT-02", sur="feuilles")
def droits_fermes(lot, feuilles, valeur):
    """Aucune période de droits ne couvre la date des soins.

    Un empêchement qui a sa propre règle (lien, âge, décès, naissance) lui est laissé, si elle est active.
    """
    for feuille in feuilles:
        if feuille.empechement and PROPRES.get(feuille.empechement) not in lot.regles:
            yield constat(feuille, date=feuille.date_soins)


# Ce qui ferme des droits et que dit sa propre règle.
PROPRES = {"non_rattache": "DRT-04", "age": "DRT-05", "deces": "DRT-06", "naissance": "DRT-07"}


@regle("DRT-03", sur="lignes", exceptions=liste)
def carence(lot, lignes, valeur):
    """Les soins tombent avant affiliation + carence du régime, hors urgence et maternité."""
    for ligne in lignes:
        feuille = ligne.feuille
        if not feuille.carence_mois or not feuille.affiliation:
            continue
        if PROPRES.get(feuille.empechement) in lot.regles:
            continue  # naissance, décès, lien, âge : le vrai motif est dit par sa règle
        exceptions = valeur("exceptions", feuille.date_soins) or ()
        excepte = ("urgence" in exceptions and feuille.urgence) or feuille.nature in exceptions
        if not excepte and feuille.date_soins < plus_mois(feuille.affiliation, feuille.carence_mois):
            yield constat(ligne)


@regle("DRT-04", sur="feuilles")
def non_rattache(lot, feuilles, valeur):
    """Un ayant droit sans lien familial en cours avec un assuré principal à la date des soins."""
    for feuille in feuilles:
        if feuille.empechement == "non_rattache":
            yield constat(feuille)


@regle("DRT-05", sur="feuilles")
def limite_age(lot, feuilles, valeur):
    """Un enfant a passé l'âge sans justificatif (limites : paramètres des assurés, selon la scolarité)."""
    for feuille in feuilles:
        if feuille.empechement == "age":
            yield constat(feuille)


@regle("DRT-06", sur="feuilles")
def apres_deces(lot, feuilles, valeur):
    """Des soins après la date de décès."""
    for feuille in feuilles:
        if feuille.deces and feuille.date_soins > feuille.deces:
            yield constat(feuille, date=feuille.deces)


@regle("DRT-07", sur="feuilles")
def avant_naissance(lot, feuilles, valeur):
    """Des soins avant la naissance, sauf nouveau-né soigné sous le matricule de sa mère."""
    for feuille in feuilles:
        if feuille.naissance and feuille.date_soins < feuille.naissance and not feuille.nouveau_ne:
            yield constat(feuille)


@regle("DRT-08", sur="feuilles", age_nouveau_ne_mois=entier)
def nouveau_ne(lot, feuilles, valeur):
    """Un nouveau-né soigné sous le matricule de sa mère : sans attestation, ou trop âgé pour en rester là."""
    for feuille in feuilles:
        if not feuille.nouveau_ne:
            continue
        mois, ne_le = valeur("age_nouveau_ne_mois", feuille.date_soins), feuille.date_naissance_declaree
        trop_age = bool(mois is not None and ne_le and plus_mois(ne_le, mois) <= feuille.date_soins)
        if not feuille.attestation_nouveau_ne or trop_age:
            yield constat(feuille)


@regle("DRT-09", sur="lignes", causes=liste, signaler_gratuites=oui_non)
def risque_hors_champ(lot, lignes, valeur):
    """La cause déclarée, ou un programme de gratuité, désigne un autre payeur."""
    for ligne in lignes:
        feuille = ligne.feuille
        jour = feuille.date_soins
        if feuille.cause and feuille.cause in (valeur("causes", jour) or ()):
            yield constat(ligne, payeur=CAUSES.get(feuille.cause, feuille.cause))
        elif lot.gratuites and valeur("signaler_gratuites", jour):
            for gratuite in lot.gratuites:
                if gratuite.vise(feuille, ligne, jour):
                    yield constat(ligne, payeur=gratuite.name)
                    break


@regle("DRT-10", sur="feuilles")
def carte_perdue(lot, feuilles, valeur):
    """La carte présentée était déclarée perdue ou volée le jour des soins, ou avant."""
    for feuille in feuilles:
        if feuille.carte_perdue_le and feuille.date_soins >= feuille.carte_perdue_le:
            yield constat(feuille, date=feuille.carte_perdue_le)


CAUSES = {
    "accident_travail": "accident du travail",
    "accident_tiers": "tiers responsable",
    "programme": "programme vertical",
}
