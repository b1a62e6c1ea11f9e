from .etape import Etape


class Controle(Etape):
    """Contrôle après coup du jeu d'essai."""

    def charger(self):
        """Rien encore."""
