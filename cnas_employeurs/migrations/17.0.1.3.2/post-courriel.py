"""L'objet de la relance dit le mois dans la langue du courriel."""
from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    if version:
        env = api.Environment(cr, SUPERUSER_ID, {})
        env["mail.template"]._reprendre("cnas_employeurs.mail_template_relance", {', lang_code="fr_FR"': ""})
