from odoo import SUPERUSER_ID, api

ARABE = '<p dir="rtl" lang="ar" style="text-align:right">%s</p>'
# {gabarit: (après quoi, ce qui s'ajoute)}
AJOUTS = {
    "courriel_invitation": ('Ce lien est personnel : ne le transmettez pas.</p>',
        ARABE % "يدعوكم الصندوق الوطني للتأمين الصحي إلى فتح حسابكم. اختاروا كلمة السر بالضغط على الرابط أعلاه."),
    "courriel_compte_cree": ('Se connecter</a></p>',
        ARABE % "حسابكم لدى الصندوق الوطني للتأمين الصحي مفتوح. ادخلوا من الرابط أعلاه."),
    "courriel_rappel": ('</ul>',
        ARABE % "الأشخاص المذكورون أعلاه، المدعوون منذ خمسة أيام، لم يدخلوا بعد."),
    "courriel_portail": ('Choisir mon mot de passe</a></p>',
        ARABE % "يدعوكم الصندوق الوطني للتأمين الصحي إلى فتح حسابكم. اختاروا كلمة السر بالضغط على الرابط أعلاه."),
    "courriel_deux_facteurs": ('Activer la confirmation par code</a></p>',
        ARABE % "يطلب منكم المسؤول تأكيد الدخول برمز إضافي. فعّلوه من الرابط أعلاه."),
    "courriel_code": ('changez votre mot de passe.</p>',
        ARABE % "رمز الدخول إلى حسابكم مكتوب أعلاه. لا تعطوه لأحد."),
}


def migrate(cr, version):
    """Les courriels déjà en base se disent aussi en arabe ; ce que la caisse y a récrit reste le sien."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for gabarit, (repere, ajout) in AJOUTS.items():
        env["mail.template"]._reprendre(f"cnas_base.{gabarit}", {repere: repere + ajout})
    env["mail.template"]._habiller()
