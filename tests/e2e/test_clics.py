"""Le compte des clics, à 1366 × 768 : une famille de six s'immatricule en 45 clics au plus, une feuille se juge en 4."""

FAMILLE = [  # lien, prénom, genre, date ; deux épouses, trois enfants
    ("conjoint", "Khadija", "feminin", "12/03/1988"), ("conjoint", "Zara", "feminin", "05/07/1991"),
    ("enfant", "Moussa", "masculin", "14/02/2012"), ("enfant", "Achta", "feminin", "21/09/2015"), ("enfant", "Idriss", "masculin", "30/04/2019"),
]
CLICS_FAMILLE, CLICS_FEUILLE = 45, 4


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
