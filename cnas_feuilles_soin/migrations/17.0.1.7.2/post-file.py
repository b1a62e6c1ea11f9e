def migrate(cr, version):
    """Les index de la liste (dépôt) et d'une file (état, dépôt) remplacent ceux de ces seules colonnes."""
    cr.execute("DROP INDEX IF EXISTS cnas_feuille_soin__state_index, cnas_feuille_soin__date_depot_index")
