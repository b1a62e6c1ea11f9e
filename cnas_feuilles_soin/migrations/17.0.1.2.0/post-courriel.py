from odoo import SUPERUSER_ID, api, tools


def migrate(cr, version):
    """Le courriel déjà en base est gardé des mises à jour : il prend la nouvelle rédaction (date écrite, lien, papier)."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    tools.convert_file(env, "cnas_feuilles_soin", "data/mail_template_data.xml", {}, mode="init", noupdate=True)
