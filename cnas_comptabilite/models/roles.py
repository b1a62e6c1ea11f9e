"""Les rôles que citent les tables d'actions de cet addon."""

COMPTABLE = "cnas_comptabilite.group_comptable"
FINANCE, SUPERVISEUR, ADMINISTRATEUR = (f"cnas_base.group_{role}" for role in ("finance", "superviseur", "administrateur"))
