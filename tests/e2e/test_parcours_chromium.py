"""Le circuit d'une feuille à l'écran, dans un vrai Chromium : agent, contrôleur, superviseur, formation ; puis les nombres du tableau de bord."""
import io
import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from jours import jour
from playwright.sync_api import TimeoutError
from reportlab.pdfgen.canvas import Canvas

FORMATION = "HP-ABE-01"
# Dapsone (lèpre) prescrite pour un rhume : signalement CLI-03, un humain tranche. 10 × 45 = 450, ASS 80 % → part 360, ticket 90.
CODE, QUANTITE, PRIX, MONTANTS = "MED0048", 10, 45, {"montant_facture": 450, "montant_cnas": 360, "ticket_moderateur": 90}
# Lit, dans le client web, les cellules calculées du tableau de bord affiché : {feuille: {"A1": valeur}}.
LIRE_TABLEAU = """() => {
    const pile = [odoo.__WOWL_DEBUG__.root.__owl__];
    while (pile.length) {
        const noeud = pile.pop(), getters = noeud.component.model?.getters;
        if (getters?.getSheetIds && getters.getEvaluatedCell) {
            return Object.fromEntries(getters.getSheetIds().map((id) => [getters.getSheetName(id), Object.fromEntries(
                Object.keys(getters.getCells(id)).map((cle) => {
                    const { col, row } = getters.getCellPosition(cle);
                    return [`${String.fromCharCode(65 + col)}${row + 1}`, getters.getEvaluatedCell({ sheetId: id, col, row }).value];
                }))]));
        }
        pile.push(...Object.values(noeud.children));
    }
    return null;
}"""


def ordonnance(texte):
    """Rend les octets d'un vrai petit PDF."""
    sortie = io.BytesIO()
    page = Canvas(sortie)
    page.drawString(72, 720, texte)
    page.save()
    return sortie.getvalue()


@pytest.fixture(scope="module")
def matricule(rpc):
    """Un assuré aux droits ouverts."""
    agent = rpc("agent")
    regime = agent.appel("cnas.regime", "search", [("code", "=", "ASS")])[0]
    identifiant = agent.appel("cnas.assure", "create", {
        "nom": "CHROMIUM", "prenom": "Parcours", "genre": "masculin", "regime_id": regime, "date_naissance": "1991-05-04",
        "statut_matrimonial": "celibataire", "date_affiliation": jour(300)})
    agent.appel("cnas.assure", "action_immatriculer", [identifiant])
    return agent.appel("cnas.assure", "read", [identifiant], ["matricule"])[0]["matricule"]


def choisir(onglet, champ, texte, dans=".o_form_view"):
    """Choisit la première proposition d'un champ lié."""
    entree = f"{dans} .o_field_widget[name={champ}] input"
    onglet.fill(entree, texte)
    onglet.click(f".o-autocomplete--dropdown-item:has-text('{texte}') >> nth=0")


def ouvrir(page, login, identifiant):
    """Ouvre la feuille dans le client web, au nom d'un usager."""
    onglet = page(login, chemin=None)
    onglet.goto(f"/web#id={identifiant}&model=cnas.feuille_soin&view_type=form")
    onglet.wait_for_selector(".o_form_view .o_form_statusbar")
    onglet.pret()
    return onglet


def attendre_etat(onglet, etat):
    """Attend l'état ; sur une machine très chargée la barre d'états d'Odoo garde parfois l'ancien jusqu'au rechargement."""
    voulu = f".o_statusbar_status button[data-value={etat}][aria-checked=true]"
    try:
        onglet.wait_for_selector(voulu, timeout=20_000)
    except TimeoutError:
        onglet.reload()
        onglet.wait_for_selector(voulu)
    assert not onglet.erreurs, onglet.erreurs


