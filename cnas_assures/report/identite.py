"""L'identité d'un assuré telle que l'impriment la carte, l'attestation et la fiche."""
from odoo.addons.cnas_base.ecriture import ecrire_date


def naissance(assure):
    """Rend la date de naissance, ou « vers AAAA » si elle est estimée."""
    if assure.date_naissance and assure.date_naissance_estimee:
        return f"vers {assure.date_naissance.year}"
    return ecrire_date(assure.date_naissance)


def est_ne(assure):
    """Rend « Né » ou « Née » selon le genre."""
    return "Née" if assure.genre == "feminin" else "Né"
