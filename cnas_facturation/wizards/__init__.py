from . import acces_assure, decision_wizard, echeancier_wizard, journal_wizard, paiement_wizard, preparation_wizard, retour_wizard
