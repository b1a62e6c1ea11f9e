from . import export_registre_wizard, retour_complementaire_wizard
