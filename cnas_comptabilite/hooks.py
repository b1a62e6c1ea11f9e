"""À l'installation : le plan de comptes se charge ici, proprement ; le chargement différé du cœur n'a plus rien à faire."""


def post_init_hook(env):
    """Charge le plan SYSCOHADA sur la société de la caisse, ses comptes, ses journaux."""
    # Le cœur chargerait « syscohada » (qu'il refuse lui-même) ou « td » sur notre plan, une fois toute l'installation finie.
    if hasattr(env.registry, "_auto_install_template"):
        del env.registry._auto_install_template
    env["cnas.plan_comptes"].charger()
