from . import argent, beneficiaires, formations, papier, praticiens
from .registre import INDICATEURS
