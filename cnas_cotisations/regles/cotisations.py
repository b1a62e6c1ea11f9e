"""À jour de cotisations : le cotisant a-t-il payé ce qui était échu avant les soins, le délai de grâce passé ?"""
from datetime import timedelta

from odoo.addons.cnas_feuilles_soin.regles.registre import constat, entier, liste, regle


@regle("DRT-11", sur="feuilles", delai_grace=entier, exceptions=liste)
def cotisations_impayees(lot, feuilles, valeur):
    """Une cotisation échue reste impayée au-delà du délai de grâce, le jour des soins ; enfants et urgences exceptés."""
    for feuille in feuilles:
        depuis = lot.impayes.get((feuille.principal_id, feuille.regime_code, feuille.date_soins))
        if not depuis:
            continue
        jour = feuille.date_soins
        exceptions = valeur("exceptions", jour) or ()
        if (feuille.urgence and "urgence" in exceptions) or feuille.nature in exceptions:
            continue
        if depuis + timedelta(days=valeur("delai_grace", jour) or 0) < jour:
            yield constat(feuille, date=depuis)
