"""Traducteurs FHIR R4 : du JSON reçu vers ce que prend `importer`, de nos dossiers vers le JSON rendu.

Rien ici ne cherche, n'écrit ni n'ouvre un droit : les contrôleurs donnent les dossiers, l'ORM a déjà choisi.
"""
