"""Le compte des clics, à 1366 × 768 : une famille de six s'immatricule en 45 clics au plus, une feuille se juge en 4.

La journée du médecin, du superviseur, de l'ordonnateur et de l'administrateur aussi, de « À faire » au travail rendu.
"""

FAMILLE = [  # lien, prénom, genre, date ; deux épouses, trois enfants
    ("conjoint", "Khadija", "feminin", "12/03/1988"), ("conjoint", "Zara", "feminin", "05/07/1991"),
    ("enfant", "Moussa", "masculin", "14/02/2012"), ("enfant", "Achta", "feminin", "21/09/2015"), ("enfant", "Idriss", "masculin", "30/04/2019"),
]
CLICS_FAMILLE, CLICS_FEUILLE = 45, 4
CLICS_AVIS, CLICS_AFFECTER, CLICS_INDICATEUR, CLICS_ORDONNANCER, CLICS_PANIER = 4, 6, 3, 4, 7


class Doigt:
    """Clique et compte ; ce qui se tape au clavier ne compte pas."""

    def __init__(self, onglet):
        self.onglet, self.clics = onglet, 0

    def clic(self, ou):
        """Clique sur le premier élément visible."""
        self.clics += 1
        self.onglet.locator(f"{ou} >> visible=true").first.click()

    def taper(self, ou, texte):
        """Clique dans un champ et le remplit."""
        self.clic(ou)
        self.onglet.locator(f"{ou} >> visible=true").first.fill(texte)

    def choisir(self, ou, valeur):
        """Choisit une valeur de liste."""
        self.clics += 1
        self.onglet.locator(f"{ou} >> visible=true").first.select_option(f'"{valeur}"')


def ajouter(doigt, lien, prenom, genre, naissance):
    """Ajoute un membre : la ligne se parcourt au clavier, un clic l'ouvre."""
    onglet, liste = doigt.onglet, ".o_field_widget[name=ayant_droit_ids]"
    deja = onglet.locator(f"{liste} .o_data_row").count()
    doigt.clic(f"{liste} .o_field_x2many_list_row_add a")
    ligne = f"{liste} .o_data_row:nth-child({deja + 1}).o_selected_row"
    onglet.wait_for_selector(ligne)
    doigt.choisir(f"{ligne} [name=lien] select", lien)
    onglet.locator(f"{ligne} [name=nom] input").fill("CLICS")
    onglet.locator(f"{ligne} [name=prenom] input").fill(prenom)
    doigt.choisir(f"{ligne} [name=genre] select", genre)
    onglet.locator(f"{ligne} [name=date_naissance] input").fill(naissance)
    onglet.keyboard.press("Tab")
    onglet.wait_for_selector(".o_loading_indicator", state="hidden")


def test_une_famille_de_six(page, rpc):
    """De l'accueil à la famille immatriculée et aux cartes commandées."""
    onglet = page("agent", chemin=None, largeur=1366, hauteur=768)
    onglet.pret()
    doigt = Doigt(onglet)
    doigt.clic("[data-menu-xmlid='cnas_base.menu_assures']")
    doigt.clic(".dropdown-item[data-menu-xmlid='cnas_assures.assure_menu']")
    doigt.clic(".o_list_button_add")
    doigt.taper(".o_field_widget[name=nom] input", "CLICS")
    doigt.taper(".o_field_widget[name=prenom] input", "Mahamat")
    doigt.choisir(".o_field_widget[name=genre] select", "masculin")
    doigt.taper(".o_row .o_field_widget[name=date_naissance] input", "12/05/1982")
    doigt.taper(".o_field_widget[name=regime_id] input", "Salariés")
    doigt.clic(".o-autocomplete--dropdown-item:has-text('Assurance Santé des Salariés')")
    doigt.clic(".o_notebook .nav-link[name=famille]")
    for membre in FAMILLE:
        ajouter(doigt, *membre)
    doigt.clic(".o_form_button_save")
    onglet.wait_for_selector("button[name=action_immatriculer_famille]:visible")
    doigt.clic("button[name=action_immatriculer_famille]")
    onglet.wait_for_selector(".o_statusbar_status button[data-value=actif][aria-checked=true]", state="attached")  # repliée si les boutons prennent la place
    assert not onglet.erreurs, onglet.erreurs
    famille = rpc("agent").appel("cnas.assure", "search_count", [("nom", "=", "CLICS"), ("state", "=", "actif")])
    assert famille == 6
    assert doigt.clics <= CLICS_FAMILLE, f"{doigt.clics} clics"


