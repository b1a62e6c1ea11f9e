"""Un nom en écriture arabe se retrouve à l'oreille : sa clé de rapprochement se refait en lettres latines."""
from odoo import SUPERUSER_ID, api

PAR_PLAGE = 1000


def migrate(cr, version):
    if not version:
        return
    assures = api.Environment(cr, SUPERUSER_ID, {"active_test": False})["cnas.assure"]
    cr.execute(r"SELECT id FROM cnas_assure WHERE name ~ '[\u0600-\u06ff]' ORDER BY id")
    ids = [rang[0] for rang in cr.fetchall()]
    for debut in range(0, len(ids), PAR_PLAGE):
        plage = assures.browse(ids[debut:debut + PAR_PLAGE])
        plage._compute_nom_phonetique()
        plage.flush_recordset(["nom_phonetique"])
        plage.invalidate_recordset()
