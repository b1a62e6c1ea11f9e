"""Les guides par rôle disent vrai : chaque menu cité existe et le rôle le voit, chaque bouton cité est à l'écran, chaque image est légère."""
import re

import pytest
from conftest import RACINE

GUIDES = RACINE / "doc" / "guides"
LOGINS = {"employeur": "agent", "finance": "finance2"}
# D'Odoo et du portail : leurs textes ne sont pas des attributs.
AILLEURS = {"Action", "Saisir une feuille", "Vérifier les droits"}


@pytest.mark.parametrize("role", sorted(g.stem for g in GUIDES.glob("*.md")))
def test_chaque_menu_cite_existe(rpc, role):
    """« A → B » est un menu que ce rôle voit."""
    texte = re.sub(r"\s+", " ", (GUIDES / f"{role}.md").read_text(encoding="utf-8"))
    cites = {f"CNAS/{menu.replace(' → ', '/')}" for menu in re.findall(r"\*\*([^*]+ → [^*]+)\*\*", texte)}
    lus = rpc(LOGINS.get(role, role)).appel("ir.ui.menu", "search_read", [], ["complete_name"], context={"lang": "fr_FR"}) if cites else []
    assert cites - {menu["complete_name"] for menu in lus} == set()


def test_chaque_bouton_cite_existe():
    """Un bouton entre guillemets est un titre d'action, ou un mot d'écran."""
    sources = "\n".join(f.read_text(encoding="utf-8") for addon in RACINE.glob("cnas_*") for sorte in ("*.py", "*.xml") for f in addon.rglob(sorte)
                        if "tests" not in f.parts)
    for guide in GUIDES.glob("*.md"):
        for mot in re.findall(r"« ([^»]+) »", re.sub(r"\s+", " ", guide.read_text(encoding="utf-8"))):
            assert mot in AILLEURS or f'"{mot}"' in sources, (guide.name, mot)


def test_les_images():
    """Une ou deux par rôle, toutes citées, de moins de 120 Ko."""
    textes = {g: g.read_text(encoding="utf-8") for g in GUIDES.glob("*.md")}
    for image in (GUIDES / "captures").glob("*.png"):
        assert image.stat().st_size < 120 * 1024 and any(f"captures/{image.name}" in texte for texte in textes.values()), image.name
    assert all(1 <= texte.count("](captures/") <= 2 for texte in textes.values())
