class Etape:
    """Une étape du jeu : un environnement, un calendrier, et `charger()` qui écrit par les vraies actions."""

    def __init__(self, env, calendrier):
        self.env, self.calendrier = env, calendrier

    def usager(self, login):
        """Rend l'usager de démonstration de cet identifiant."""
        return self.env.ref(f"cnas_demo.user_{login}")

    def comme(self, login, modele):
        """Rend le modèle vu par un usager de démonstration."""
        return self.env[modele].with_user(self.usager(login))
