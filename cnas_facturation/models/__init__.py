from . import (
    schema_comptable,
    facture,
    feuille_soin,
    feuille_soin_ligne,
    anomalie,
    decompte,
    decompte_ligne,
    compte_paiement,
    assure,
    ordre_paiement,
    lot_paiement,
    retour_paiement,
    contestation,
    indu,
    indu_compensation,
    formation_sanitaire,
)
from . import accueil
