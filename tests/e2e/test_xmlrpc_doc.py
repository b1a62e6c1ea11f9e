"""La référence XML-RPC dit vrai : chacun de ses exemples s'exécute, dans l'ordre, sur un vrai serveur."""
import re

from conftest import RACINE

DOCUMENT = RACINE / "doc" / "xmlrpc.md"
MONTREE = 'URL, BASE = "http://localhost:8069", "cnas"'


def test_chaque_exemple_s_execute(serveur):
    """Un exemple qui échoue se dit avec sa ligne dans le document."""
    texte = DOCUMENT.read_text(encoding="utf-8")
    assert texte.count(MONTREE) == 1
    espace, joues = {}, 0
    for bloc in re.finditer(r"^```python\n(.*?)^```$", texte, re.MULTILINE | re.DOTALL):
        code = bloc.group(1).replace(MONTREE, f'URL, BASE = "{serveur.url}", "{serveur.base}"')
        exec(compile("\n" * texte.count("\n", 0, bloc.start(1)) + code, str(DOCUMENT), "exec"), espace)
        joues += 1
    assert joues == texte.count("```python") >= 10
