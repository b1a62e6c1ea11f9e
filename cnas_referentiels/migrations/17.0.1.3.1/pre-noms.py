"""Le programme payeur se traduit : la contrainte qui compare sa colonne comme un texte part avant qu'Odoo la change ; il la refait ensuite."""


def migrate(cr, version):
    if version:
        cr.execute("ALTER TABLE cnas_gratuite DROP CONSTRAINT IF EXISTS cnas_gratuite_periode_exclusive")
