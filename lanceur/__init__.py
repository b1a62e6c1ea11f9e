"""Petits modules du lanceur ./cnas (bibliothèque standard de Python 3.10 à 3.12)."""
