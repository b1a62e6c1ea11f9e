"""Les lots déjà remis gardent leur fichier ; un indu constaté sur un remboursement se réclame à l'assuré."""
import base64

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    for lot in env["cnas.lot_paiement"].search([("state", "in", ("transmis", "execute")), ("fichier", "=", False)]):
        lot._ecrire({"fichier": base64.b64encode(lot._fichier_aller())}, suivi=False)
    indus = env["cnas.indu"].search([
        ("state", "=", "constate"), ("formation_id", "!=", False), ("feuille_id.mode", "=", "remboursement")])
    for indu in indus:
        qui, _recu = indu._recus(indu.feuille_id).get((indu.feuille_id, indu.compte), (indu.formation_id, 0))
        indu._ecrire(indu._debiteur(qui))
    perdus = env["cnas.ordre_paiement"].search([
        ("state", "=", "rejete"), ("remplacant_ids", "=", False), ("facture_id.state", "not in", ("ordonnancee", "payee"))])
    perdus._changer_etat("annule", motif_rejet="L'ordonnancement de la facture a été annulé.")