def test_juger_une_feuille(page, rpc):
    """De « À faire » à la feuille validée : la file, le dossier, la décision."""
    controleur = rpc("controleur")
    file = controleur.appel("cnas.feuille_soin", "search", [("controleur_id", "=", controleur.uid), ("state", "=", "controle")])
    signalees = controleur.appel("cnas.anomalie", "search", [("feuille_id", "in", file[:3]), ("state", "=", "ouverte"), ("severite", "=", "signalement")])
    if signalees:
        controleur.appel("cnas.anomalie", "action_lever", signalees, "Indication retrouvée au dossier.")
    prete = next(f["id"] for f in controleur.appel("cnas.feuille_soin", "read", file, ["peut_valider"]) if f["peut_valider"])
    numero = controleur.appel("cnas.feuille_soin", "read", [prete], ["numero"])[0]["numero"]
    onglet = page("controleur", chemin=None, largeur=1366, hauteur=768)
    onglet.pret()
    doigt = Doigt(onglet)
    doigt.clic(".o_cnas_tache:has-text('Ma file')")
    doigt.clic(f".o_kanban_record:has-text('{numero}'), .o_data_row:has-text('{numero}') .o_data_cell")
    doigt.clic("button[name=action_valider_et_suivante]")
    onglet.wait_for_selector(".o_notification")
    assert not onglet.erreurs, onglet.erreurs
    assert controleur.appel("cnas.feuille_soin", "read", [prete], ["state"])[0]["state"] == "validee"
    assert doigt.clics <= CLICS_FEUILLE, f"{doigt.clics} clics"


def ouvrir(page, login):
    """Rend l'onglet du rôle, arrivé sur « À faire », et le doigt qui compte."""
    onglet = page(login, chemin=None, largeur=1366, hauteur=768)
    onglet.pret()
    return onglet, Doigt(onglet)


def test_le_medecin_rend_un_avis(page, rpc):
    """De « À faire » à l'avis rendu ; le motif se tape, le dossier retourne au contrôleur."""
    medecin, file = rpc("medecin"), [("state", "=", "avis_medical")]
    premiere = medecin.appel("cnas.feuille_soin", "search", file, order="urgence desc, date_depot, id", limit=1)
    onglet, doigt = ouvrir(page, "medecin")
    doigt.clic(".o_cnas_tache:has-text('Avis médicaux')")
    doigt.clic(".o_data_row .o_data_cell[name=assure_id]")
    doigt.clic(".o_form_view button:has-text('Rendre un avis')")
    onglet.locator(".modal .o_field_widget[name=motif] textarea").fill("Indication justifiée par le compte rendu.")
    doigt.clic(".modal button[name=action_confirmer]")
    onglet.wait_for_selector(".modal", state="detached")
    assert not onglet.erreurs, onglet.erreurs
    assert medecin.appel("cnas.feuille_soin", "read", premiere, ["state"])[0]["state"] == "controle"
    assert medecin.appel("cnas.avis_medical", "search_count", [("feuille_id", "in", premiere), ("avis", "=", "accord")])
    assert doigt.clics <= CLICS_AVIS, f"{doigt.clics} clics"


