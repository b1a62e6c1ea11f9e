from odoo import SUPERUSER_ID, api

ARABE = '<p dir="rtl" lang="ar" style="text-align:right">%s</p>'
# {gabarit: (après quoi, ce qui s'ajoute)}
AJOUTS = {
    "courriel_demande_pieces": ('Ouvrir le dossier dans votre espace</a></p>',
        ARABE % "الملف المذكور أعلاه ينتظر منكم وثائق أو انتباهكم. افتحوه من الرابط أعلاه."),
}


def migrate(cr, version):
    """Les courriels déjà en base se disent aussi en arabe ; ce que la caisse y a récrit reste le sien."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for gabarit, (repere, ajout) in AJOUTS.items():
        env["mail.template"]._reprendre(f"cnas_feuilles_soin.{gabarit}", {repere: repere + ajout})
