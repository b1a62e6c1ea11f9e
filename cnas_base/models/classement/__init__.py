from . import proprietaire_mixin
from . import type_document
from . import classe_mixin
from . import gel
from . import destruction
from . import document
from . import courrier
