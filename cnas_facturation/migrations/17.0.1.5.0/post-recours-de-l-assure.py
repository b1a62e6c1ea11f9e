"""Le recours d'un assuré remboursé ne se montre plus à la formation que nomme sa facture."""
from odoo import SUPERUSER_ID, api

ANCIEN = '[("formation_id", "in", user.formation_ids.ids)]'
NOUVEAU = '[("formation_id", "in", user.formation_ids.ids), ("decompte_id.mode", "=", "tiers_payant")]'


def migrate(cr, version):
    regle = api.Environment(cr, SUPERUSER_ID, {}).ref("cnas_facturation.contestation_portail_rule", raise_if_not_found=False)
    # Une règle que la caisse a resserrée reste la sienne.
    if regle and regle.domain_force == ANCIEN:
        regle.domain_force = NOUVEAU
