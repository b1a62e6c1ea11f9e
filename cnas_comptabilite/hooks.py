def post_init_hook(env):
    """Charge le plan SYSCOHADA, les comptes et les journaux de la caisse sur sa société."""
    # Le cœur chargerait « syscohada » (qu'il refuse lui-même) ou « td » sur notre plan, une fois toute l'installation finie.
    vars(env.registry).pop("_auto_install_template", None)
    env["cnas.plan_comptes"].charger()
