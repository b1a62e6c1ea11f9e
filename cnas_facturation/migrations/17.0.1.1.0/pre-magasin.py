"""`cnas.parametre_facturation` est parti dans le magasin `cnas.parametre` : `post-magasin.py` y porte ses valeurs."""


def migrate(cr, version):
    # Odoo ne sait pas ôter les choix d'un modèle qui n'existe plus.
    cr.execute("""
        WITH partis AS (DELETE FROM ir_model_fields_selection WHERE field_id IN (
                               SELECT id FROM ir_model_fields WHERE model = 'cnas.parametre_facturation') RETURNING id)
        DELETE FROM ir_model_data WHERE model = 'ir.model.fields.selection' AND res_id IN (SELECT id FROM partis)""")
