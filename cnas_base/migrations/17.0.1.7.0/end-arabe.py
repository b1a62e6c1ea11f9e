from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """L'arabe arrive sur une base d'avant : la langue s'ouvre, les phrases d'Odoo et les nôtres s'y lisent."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["res.lang"]._activate_lang("ar_001")
    env["ir.module.module"].search([("state", "=", "installed")])._update_translations(["ar_001"])
