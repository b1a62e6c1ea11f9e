from .etape import Etape


class Cotisations(Etape):
    """Cotisations du jeu d'essai."""

    def charger(self):
        """Rien encore."""
