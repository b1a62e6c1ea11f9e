from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Relie à leur mère les enfants déjà inscrits."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["cnas.assure"].with_context(active_test=False).search([("lien", "=", "enfant")])._relier_meres()
