"""Imprimer : le kit de dessin (`kit`) et le document A4 (`document`) des PDF de la caisse."""
