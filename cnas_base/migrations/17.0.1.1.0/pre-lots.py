"""Les lots passent à `queue_job` : la tâche planifiée et les plages du moteur d'avant s'en vont."""


def migrate(cr, version):
    cr.execute("""
        DELETE FROM ir_cron WHERE id IN (
               SELECT res_id FROM ir_model_data WHERE module = 'cnas_base' AND name = 'ir_cron_lot')""")
    cr.execute("DELETE FROM ir_model_data WHERE module = 'cnas_base' AND name = 'ir_cron_lot'")
    cr.execute("DROP TABLE IF EXISTS cnas_lot_plage")
    # Odoo ne sait pas ôter les choix d'un modèle qui n'existe plus.
    cr.execute("""
        WITH partis AS (DELETE FROM ir_model_fields_selection WHERE field_id IN (
                               SELECT id FROM ir_model_fields WHERE model = 'cnas.lot.plage') RETURNING id)
        DELETE FROM ir_model_data WHERE model = 'ir.model.fields.selection' AND res_id IN (SELECT id FROM partis)""")
