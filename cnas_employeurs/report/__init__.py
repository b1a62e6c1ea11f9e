from . import population
