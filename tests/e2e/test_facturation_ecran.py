"""De la préparation au paiement à l'écran, dans Chromium, par quatre usagers ; puis le décompte lu par la formation."""
import re

import pytest
from jours import mois

MOIS = mois(21)
FORMATION = "CS-ABE-01"
LIGNES = [{"prestation": "ACT0002", "quantite": 1, "prix_unitaire": 1200}]


@pytest.fixture(scope="module")
def dossier(rpc):
    """Une feuille d'il y a vingt et un mois, sans rien dans le jeu de démonstration."""
    agent = rpc("agent")
    regime = agent.appel("cnas.regime", "search", [("code", "=", "ASS")])[0]
    assure = agent.appel("cnas.assure", "create", {
        "nom": "ECRAN", "prenom": "Facture", "genre": "masculin", "regime_id": regime, "date_naissance": "1986-05-04",
        "statut_matrimonial": "marie", "date_affiliation": "2020-01-01"})
    agent.appel("cnas.assure", "action_immatriculer", [assure])
    matricule = agent.appel("cnas.assure", "read", [assure], ["matricule"])[0]["matricule"]
    depot = agent.appel("cnas.feuille_soin", "importer", [{
        "reference": "E2E-ECRAN-FAC", "formation": FORMATION, "matricule": matricule, "date_soins": mois(21, 10),
        "date_depot": mois(21, 12), "pathologie": "B54", "agence": "AG-ABE", "lignes": LIGNES}])[0]
    assert depot["id"] and not depot["erreurs"], depot
    return depot["id"]


def ouvrir(page, login, facture):
    """Ouvre la facture dans le client web, au nom d'un usager."""
    onglet = page(login, chemin=None)
    onglet.goto(f"/web#id={facture}&model=cnas.facture&view_type=form")
    onglet.wait_for_selector(".o_form_view .o_form_statusbar")
    onglet.pret()
    return onglet


def cliquer(onglet, action, etat, confirmer=False):
    """Clique le bouton d'une action et attend l'état qui doit suivre."""
    onglet.click(f".o_form_statusbar button[name={action}]:visible")
    if confirmer:
        onglet.click(".modal-footer .btn-primary")
    attendre_etat(onglet, etat)
    assert not onglet.erreurs, onglet.erreurs


def attendre_etat(onglet, etat):
    onglet.wait_for_selector(f".o_statusbar_status button[data-value={etat}][aria-checked=true]")


def test_quatre_usagers(page, rpc, dossier):
    """L'agent prépare et soumet, le contrôleur contrôle, le superviseur valide, la finance ordonnance, un autre paie."""
    agent = page("agent2", chemin=None)
    agent.goto("/web#action=cnas_facturation.preparation_wizard_action")
    agent.wait_for_selector(".modal .o_field_widget[name=formation_id] input")
    agent.fill(".modal .o_field_widget[name=formation_id] input", FORMATION)
    agent.click(f".o-autocomplete--dropdown-item:has-text('{FORMATION}')")
    agent.fill(".modal .o_field_widget[name=periode] input", f"15/{MOIS[5:7]}/{MOIS[:4]}")
    agent.click(".modal button[name=action_preparer]")
    agent.wait_for_selector(".o_form_view .o_field_widget[name=numero]:has-text('" + MOIS[:7].replace("-", "") + "')")
    facture = rpc("superviseur").appel("cnas.feuille_soin", "read", [dossier], ["facture_id"])[0]["facture_id"][0]
    cliquer(agent, "action_soumettre", "soumise")
    assert not agent.locator("button[name=action_controler]:visible").count(), "un agent ne contrôle pas"

    controleur = ouvrir(page, "controleur", facture)
    cliquer(controleur, "action_controler", "controle")
    assert not controleur.locator("button[name=action_valider]:visible").count(), "un contrôleur ne valide pas"

    superviseur = ouvrir(page, "superviseur", facture)
    cliquer(superviseur, "action_valider", "validee", confirmer=True)
    assert not superviseur.locator("button[name=action_ordonnancer]:visible").count(), "qui valide n'ordonnance pas"

    finance = ouvrir(page, "finance", facture)
    cliquer(finance, "action_ordonnancer", "ordonnancee", confirmer=True)
    assert not finance.locator(".o_form_statusbar button[name=action_payer]:visible").count(), "qui ordonnance ne paie pas"
    finance = ouvrir(page, "finance2", facture)
    finance.click(".o_form_statusbar button[name=action_payer]:visible")
    finance.fill(".modal .o_field_widget[name=reference] input", "VIR-ECRAN-1")
    finance.click(".modal button[name=action_confirmer]")
    attendre_etat(finance, "payee")
    assert not finance.erreurs, finance.erreurs

    lue = rpc("superviseur").appel("cnas.facture", "read", [facture], ["state", "reference_paiement", "net_a_payer"])[0]
    assert (lue["state"], lue["reference_paiement"]) == ("payee", "VIR-ECRAN-1")
    sommes = rpc("finance").appel("cnas.facture", "rapprocher", MOIS, MOIS)
    assert sommes["ecart"] == 0
    assert sommes["feuilles"] == sommes["factures"] == sommes["decomptes"] == sommes["ordres"] == sommes["paiements"] == lue["net_a_payer"]


def test_la_formation_lit_son_decompte(page, rpc, dossier):
    """La formation retrouve la facture payée et son décompte dans son espace."""
    onglet = page("formation", chemin="/my/formation/decomptes")
    onglet.click("main table a >> nth=0")
    onglet.wait_for_url(re.compile(r"/my/formation/decomptes/\d+"))
    assert "francs CFA" in onglet.content() or "franc CFA" in onglet.content()
    assert onglet.locator("a:has-text('PDF')").count()
    assert not onglet.erreurs, onglet.erreurs
