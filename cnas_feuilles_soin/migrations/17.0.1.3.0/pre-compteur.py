def migrate(cr, version):
    """Un compteur garde chaque réserve sur sa ligne : l'agence et l'année y reviennent."""
    cr.execute("ALTER TABLE cnas_compteur_depot DROP CONSTRAINT IF EXISTS cnas_compteur_depot_agence_annee_unique")
