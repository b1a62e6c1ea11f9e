from odoo import SUPERUSER_ID, api

ARABE = '<p dir="rtl" lang="ar" style="text-align:right">%s</p>'
# {gabarit: (après quoi, ce qui s'ajoute)}
AJOUTS = {
    "mail_template_relance": ('ne peuvent pas être tenus à jour.\n                </p>',
        '<p><a t-attf-href="{{ object.get_base_url() }}/my/employeur" style="color:#0B7A4B">Ouvrir votre espace</a></p>' + ARABE % "لم يصلنا بعد تصريحكم بأسماء العمال للشهر المذكور أعلاه. نرجو إرساله من الرابط أعلاه."),
    "courriel_invitation": ('Ne faites rien.</p>',
        ARABE % "يدعوكم الصندوق الوطني للتأمين الصحي إلى فتح حسابكم. اختاروا كلمة السر بالضغط على الرابط أعلاه."),
}


def migrate(cr, version):
    """Les courriels déjà en base se disent aussi en arabe ; ce que la caisse y a récrit reste le sien."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for gabarit, (repere, ajout) in AJOUTS.items():
        env["mail.template"]._reprendre(f"cnas_employeurs.{gabarit}", {repere: repere + ajout})
