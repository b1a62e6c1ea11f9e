"""Les langues de la caisse, et celle d'un papier : celle de qui le reçoit. Le temps de le dessiner, `_` la parle ; l'arabe retourne la page.

Un rapport importe ce `_`, à la place de celui d'Odoo : une fonction de dessin n'a pas de `self` qui dise la langue.
"""
import contextlib
import sys
from contextvars import ContextVar

from odoo.tools.translate import code_translations

SOURCE = "en_US"  # la langue des sources d'Odoo : toujours là, jamais celle d'un usager
FRANCAIS, ARABE = "fr_FR", "ar_001"  # le français à défaut de toute autre
LANGUES = [(FRANCAIS, "Français"), (ARABE, "العربية")]
_courante = ContextVar("langue_du_papier", default=FRANCAIS)


def _(source, *args, **kwargs):
    """Rend une phrase du papier dans sa langue, ses mots insérés ; le français à défaut de traduction."""
    module = sys._getframe(1).f_globals["__name__"].removeprefix("odoo.addons.").partition(".")[0]
    phrase = code_translations.get_python_translations(module, _courante.get()).get(source, source)
    return phrase % (args or kwargs) if args or kwargs else phrase


def dire(phrase):
    """Rend dans la langue du papier une phrase qu'une table a préparée par `_lt` : `_` n'en lit que d'entières."""
    return code_translations.get_python_translations(phrase._module, _courante.get()).get(phrase._source, phrase._source)


def en_francais(env):
    """Dit si l'on lit en français, la langue des faits."""
    return not env.lang or env.lang[:2] in (FRANCAIS[:2], SOURCE[:2])


def sql_francais(colonne):
    """Rend l'expression SQL du français d'un texte traduit : ce qu'un fait recopie, ce qu'une unicité compare."""
    return f"COALESCE({colonne}->>'{FRANCAIS}', {colonne}->>'{SOURCE}')"


def en_arabe():
    """Dit que le papier en cours s'écrit en arabe, de droite à gauche."""
    return _courante.get() == ARABE


def titres(francais, arabe):
    """Rend les deux titres d'un papier, celui de sa langue devant."""
    return (arabe, francais) if en_arabe() else (francais, arabe)


def langue_du_papier(papier):
    """Rend la langue d'un papier : celle de son destinataire ; sans destinataire, ou à plusieurs, celle de qui l'imprime."""
    destinataire = papier._destinataire() if hasattr(papier, "_destinataire") else None
    if destinataire and len(destinataire) == 1:
        return destinataire.sudo()._langue_des_courriers()
    return ARABE if papier.env.lang == ARABE else FRANCAIS


@contextlib.contextmanager
def dans_sa_langue(papier):
    """Parle la langue d'un papier le temps de le dessiner ; rend la fiche, ses libellés dans cette langue."""
    langue = langue_du_papier(papier)
    if (papier.env.lang == ARABE) != (langue == ARABE):
        papier = papier.with_context(lang=langue)
    with parler(langue):
        yield papier


@contextlib.contextmanager
def dans_la_langue_de(qui, dossier):
    """Parle la langue de qui va lire, le temps de lui écrire ; rend le dossier dans cette langue."""
    langue = qui.sudo()._langue_des_courriers()
    with parler(langue):
        yield dossier.with_context(lang=langue)


def dire_a(usager, dossier, ecrire):
    """Rend ce qu'une fonction dit d'un dossier, dans la langue de l'usager (ou du partenaire) qui va le lire ; sans personne, en français."""
    langue = usager.sudo().lang or FRANCAIS
    with parler(langue):
        return ecrire(dossier.with_context(lang=langue))


@contextlib.contextmanager
def parler(langue):
    """Parle cette langue le temps d'un dessin."""
    jeton = _courante.set(langue)
    try:
        yield
    finally:
        _courante.reset(jeton)