def test_agent_controleur_superviseur(page, rpc, matricule):
    """L'agent saisit et dépose ; le contrôleur contrôle et justifie le signalement ; le superviseur valide."""
    agent = page("agent", chemin=None)
    agent.goto("/web#action=cnas_feuilles_soin.feuille_soin_action")
    agent.click(".o_list_button_add:visible, .o-kanban-button-new:visible")
    agent.fill(".o_field_widget[name=carte_lue] input", matricule)
    agent.press(".o_field_widget[name=carte_lue] input", "Tab")
    agent.wait_for_selector(".alert-success:has-text('Droits ouverts'):visible")
    choisir(agent, "diagnostic_saisi_id", "J06.9")
    choisir(agent, "formation_id", FORMATION)
    agent.fill(".o_field_widget[name=reference] input", "CHR-1")
    hier = datetime.now(ZoneInfo("Africa/Ndjamena")) - timedelta(days=1)
    agent.fill(".o_field_widget[name=date_soins] input", hier.strftime("%d/%m/%Y"))
    agent.click(".o_field_x2many_list_row_add a >> nth=0")
    choisir(agent, "prestation_id", CODE, dans=".o_selected_row")
    agent.fill(".o_selected_row .o_field_widget[name=quantite] input", str(QUANTITE))
    agent.fill(".o_selected_row .o_field_widget[name=prix_unitaire] input", str(PRIX))
    agent.click(".o_form_statusbar button[name=action_deposer]:visible")
    attendre_etat(agent, "deposee")
    assert not agent.locator("button[name=action_controler]:visible").count(), "un agent ne contrôle pas"
    feuille = rpc("controleur").appel("cnas.feuille_soin", "search", [("reference", "=", "CHR-1")])[0]

    controleur = ouvrir(page, "controleur", feuille)
    controleur.click(".o_form_statusbar button[name=action_controler]:visible")
    attendre_etat(controleur, "controle")
    controleur.click(".o_notebook .nav-link:has-text('Anomalies')")
    assert "CLI-03" in controleur.inner_text(".o_field_widget[name=anomalie_ids]")
    controleur.click(".o_field_widget[name=anomalie_ids] button[name=action_lever] >> nth=0")
    controleur.fill(".modal .o_field_widget[name=motif] textarea, .modal .o_field_widget[name=motif] input", "Prescription confirmée par téléphone")
    controleur.click(".modal button[name=action_confirmer]")
    controleur.wait_for_selector(".modal", state="detached")
    assert not controleur.erreurs, controleur.erreurs

    superviseur = ouvrir(page, "superviseur", feuille)
    superviseur.click(".o_form_statusbar button[name=action_valider]:visible")
    attendre_etat(superviseur, "validee")
    lue = rpc("superviseur").appel("cnas.feuille_soin", "read", [feuille], ["state", "decidee_par_id", "saisie_par_id", *MONTANTS])[0]
    assert lue["state"] == "validee" and {cle: lue[cle] for cle in MONTANTS} == MONTANTS
    assert lue["decidee_par_id"][0] == rpc("superviseur").uid and lue["saisie_par_id"][0] == rpc("agent").uid


@pytest.mark.parametrize("largeur, hauteur", [(390, 844), (1280, 900)])
def test_formation_au_portail(page, rpc, matricule, largeur, hauteur):
    """La formation vérifie les droits, saisit une feuille (refusée puis corrigée sans rien retaper), joint une pièce et la retrouve."""
    reference = f"CHR-P-{largeur}"
    onglet = page("formation", chemin=f"/my/formation/droits?matricule={matricule}", largeur=largeur, hauteur=hauteur)
    onglet.click("a:has-text('Saisir une feuille')")
    onglet.wait_for_selector("#droits:has-text('droits ouverts')")
    onglet.fill("input[name=reference]", reference)
    onglet.fill("input[name=pathologie]", "rhino")
    onglet.wait_for_selector("#pathologies option", state="attached")
    onglet.fill("input[name=pathologie]", "J00")
    for rang, champ, valeur in ((0, "prestation", "ACT0002"), (0, "quantite", "1"), (0, "prix_unitaire", "550"),
                                (1, "prestation", "MED0001"), (1, "quantite", "0"), (1, "prix_unitaire", "30")):
        onglet.fill(f".prestation >> nth={rang} >> input[name={champ}]", valeur)
    onglet.set_input_files("input[name=fichiers_0]", {"name": "ordonnance.pdf", "mimeType": "application/pdf", "buffer": ordonnance(reference)})
    onglet.click("button.principal")
    onglet.wait_for_selector("#erreurs li:has-text('Ligne 2')")
    onglet.fill(".prestation >> nth=1 >> input[name=quantite]", "10")
    assert "850" in onglet.inner_text("#total")
    onglet.click("button.principal")
    onglet.wait_for_url(re.compile(r"/my/formation/feuilles/\d+"))
    assert onglet.locator("a:has-text('ordonnance.pdf')").count() == 1
    assert onglet.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "la page déborde"
    numero = rpc("agent").appel("cnas.feuille_soin", "search_read", [("reference", "=", reference)], fields=["numero", "montant_facture", "saisie_par_id"])[0]
    assert (numero["montant_facture"], numero["saisie_par_id"][0]) == (850, rpc("formation").uid)
    onglet.goto(f"/my/formation/feuilles?recherche={reference}")
    onglet.wait_for_selector(f"a:has-text('{numero['numero']}')")
    assert not onglet.erreurs, onglet.erreurs


