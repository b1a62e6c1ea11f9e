from .etape import Etape


class Echanges(Etape):
    """Échanges du jeu d'essai."""

    def charger(self):
        """Rien encore."""
