def migrate(cr, version):
    """Recopie sur les feuilles déjà déposées le niveau et le type de leur formation, seuls connus ce jour."""
    cr.execute("""
        UPDATE cnas_feuille_soin f SET niveau_formation = s.niveau, type_formation = s.type_formation
          FROM cnas_formation_sanitaire s
         WHERE s.id = f.formation_id AND f.niveau_formation IS NULL AND f.state <> 'brouillon'
    """)
