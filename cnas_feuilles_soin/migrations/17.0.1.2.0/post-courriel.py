from odoo import SUPERUSER_ID, api

MORCEAUX = {
    '<strong t-out="object.date_limite_instance">2026-12-01</strong>':
        '<strong t-out="format_date(object.date_limite_instance, date_format=\'dd/MM/yyyy\')">01/12/2026</strong>',
    # Le papier à lettres signe.
    "<p>La Caisse Nationale d'Assurance Santé</p>":
        '<p><a t-attf-href="{{ object.get_base_url() }}/my/formation/feuilles/{{ object.id }}" style="color:#0B7A4B">'
        "Ouvrir le dossier dans votre espace</a></p>",
}


def migrate(cr, version):
    """Le courriel déjà en base prend la date en clair et le lien ; ce que la caisse y a récrit reste le sien."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["mail.template"]._reprendre("cnas_feuilles_soin.courriel_demande_pieces", MORCEAUX)
