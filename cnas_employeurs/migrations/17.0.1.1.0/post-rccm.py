from odoo import SUPERUSER_ID, api

from odoo.addons.cnas_employeurs.models.employeur import lire_rccm


def migrate(cr, version):
    """Écrit les RCCM connus sous leur forme unique ; deux employeurs qui n'en feraient plus qu'un gardent la leur, à revoir."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    cr.execute("SELECT id, rccm FROM cnas_employeur WHERE rccm IS NOT NULL ORDER BY id")
    connus = dict(cr.fetchall())
    pris = set(connus.values())
    for identifiant, rccm in connus.items():
        lu = lire_rccm(rccm)
        if lu != rccm and (not lu or lu not in pris):
            pris.add(lu)
            cr.execute("UPDATE cnas_employeur SET rccm = %s WHERE id = %s", (lu or None, identifiant))
    env.invalidate_all()
