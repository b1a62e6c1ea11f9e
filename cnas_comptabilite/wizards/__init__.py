from . import comptabiliser_wizard, etat_comptable_wizard
