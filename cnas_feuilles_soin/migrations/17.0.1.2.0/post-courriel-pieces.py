"""Le courriel des pièces attendues dit sa date en clair et ouvre le dossier ; un gabarit que la caisse a récrit reste le sien."""
import json

LIVREE = '<strong t-out="object.date_limite_instance">2026-12-01</strong>'
EN_CLAIR = '<strong t-out="object.date_limite_instance.strftime(\'%d/%m/%Y\')">01/12/2026</strong>'
SIGNATURE = "<p>La Caisse Nationale d'Assurance Santé</p>"
LIEN = (
    '<p><a t-attf-href="{{ object.get_base_url() }}/my/formation/feuilles/{{ object.id }}">'
    "Ouvrir le dossier dans votre espace</a></p>")


def migrate(cr, version):
    # Toutes les langues à la fois : le gabarit se garde en JSON, une clé par langue.
    livree, en_clair, signature, lien = (
        json.dumps(texte, ensure_ascii=False)[1:-1] for texte in (LIVREE, EN_CLAIR, SIGNATURE, LIEN))
    cr.execute("""
        UPDATE mail_template t SET body_html = replace(replace(t.body_html::text, %(livree)s, %(clair)s), %(signature)s, %(suite)s)::jsonb
          FROM ir_model_data d
         WHERE d.module = 'cnas_feuilles_soin' AND d.name = 'courriel_demande_pieces' AND d.model = 'mail.template'
           AND d.res_id = t.id AND position(%(livree)s IN t.body_html::text) > 0""", {
        "livree": livree, "clair": en_clair, "signature": signature, "suite": lien + signature})
