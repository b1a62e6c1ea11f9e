from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Le courriel déjà en base parle la langue de qui le lit ; une autre, que la caisse a choisie, reste la sienne."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["mail.template"]._reprendre("cnas_feuilles_soin.courriel_demande_pieces", {
        "object.motif_decision": "object.motif_lu", "demande.motif": "demande.motif_lu"})
    gabarit = env.ref("cnas_feuilles_soin.courriel_demande_pieces", raise_if_not_found=False)
    if gabarit and gabarit.lang in (False, "", "fr_FR"):
        gabarit.lang = "{{ object.formation_id._langue_des_courriers() }}"
