from .etape import Etape


class Comptabilite(Etape):
    """Comptabilité du jeu d'essai."""

    def charger(self):
        """Rien encore."""
