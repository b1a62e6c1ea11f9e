"""Les noms arabes entrent dans la recherche : la clé de ceux qui en portent un, ou s'écrivent en arabe, se refait."""
from odoo import SUPERUSER_ID, api

PAR_PLAGE = 1000


def migrate(cr, version):
    if not version:
        return
    assures = api.Environment(cr, SUPERUSER_ID, {"active_test": False})["cnas.assure"]
    cr.execute(r"SELECT id FROM cnas_assure WHERE nom_ar IS NOT NULL OR prenom_ar IS NOT NULL OR name ~ '[\u0600-\u06ff]' ORDER BY id")
    ids = [rang[0] for rang in cr.fetchall()]
    for debut in range(0, len(ids), PAR_PLAGE):
        plage = assures.browse(ids[debut:debut + PAR_PLAGE])
        plage._compute_nom_phonetique()
        plage._compute_cle_arabe()
        plage.flush_recordset(["nom_phonetique", "cle_arabe"])
        plage.invalidate_recordset()
