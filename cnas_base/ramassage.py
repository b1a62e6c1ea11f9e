"""Le ramassage des cycles de Python : il relit tout ce qui vit, donc il se tait là où presque tout vit jusqu'au bout."""
import gc
from contextlib import contextmanager


def mettre_hors_de_portee():
    """Soustrait au ramassage ce que le registre vient de charger : le relire coûtait un quart de seconde, au hasard, à un geste du guichet."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@contextmanager
def sans_ramassage():
    """Suspend le ramassage le temps d'un lot de dossiers, tous vivants jusqu'au bout."""
    actif = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if actif:
            gc.enable()
