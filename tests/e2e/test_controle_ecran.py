"""Le parcours du superviseur, cliqué à 1366 × 768 : indicateur → affaire → mesure, audition → campagne → verdicts → indu → contestation.

Quatre personnes : le superviseur mène, le contrôleur instruit et juge, l'administrateur (superviseur aussi) notifie et tranche, la formation conteste.
"""
import pytest
from jours import jour

from lanceur import chemins

FORMATION = "CS-ABE-01"
ECRAN = {"chemin": None, "largeur": 1366, "hauteur": 768}


@pytest.fixture
def capturer():
    """Pose l'image de chaque pas dans `.cnas/captures/controle/`, pour qui relit l'écran."""
    return lambda onglet, nom: onglet.screenshot(path=str(chemins.prive("captures", "controle", f"{nom}.png")))


def enregistrer(onglet):
    """Enregistre la fiche ouverte."""
    onglet.click(".o_form_button_save:visible")
    onglet.wait_for_selector(".o_form_button_save", state="hidden")
    onglet.pret()


def agir(onglet, action, etat=None, confirmer=False):
    """Clique le bouton d'une action et attend l'état qui doit suivre."""
    onglet.click(f".o_form_statusbar button[name={action}]:visible")
    if confirmer:
        onglet.fill(".modal textarea >> visible=true", confirmer)
        onglet.click(".modal footer .btn-primary:visible")
    if etat:
        onglet.wait_for_selector(f".o_statusbar_status button[data-value={etat}][aria-checked=true]")
    onglet.pret()
    assert not onglet.erreurs, onglet.erreurs


def choisir(onglet, champ, texte, ou=""):
    """Choisit une valeur dans un champ qui propose."""
    onglet.fill(f"{ou} .o_field_widget[name={champ}] input", texte)
    onglet.click(f".o-autocomplete--dropdown-item:has-text('{texte}') >> nth=0")


@pytest.fixture
def ouvrir(page):
    """Ouvre une fiche dans le client web ; un usager garde son navigateur, dont les fichiers sont déjà chargés."""
    onglets = {}

    def fiche(login, modele, identifiant):
        if login not in onglets:
            onglets[login] = page(login, **ECRAN)
        onglet = onglets[login]
        onglet.goto("about:blank")
        onglet.goto(f"/web#id={identifiant}&model={modele}&view_type=form" if identifiant else f"/web#action={modele}")
        onglet.wait_for_selector(".o_form_view .o_form_statusbar" if identifiant else ".o_data_row")
        onglet.pret()
        return onglet
    return fiche


@pytest.fixture
def superviseur(rpc):
    """Le superviseur, par script ; après l'essai, rien de ce qu'on réclame ici ne se retient sur la facture d'un autre essai."""
    session = rpc("superviseur")
    avant = session.appel("cnas.indu", "search", [])
    yield session
    reclames = session.appel("cnas.indu", "search", [("id", "not in", avant), ("state", "in", ["constate", "notifie"])])
    if reclames:
        session.appel("cnas.indu", "action_annuler", reclames, "Fin de l'essai")


def ajouter_acte(onglet, nature, objet, personne=""):
    """Ajoute un acte à l'affaire, par sa fenêtre."""
    onglet.click("a[name=actes]")
    onglet.click(".o_field_widget[name=acte_ids] .o_field_x2many_list_row_add a")
    onglet.select_option(".modal .o_field_widget[name=nature] select", f'"{nature}"')
    onglet.fill(".modal .o_field_widget[name=objet] input", objet)
    if personne:
        onglet.fill(".modal .o_field_widget[name=personne] input", personne)
    onglet.fill(".modal .o_field_widget[name=compte_rendu] textarea", "Compte rendu de l'essai.")
    onglet.click(".modal .o_form_button_save")
    onglet.wait_for_selector(".modal", state="detached")


