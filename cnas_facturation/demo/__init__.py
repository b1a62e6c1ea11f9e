from . import cnas_demo
