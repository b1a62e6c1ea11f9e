from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Le courriel déjà en base parle la langue de qui le lit ; une autre, que la caisse a choisie, reste la sienne."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["mail.template"]._reprendre("cnas_employeurs.mail_template_relance", {', lang_code="fr_FR"': ""})
    gabarit = env.ref("cnas_employeurs.mail_template_relance", raise_if_not_found=False)
    if gabarit and gabarit.lang in (False, "", "fr_FR"):
        gabarit.lang = "{{ object.employeur_id._langue_des_courriers() }}"