@pytest.mark.parametrize("largeur, hauteur", [(390, 844), (1366, 768)])
def test_classeur_corrige_et_renvoye(page, rpc, matricule, largeur, hauteur):
    """La formation associe une colonne, dépose ce qui est bon, corrige le rapport et le renvoie : rien n'est perdu ni déposé deux fois."""
    bonne, fausse, titre = f"CHR-I-{largeur}-1", f"CHR-I-{largeur}-2", f"Combien {largeur}"
    livre = openpyxl.Workbook()
    for rang in (["Centre d'essai"], ["N° feuille", "Matricule", "Date des soins", "Diagnostic", "Prestation", "Qté", titre],
                 [bonne, matricule, jour(20), "J069", "act0002", 1, "550,00"], ["", "", "", "", "MED0001", 10, "30 FCFA"],
                 [fausse, matricule, jour(20), "J069", "ACT0002", 1, "1.000"], ["TOTAL", None, None, None, None, None, 1850]):
        livre.active.append(rang)
    onglet = page("formation", chemin="/my/formation/import", largeur=largeur, hauteur=hauteur)
    envoyer(onglet, livre)
    onglet.wait_for_selector("[role=alert]:has-text('Prix unitaire')")
    onglet.select_option(f"label:has-text('{titre}') select", "prix_unitaire")
    onglet.click("button:has-text('Associer')")
    onglet.wait_for_selector("h2:has-text('1 feuille(s) à déposer sur 2')")
    assert not rpc("agent").appel("cnas.feuille_soin", "search", [("reference", "in", [bonne, fausse])]), "le contrôle n'écrit rien"
    onglet.click("button:has-text('Déposer')")
    onglet.wait_for_selector("h2:has-text('1 feuille(s) déposée(s) sur 2')")
    assert onglet.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "la page déborde"
    with onglet.expect_download() as recu:
        onglet.click("a:has-text('Télécharger le rapport')")
    rapport = openpyxl.load_workbook(io.BytesIO(Path(recu.value.path()).read_bytes()))
    assert "ambigu" in rapport.active["I4"].value
    rapport.active["G4"] = 1000
    onglet.goto("/my/formation/import")
    envoyer(onglet, rapport)
    onglet.wait_for_selector("p:has-text('1 déjà reçue(s)')")
    onglet.click("button:has-text('Déposer')")
    onglet.wait_for_selector("h2:has-text('1 feuille(s) déposée(s) sur 2')")
    lues = rpc("agent").appel("cnas.feuille_soin", "search_read", [("reference", "in", [bonne, fausse])], fields=["montant_facture"])
    assert sorted(lue["montant_facture"] for lue in lues) == [850, 1000]
    assert not onglet.erreurs, onglet.erreurs


def envoyer(onglet, livre):
    """Envoie un classeur depuis l'espace formation."""
    tampon = io.BytesIO()
    livre.save(tampon)
    onglet.set_input_files("input[name=classeur]", {
        "name": "feuilles.xlsx", "buffer": tampon.getvalue(),
        "mimeType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"})
    onglet.click("button:has-text('Contrôler')")


def test_tableau_activite_compte_juste(page, rpc):
    """Les nombres du tableau « Activité » égalent ceux de la base sur la même période ; aucune cellule en erreur."""
    superviseur = rpc("superviseur")
    tableau = superviseur.appel("spreadsheet.dashboard", "search", [("name", "=", "Activité")])[0]
    onglet = page("superviseur", chemin=None)
    domaines = []
    onglet.on("request", lambda r: "cnas.feuille_analyse/read_group" in r.url and domaines.append(r.post_data_json["params"]))
    onglet.goto(f"/web#action=spreadsheet_dashboard.ir_actions_dashboard_action&dashboard_id={tableau}")
    onglet.pret()
    fin, lu = time.monotonic() + 60, None
    while time.monotonic() < fin:
        lu = onglet.evaluate(LIRE_TABLEAU)
        if lu and (lu.get("Calculs") or {}).get("B1"):
            break
        onglet.wait_for_timeout(500)
    erreurs = {f"{feuille}!{cle}": valeur for feuille, cellules in lu.items() for cle, valeur in cellules.items() if str(valeur).startswith("#")}
    assert not erreurs, erreurs
    assert not onglet.erreurs, onglet.erreurs
    assert not onglet.locator(".o_error_dialog").count()

    dates = next(kw["domain"] for kw in (p["kwargs"] for p in domaines) if any(c[0] == "date_depot" for c in kw.get("domain", []) if isinstance(c, list)))
    periode = [tuple(c) for c in dates if isinstance(c, list) and c[0] == "date_depot"]
    recues = [("state", "not in", ("brouillon", "annulee")), *periode]
    calculs = lu["Calculs"]
    for intitule, domaine in {
        "Feuilles reçues": recues,
        "Feuilles traitées": [*recues, ("state", "in", ("validee", "payee", "rejetee"))],
        "Feuilles en stock": [*recues, ("state", "not in", ("validee", "payee", "rejetee"))],
        "Feuilles en instance": [*recues, ("state", "=", "instance")],
        "Feuilles aux droits fermés": [*recues, ("etat_droits", "=", "fermes")],
    }.items():
        rang = next(cle for cle, valeur in calculs.items() if cle[0] == "A" and valeur == intitule)
        assert calculs["B" + rang[1:]] == superviseur.appel("cnas.feuille_soin", "search_count", domaine), intitule
    par_agence = {ligne["agence_id"][1]: ligne["agence_id_count"] for ligne in superviseur.appel(
        "cnas.feuille_soin", "read_group", recues, ["agence_id"], ["agence_id"])}
    affichees = {valeur: lu["Tableau"]["B" + cle[1:]] for cle, valeur in lu["Tableau"].items() if cle[0] == "A" and valeur in par_agence}
    assert affichees == par_agence
