"""Le jeu de démonstration se charge une fois, à l'installation."""
from .calendrier import Calendrier
from .jeu import ETAPES


def post_init_hook(env):
    """Raconte l'histoire, du bas vers le haut : chaque étape s'appuie sur la précédente."""
    if env.ref("cnas_demo.user_formation", raise_if_not_found=False):
        return
    calendrier = Calendrier(env)
    env = env(context={**env.context, "tracking_disable": True, "mail_create_nosubscribe": True,
                       "mail_notify_force_send": False, "no_reset_password": True})
    for etape in ETAPES:
        etape(env, calendrier).charger()
