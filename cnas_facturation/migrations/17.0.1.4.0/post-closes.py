"""Une facture sans rien à payer est close à sa validation : plus d'ordonnancement ni de référence inventée à zéro franc."""
from odoo import SUPERUSER_ID, api

MOTIF = "Rien à payer : la facture est close depuis sa validation."


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    factures = env["cnas.facture"].search([("state", "in", ("ordonnancee", "payee")), ("net_a_payer", "=", 0)])
    feuilles = env["cnas.feuille_soin"].search([("facture_id", "in", factures.ids), ("state", "=", "payee")])
    feuilles._changer_etat("validee", motif_journal=MOTIF)
    departs = {facture.id: facture.state for facture in factures}
    factures._ecrire({
        "state": "validee", "ordonnateur_id": False, "date_ordonnancement": False, "date_paiement": False,
        "reference_paiement": False, "payeur_id": False}, suivi=False)
    factures._journaliser_etats(departs, "validee", MOTIF)
