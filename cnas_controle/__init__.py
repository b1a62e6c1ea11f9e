from . import controllers, indicateurs, models, report, wizards
