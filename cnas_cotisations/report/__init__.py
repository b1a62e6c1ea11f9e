from . import avis, lettre, recu, situation
