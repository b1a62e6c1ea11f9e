def migrate(cr, version):
    """Ces index ne gardent plus les feuilles qui n'ont pas la valeur : Odoo les refait, et les écrire en masse coûte moins."""
    for champ in ("controleur_id", "date_limite_instance", "date_numerisation", "date_archivage_prevue"):
        cr.execute(f'DROP INDEX IF EXISTS "cnas_feuille_soin__{champ}_index"')
