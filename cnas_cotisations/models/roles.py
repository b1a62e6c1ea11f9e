"""Les rôles de cet addon, un seul lieu."""
AGENT, CONTROLEUR, SUPERVISEUR, FINANCE = (
    f"cnas_base.group_{role}" for role in ("agent", "controleur", "superviseur", "finance"))
