"""À 1366 × 768, panneau de recherche ouvert : aucun numéro, montant, RIB ni état tronqué dans une liste."""
import pytest
from conftest import ouvrir_menu
from test_demarrage import feuilles, menus  # noqa: F401

# Rend les cellules coupées qui ne doivent pas l'être : nombre, montant, date, état, mois, texte sans minuscule (une clé)
# ou qui finit par une clé (« Nom (TD…) ») ; pas un dictionnaire du journal, qui se lit sur sa fiche.
CELLULES_TRONQUEES = """() => {
    const coupe = (el) => [el, ...el.querySelectorAll('span, div, a')].some(
        (e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).overflowX !== 'visible');
    const rigide = (td) => td.matches('.o_list_number, .o_badge_cell, .o_date_cell, .o_datetime_cell, .o_monetary_cell')
        || td.querySelector('.o_field_badge') || /^[^\\p{Ll}]*$|^\\p{L}+ \\d{4}$|\\((?=[^)]*[-\\d])[A-Z\\d-]+\\)$/u.test(td.textContent.trim());
    return [...document.querySelectorAll('.o_list_view .o_list_table')].flatMap((table) =>
        [...table.querySelectorAll('tbody td.o_data_cell, tfoot td')]
            .filter((td) => /^[^{]/.test(td.textContent.trim()) && !td.querySelector('.o_field_tags') && rigide(td) && coupe(td))
            .map((td) => `${td.getAttribute('name') || 'total'} : ${td.textContent.trim()}`));
}"""


# Une liste lue sous un rôle garde ses largeurs sous les autres : elle ne se rouvre pas.
DEJA_LUES = set()


@pytest.mark.parametrize("login", ["administrateur", "finance", "agent"])
def test_aucune_cle_tronquee(page, rpc, menus, login):  # noqa: F811
    """Chaque liste du rôle qu'un autre n'a pas déjà ouverte, ouverte par son menu, se lit en entier."""
    onglet = page(login, chemin=None, largeur=1366, hauteur=768)
    onglet.pret()
    tronquees = {}
    for menu in feuilles(rpc(login), menus["cnas_base.menu_root"]):
        if not menu["action"] or not menu["action"].startswith("ir.actions.act_window") or menu["action"] in DEJA_LUES:
            continue
        DEJA_LUES.add(menu["action"])
        ouvrir_menu(onglet, menu["id"], "list")
        if coupees := onglet.evaluate(CELLULES_TRONQUEES):
            tronquees[menu["name"]] = coupees[:5]
    assert not tronquees, tronquees
