def migrate(cr, version):
    """Le portail cherche par le matricule déclaré : les salariés préparés hier sans lui le reçoivent ; qui n'est pas du sien, non."""
    cr.execute("""
        UPDATE cnas_declaration_effectif_ligne l SET matricule_declare = a.matricule
          FROM cnas_declaration_effectif d, cnas_assure a
         WHERE d.id = l.declaration_id AND a.id = l.assure_id AND l.matricule_declare IS NULL
           AND EXISTS (SELECT 1 FROM cnas_emploi e WHERE e.assure_id = a.id AND e.employeur_id = d.employeur_id)""")
