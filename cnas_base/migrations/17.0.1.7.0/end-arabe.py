from odoo import SUPERUSER_ID, api

ARABE = '<p dir="rtl" lang="ar"'
EN_FRANCAIS_SEULEMENT = '<p t-if="sens_de_la_langue == \'ltr\'" dir="rtl" lang="ar"'


def migrate(cr, version):
    """L'arabe arrive sur une base d'avant : la langue s'ouvre, les phrases d'Odoo et les nôtres s'y lisent ; un courriel en arabe ne s'y redit pas."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["res.lang"]._activate_lang("ar_001")
    env["ir.module.module"].search([("state", "=", "installed")])._update_translations(["ar_001"])
    gabarits = env["mail.template"].search([("email_layout_xmlid", "=", "cnas_base.courriel")])
    for xmlid in filter(None, gabarits.get_external_id().values()):
        gabarits._reprendre(xmlid, {ARABE: EN_FRANCAIS_SEULEMENT})
    gabarits._habiller()
