from . import passage
