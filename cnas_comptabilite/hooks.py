"""À l'installation : le plan de comptes se charge ici, proprement ; le chargement différé du cœur n'a plus rien à faire."""

# 4718 porte les fusions et les apports ; et une seule banque est débitée, quel que soit le compte payé.
COMPTES_REDRESSES = {"47181": "47121", "52112": "52111"}


def post_init_hook(env):
    """Charge le plan SYSCOHADA sur la société de la caisse, ses comptes, ses journaux ; redresse le schéma livré d'avant."""
    # Le cœur chargerait « syscohada » (qu'il refuse lui-même) ou « td » sur notre plan, une fois toute l'installation finie.
    if hasattr(env.registry, "_auto_install_template"):
        del env.registry._auto_install_template
    env["cnas.plan_comptes"].charger()
    redresser_schema(env)


def redresser_schema(env):
    """Remplace les comptes proposés qui n'en étaient pas, là où la caisse les a gardés."""
    for champ in ("compte_debit", "compte_credit"):
        for ancien, juste in COMPTES_REDRESSES.items():
            env["cnas.schema_comptable"].search([(champ, "=", ancien)]).write({champ: juste})