def test_le_superviseur_affecte_et_pilote(page, rpc):
    """La plus ancienne feuille à juger change de contrôleur ; un indicateur s'ouvre sur les dossiers qu'il compte."""
    a_juger = [("state", "in", ("deposee", "controle"))]
    superviseur = rpc("superviseur")
    premiere = superviseur.appel("cnas.feuille_soin", "search", a_juger, order="urgence desc, date_depot, id", limit=1)
    onglet, doigt = ouvrir(page, "superviseur")
    doigt.clic(".o_cnas_tache:has-text('Feuilles à juger')")
    doigt.clic(".o_data_row .o_data_cell[name=assure_id]")
    doigt.clic(".o_form_view button:has-text('Affecter')")
    doigt.taper(".modal .o_field_widget[name=controleur_id] input", "Fatimé")
    doigt.clic(".o-autocomplete--dropdown-item:has-text('Fatimé')")
    doigt.clic(".modal button[name=action_confirmer]")
    onglet.wait_for_selector(".modal", state="detached")
    assert "Fatimé" in superviseur.appel("cnas.feuille_soin", "read", premiere, ["controleur_id"])[0]["controleur_id"][1]
    assert doigt.clics <= CLICS_AFFECTER, f"{doigt.clics} clics"
    doigt.clics = 0
    doigt.clic("[data-menu-xmlid='cnas_base.menu_tableaux']")
    doigt.clic(".dropdown-item[data-menu-xmlid='cnas_facturation.pilotage_menu']")
    doigt.clic("button[data-code=stock]")
    onglet.wait_for_selector(".o_list_view .o_data_row")
    assert not onglet.erreurs, onglet.erreurs
    assert doigt.clics <= CLICS_INDICATEUR, f"{doigt.clics} clics"


def test_l_ordonnateur_ordonnance(page, rpc):
    """De « À faire » à la facture ordonnancée : la liste, la facture, l'ordre, sa confirmation."""
    finance = rpc("finance")
    avant = finance.appel("cnas.facture", "search_count", [("state", "=", "ordonnancee")])
    onglet, doigt = ouvrir(page, "finance")
    doigt.clic(".o_cnas_tache:has-text('Factures à ordonnancer')")
    doigt.clic(".o_data_row .o_data_cell[name=formation_id]")
    doigt.clic("button[name=action_ordonnancer]")
    doigt.clic(".modal .btn-primary")
    onglet.wait_for_selector(".o_statusbar_status button[data-value=ordonnancee][aria-checked=true]", state="attached")
    assert not onglet.erreurs, onglet.erreurs
    assert finance.appel("cnas.facture", "search_count", [("state", "=", "ordonnancee")]) == avant + 1
    assert doigt.clics <= CLICS_ORDONNANCER, f"{doigt.clics} clics"


def test_l_administrateur_essaie_un_panier(page, rpc):
    """Ce que coûterait le mois si les examens sortaient du panier, et le panier n'a pas bougé."""
    administrateur = rpc("administrateur")
    avant = administrateur.appel("cnas.panier_soin", "search_count", [])
    onglet, doigt = ouvrir(page, "administrateur")
    doigt.clic("[data-menu-xmlid='cnas_base.menu_configuration']")
    doigt.clic(".dropdown-item[data-menu-xmlid='cnas_referentiels.panier_soin_menu']")
    doigt.clic(".o_control_panel button:has-text('Essayer un panier')")
    doigt.clic(".modal .o_field_x2many_list_row_add a")
    doigt.choisir(".modal .o_selected_row [name=sens] select", "sort")
    doigt.choisir(".modal .o_selected_row [name=type_prestation] select", "examen")
    doigt.clic(".modal button[name=action_essayer]")
    onglet.wait_for_selector(".modal .o_field_widget[name=ecart]:visible")
    assert onglet.locator(".modal .o_field_widget[name=ecart]").inner_text().startswith("-")
    assert not onglet.erreurs, onglet.erreurs
    assert administrateur.appel("cnas.panier_soin", "search_count", []) == avant
    assert doigt.clics <= CLICS_PANIER, f"{doigt.clics} clics"
