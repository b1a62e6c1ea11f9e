"""`cnas.lot_virement` devient `cnas.lot_paiement` : le modèle, sa table et ses noms changent, ses données restent.

Le journal est en ajout seul : ce qu'il a dit d'un lot de virements garde le nom d'alors.
"""
from odoo.tools.sql import table_exists

ANCIEN, NOUVEAU = "cnas.lot_virement", "cnas.lot_paiement"
# Les tables du cadre qui nomment un modèle.
NOMMENT = (
    ("ir_model", "model"), ("ir_model_fields", "model"), ("ir_model_fields", "relation"), ("ir_model_data", "model"), ("ir_ui_view", "model"),
    ("ir_act_window", "res_model"), ("ir_filters", "model_id"), ("ir_attachment", "res_model"), ("mail_message", "model"),
    ("mail_followers", "res_model"), ("mail_activity", "res_model"), ("ir_exports", "resource"))


def migrate(cr, version):
    if not table_exists(cr, "cnas_lot_virement"):
        return
    cr.execute("ALTER TABLE cnas_lot_virement RENAME TO cnas_lot_paiement")
    cr.execute("ALTER SEQUENCE cnas_lot_virement_id_seq RENAME TO cnas_lot_paiement_id_seq")
    cr.execute("ALTER TABLE cnas_lot_paiement DROP CONSTRAINT IF EXISTS cnas_lot_virement_numero_unique")
    for table, colonne in NOMMENT:
        cr.execute(f"UPDATE {table} SET {colonne} = %s WHERE {colonne} = %s", (NOUVEAU, ANCIEN))
    cr.execute("DELETE FROM ir_model_constraint WHERE name = 'cnas_lot_virement_numero_unique'")
    cr.execute("UPDATE ir_model_data SET name = replace(name, 'lot_virement', 'lot_paiement') "
               "WHERE module = 'cnas_facturation' AND name LIKE '%lot\\_virement%'")
    cr.execute("UPDATE ir_sequence SET code = %s, prefix = replace(prefix, 'LV/', 'LP/') WHERE code = %s", (NOUVEAU, ANCIEN))
    # Une seule voie existait ; qui a créé le lot l'a préparé. Ceux qui sont partis l'ont fait sans seconde signature.
    cr.execute("""
        ALTER TABLE cnas_lot_paiement ADD COLUMN IF NOT EXISTS nature varchar, ADD COLUMN IF NOT EXISTS preparateur_id integer;
        UPDATE cnas_lot_paiement SET nature = COALESCE(nature, 'banque'), preparateur_id = COALESCE(preparateur_id, create_uid),
               state = CASE state WHEN 'prepare' THEN 'brouillon' ELSE state END""")
