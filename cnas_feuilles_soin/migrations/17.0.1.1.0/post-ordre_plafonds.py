"""Le plafond annuel passe avant celui de la feuille : les règles, `noupdate`, se remettent ici dans l'ordre du catalogue."""


def migrate(cr, version):
    """Échange les rangs d'origine de PLF-01 et PLF-02 ; un ordre choisi par l'administrateur reste."""
    cr.execute("""
        UPDATE cnas_regle_controle SET sequence = 2003 - sequence
         WHERE (code, sequence) IN (('PLF-01', 1002), ('PLF-02', 1001))""")
