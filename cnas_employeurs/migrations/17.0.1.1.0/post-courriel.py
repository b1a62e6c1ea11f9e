from odoo import SUPERUSER_ID, api

MORCEAUX = {
    'Déclaration de {{ format_date(object.periode, date_format="MMMM y") }} attendue':
        'Déclaration de {{ format_date(object.periode, date_format="MMMM y", lang_code="fr_FR") }} attendue'
        " — {{ object.employeur_id.raison_sociale }}",
    "<p>La Caisse Nationale d'Assurance Santé</p>": "",  # le papier à lettres signe
}


def migrate(cr, version):
    """La relance déjà en base dit de qui elle parle, en français ; ce que la caisse y a récrit reste le sien."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["mail.template"]._reprendre("cnas_employeurs.mail_template_relance", MORCEAUX)
    relance = env.ref("cnas_employeurs.mail_template_relance", raise_if_not_found=False)
    if relance and not relance.lang:
        relance.lang = "fr_FR"
