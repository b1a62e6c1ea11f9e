from odoo import SUPERUSER_ID, api

from odoo.addons.cnas_base.hooks import oter_adresse_d_exemple


def migrate(cr, version):
    """La société d'une base née avec la démonstration garde l'adresse d'exemple d'Odoo."""
    oter_adresse_d_exemple(api.Environment(cr, SUPERUSER_ID, {}))
