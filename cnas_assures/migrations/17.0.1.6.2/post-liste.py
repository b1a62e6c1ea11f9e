def migrate(cr, version):
    """L'index de la liste des droits commence par leur début : celui du début seul ne sert plus."""
    cr.execute("DROP INDEX IF EXISTS cnas_droit__date_debut_index")
