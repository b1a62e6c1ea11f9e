def migrate(cr, version):
    """L'index d'une file (état, dépôt) commence par l'état : celui de l'état seul ne sert plus."""
    cr.execute("DROP INDEX IF EXISTS cnas_feuille_soin__state_index")
