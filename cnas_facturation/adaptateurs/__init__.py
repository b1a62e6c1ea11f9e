"""Un adaptateur par voie de paiement : il écrit le fichier aller d'un lot et lit le fichier retour qui dit payé ou rejeté."""
from .banque import Banque
from .guichet import Guichet
from .mobile import Airtel, Moov

ADAPTATEURS = {classe.nature: classe() for classe in (Banque, Airtel, Moov, Guichet)}
