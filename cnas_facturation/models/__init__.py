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
    lot_virement,
    contestation,
    indu,
    indu_compensation,
    formation_sanitaire,
)
from . import accueil
