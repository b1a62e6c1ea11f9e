"""Le code de passage : la personne est-elle passée à la formation ce jour-là ?"""
from datetime import timedelta

from odoo.addons.cnas_feuilles_soin.regles.registre import constat, oui_non, regle


@regle("PAS-01", sur="feuilles", exige=oui_non)
def sans_code_de_passage(lot, feuilles, valeur):
    """Aucun passage confirmé par un code, à cette formation, pendant les soins ; éteinte tant que le paramètre dit non."""
    for feuille in feuilles:
        if not valeur("exige", feuille.date_soins) or feuille.mode != "tiers_payant":
            continue
        jours = (feuille.date_soins + timedelta(days=n) for n in range((feuille.fin - feuille.date_soins).days + 1))
        if not any((feuille.assure_id, feuille.formation_id, jour) in lot.passages for jour in jours):
            yield constat(feuille)
