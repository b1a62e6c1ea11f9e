from . import controllers, models, regles, wizards
