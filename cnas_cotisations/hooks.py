"""À l'installation : les comptes et les journaux des cotisations existent, sans attendre la première pièce."""


def post_init_hook(env):
    """Prépare les comptes de la caisse."""
    # Le cœur chargerait un plan d'ailleurs sur nos comptes, une fois toute l'installation finie : ils suffisent.
    if hasattr(env.registry, "_auto_install_template"):
        del env.registry._auto_install_template
    env["res.company"]._cnas_societe()._cnas_preparer_comptes()
