"""Ce que la base et la société doivent être avant et après l'installation du socle."""
from .impression.langue import FRANCAIS


def pre_init_hook(env):
    """Crée les extensions PostgreSQL dont les contraintes et les recherches ont besoin.

    Ce sont des extensions « de confiance » : le propriétaire de la base peut les créer.
    """
    for extension in ("btree_gist", "pg_trgm", "unaccent"):
        env.cr.execute(f'CREATE EXTENSION IF NOT EXISTS "{extension}"')


def oter_adresse_d_exemple(env):
    """Ôte de la société l'adresse d'exemple qu'Odoo lui donne : elle s'imprimait au pied des courriels et des papiers."""
    societe = env.ref("base.main_partner")
    if (societe.email or "").endswith("@yourcompany.com") or (societe.street or "").startswith("250 Executive Park"):
        societe.write(dict.fromkeys(("email", "street", "street2", "zip", "state_id", "website"), False))


def post_init_hook(env):
    """Met la société, l'administrateur et les nouveaux contacts en français, à N'Djamena."""
    installation = env["base.language.install"].create(
        {"lang_ids": [(6, 0, env["res.lang"].with_context(active_test=False)
                       .search([("code", "=", FRANCAIS)]).ids)]}
    )
    installation.lang_install()
    oter_adresse_d_exemple(env)
    env["mail.template"]._habiller()
    env["ir.default"].set("res.partner", "lang", FRANCAIS)
    env["ir.default"].set("res.partner", "tz", "Africa/Ndjamena")
    # Les tâches planifiées aussi (OdooBot, inactif) : « aujourd'hui » est celui de N'Djamena.
    usagers = env["res.users"].with_context(active_test=False).search([])
    usagers.partner_id.write({"lang": FRANCAIS, "tz": "Africa/Ndjamena"})
    # Odoo rend compte chaque semaine à son éditeur : rien de la caisse ne part.
    env.ref("mail.ir_cron_module_update_notification").active = False
