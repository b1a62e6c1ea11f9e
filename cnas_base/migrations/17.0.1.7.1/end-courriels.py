from odoo import SUPERUSER_ID, api

REDITE = '<p dir="rtl" lang="ar"'
EN_FRANCAIS_SEULEMENT = '<p t-if="sens_de_la_langue == \'ltr\'" dir="rtl" lang="ar"'


def migrate(cr, version):
    """Un courriel qui s'écrit en arabe ne redit plus sa phrase arabe."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    gabarits = env["mail.template"].search([("email_layout_xmlid", "=", "cnas_base.courriel")])
    for xmlid in filter(None, gabarits.get_external_id().values()):
        gabarits._reprendre(xmlid, {REDITE: EN_FRANCAIS_SEULEMENT})
    gabarits._habiller()
