"""Plafonds : l'année passe avant la feuille, et la franchise déjà retenue se note sur les lignes."""


def migrate(cr, version):
    """Échange les rangs d'origine de PLF-01 et PLF-02 (un ordre choisi par l'administrateur reste), reprend les franchises."""
    cr.execute("""
        UPDATE cnas_regle_controle SET sequence = 2003 - sequence
         WHERE (code, sequence) IN (('PLF-01', 1002), ('PLF-02', 1001))""")
    cr.execute("""
        UPDATE cnas_feuille_soin_ligne l SET franchise = a.retenue
          FROM (SELECT a.ligne_id, sum(a.montant_avant - a.montant_apres) AS retenue
                  FROM cnas_anomalie a JOIN cnas_regle_controle r ON r.id = a.regle_id AND r.code = 'PLF-01'
                 WHERE a.state = 'ouverte' AND a.severite = 'abattement' AND a.message LIKE 'Franchise :%'
                 GROUP BY a.ligne_id) a
         WHERE a.ligne_id = l.id""")