def test_de_l_indicateur_a_l_indu_conteste(page, rpc, superviseur, ouvrir, capturer):
    """Rien ne se devine : chaque pas part d'un bouton de l'écran d'avant, et chacun fait ce que son rôle permet."""
    controleur = superviseur.appel("res.users", "search_read", [("login", "=", "controleur")], fields=["name"])[0]["name"]
    centre = superviseur.appel("cnas.formation_sanitaire", "search_read", [("code", "=", FORMATION)], fields=["name"])[0]["name"]
    onglet = ouvrir("superviseur", "cnas_controle.indicateur_action", None)
    onglet.click(".o_data_row:has-text('FRD-02') .o_data_cell >> nth=0")
    onglet.wait_for_selector(".o_form_view button[name=action_alertes]")
    capturer(onglet, "1-indicateur")
    onglet.click("button[name=action_alertes]:visible")
    onglet.click(".o_data_row:has-text('Nouvelle') .o_data_cell >> nth=1")
    onglet.wait_for_selector(".o_form_statusbar button[name=action_ouvrir_affaire]")
    capturer(onglet, "2-alerte")
    agir(onglet, "action_ouvrir_affaire", "ouverte")
    choisir(onglet, "formation_id", centre)
    choisir(onglet, "responsable_id", controleur)
    enregistrer(onglet)
    agir(onglet, "action_instruire", "instruction")
    affaire = superviseur.appel("cnas.affaire", "search", [], order="id desc", limit=1)[0]

    instructeur = ouvrir("controleur", "cnas.affaire", affaire)
    ajouter_acte(instructeur, "mesure", "Contrôle de toutes les feuilles avant paiement")
    ajouter_acte(instructeur, "audition", "Le responsable est entendu", "Le responsable de la formation")
    enregistrer(instructeur)
    capturer(instructeur, "3-affaire")
    agir(instructeur, "action_entendre", "contradictoire")
    assert not instructeur.locator("button[name=action_conclure]:visible").count(), "qui instruit ne conclut pas"

    onglet = ouvrir("superviseur", "cnas.affaire", affaire)
    onglet.click("button[name=action_campagne]:visible")
    onglet.wait_for_selector(".o_field_widget[name=graine] input")
    onglet.fill(".o_field_widget[name=precision] input", "15")
    enregistrer(onglet)
    agir(onglet, "action_tirer", "tiree")
    capturer(onglet, "4-tirage")
    campagne = superviseur.appel("cnas.campagne", "search", [], order="id desc", limit=1)[0]
    onglet.click("button[name=action_preparer_mission]:visible")
    onglet.wait_for_selector(".o_field_widget[name=chef_id] input")
    choisir(onglet, "chef_id", controleur)
    for champ in ("date_debut", "date_fin"):
        onglet.fill(f".o_field_widget[name={champ}] input", "/".join(reversed(jour(-3).split("-"))))
    onglet.keyboard.press("Tab")
    enregistrer(onglet)
    mission = superviseur.appel("cnas.mission", "search", [], order="id desc", limit=1)[0]
    signataire = ouvrir("administrateur", "cnas.mission", mission)
    agir(signataire, "action_signer", "signee")
    capturer(signataire, "5-mission")
    ordre = signataire.request.get(f"/cnas/mission/{mission}/ordre/pdf")
    assert ordre.ok and ordre.body().startswith(b"%PDF")

    juge = ouvrir("controleur", "cnas.campagne", campagne)
    juge.click(".o_form_statusbar button[name=action_verdicts]:visible")
    juge.wait_for_selector(".o_list_view .o_data_row")
    capturer(juge, "6-verdicts")
    juge.click(".o_list_view thead .o_list_record_selector input")
    juge.click("button[name=action_juste]:visible")
    juge.wait_for_selector(".o_list_view .o_data_row", state="detached")
    lignes = rpc("controleur").appel("cnas.campagne.ligne", "search", [("campagne_id", "=", campagne), ("montant_cnas", ">", 0)])
    rpc("controleur").appel("cnas.campagne.ligne", "juger", lignes[:3], "rejetee", 0, "Acte absent du registre")

    onglet = ouvrir("superviseur", "cnas.campagne", campagne)
    agir(onglet, "action_conclure", "conclue")
    onglet.click("a[name=resultats]")
    onglet.locator(".o_field_widget[name=resultat_ids] .o_data_row").scroll_into_view_if_needed()
    capturer(onglet, "7-resultats")
    resultat = superviseur.appel("cnas.campagne.resultat", "search", [("campagne_id", "=", campagne)])[0]
    onglet = ouvrir("superviseur", "cnas.campagne.resultat", resultat)
    agir(onglet, "action_proposer", "propose")
    capturer(onglet, "8-extrapolation")
    indu = superviseur.appel("cnas.campagne.resultat", "read", [resultat], ["indu_id"])[0]["indu_id"][0]
    notifie = ouvrir("administrateur", "cnas.indu", indu)
    agir(notifie, "action_notifier", "notifie")
    capturer(notifie, "9-notification")

    formation = page("formation", chemin=f"/my/formation/indus/{indu}/controle", largeur=1366, hauteur=768)
    formation.fill("textarea[name=motif]", "Le registre était au district ce jour-là.")
    formation.click("button:has-text('Déposer la contestation')")
    formation.wait_for_selector(".etat:has-text('Contesté')")
    capturer(formation, "10-contestation")
    onglet = ouvrir("superviseur", "cnas.campagne.resultat", resultat)
    assert not onglet.locator("button[name=action_maintenir]:visible").count(), "qui propose l'indu ne tranche pas"
    onglet = ouvrir("administrateur", "cnas.campagne.resultat", resultat)
    agir(onglet, "action_maintenir", "maintenu", confirmer="Le registre joint ne porte pas l'acte.")
    capturer(onglet, "11-decision")
    formation.reload()
    assert "Maintenu" in formation.inner_text("main")
    assert "ne porte pas l'acte" in formation.inner_text("main")
