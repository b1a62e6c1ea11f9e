from . import cotisations
