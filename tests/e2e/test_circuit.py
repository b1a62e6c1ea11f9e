"""Le circuit complet, par XML-RPC et à l'écran : de l'immatriculation au décompte payé, montants calculés à la main."""
import pytest
from jours import jour

LIGNES = [
    {"prestation": "ACT0002", "quantite": 1, "prix_unitaire": 600},
    {"prestation": "MED0001", "quantite": 21, "prix_unitaire": 30},
    {"prestation": "MED0006", "quantite": 11, "prix_unitaire": 45},
]
# À la main, régime ASS à 80 %. Consultation : 600 facturés ; en 2026, tarif de 550 → part 440, ticket 110, dépassement 50 ;
# ensuite, tarif de 600 → part 480, ticket 120. Paracétamol 21 × 30 = 630 → part 504, ticket 126. Ibuprofène 11 × 45 = 495 → part 396,
# ticket 99 : l'un et l'autre sous leur tarif.
CONSULTATION, SOINS = (550, 440) if jour(15).startswith("2026") else (600, 480)
PHARMACIE = 504 + 396
MONTANTS = {"montant_facture": 1725, "montant_base": CONSULTATION + 1125, "montant_cnas": SOINS + PHARMACIE,
            "ticket_moderateur": CONSULTATION - SOINS + 225, "depassement": 600 - CONSULTATION, "montant_rejete": 0}


@pytest.fixture(scope="module")
def assure(rpc):
    """Un assuré immatriculé par l'agent : (id, matricule)."""
    agent = rpc("agent")
    regime = agent.appel("cnas.regime", "search", [("code", "=", "ASS")])[0]
    identifiant = agent.appel("cnas.assure", "create", {
        "nom": "CIRCUIT", "prenom": "Essai", "genre": "masculin", "regime_id": regime, "date_naissance": "1990-05-04",
        "statut_matrimonial": "celibataire", "date_affiliation": jour(500)})
    assert agent.appel("cnas.assure", "action_immatriculer", [identifiant]) is True
    return identifiant, agent.appel("cnas.assure", "read", [identifiant], ["matricule"])[0]["matricule"]


def envoi(assure, reference, **autres):
    """Une feuille telle qu'un script l'envoie à `importer`."""
    return {"reference": reference, "formation": "CS-ABE-01", "matricule": assure, "date_soins": jour(15),
            "date_depot": jour(13), "pathologie": "B54", "praticien": "INF-0101", "agence": "AG-ABE", "lignes": LIGNES, **autres}


def test_du_premier_assure_au_dossier_paye(rpc, assure):
    """Immatriculer, importer, contrôler, facturer, payer : les montants sont ceux calculés à la main."""
    agent, controleur, superviseur, finance, formation = map(rpc, ("agent", "controleur", "superviseur", "finance", "formation"))
    _, matricule = assure
    assert agent.appel("cnas.assure", "verifier_droits", matricule, jour(15))["etat_droits"] == "ouverts"

    depot = agent.appel("cnas.feuille_soin", "importer", [envoi(matricule, "E2E-CIRCUIT")])
    assert not depot[0]["erreurs"] and depot[0]["numero"] and depot[0]["state"] == "deposee", depot
    assert agent.appel("cnas.feuille_soin", "importer", [envoi(matricule, "E2E-CIRCUIT")]) == depot, "rejouer ne crée rien"
    feuille = depot[0]["id"]

    assert controleur.appel("cnas.feuille_soin", "action_controler", [feuille]) is True
    lue = controleur.appel("cnas.feuille_soin", "read", [feuille], ["state", *MONTANTS])[0]
    assert lue.pop("state") == "validee"
    assert {cle: lue[cle] for cle in MONTANTS} == MONTANTS

    facture = formation.appel("cnas.facture", "preparer", "CS-ABE-01", jour(15)[:8] + "01")
    incluses = superviseur.appel("cnas.facture", "read", [facture], ["feuille_ids"])[0]["feuille_ids"]
    assert feuille in incluses
    assert "brouillon" in superviseur.refuse("cnas.facture", "action_valider", [facture]).lower()
    formation.appel("cnas.facture", "action_soumettre", [facture])
    controleur.appel("cnas.facture", "action_controler", [facture])
    controleur.refuse("cnas.facture", "action_valider", [facture])
    superviseur.appel("cnas.facture", "action_valider", [facture])
    superviseur.refuse("cnas.facture", "action_ordonnancer", [facture])
    finance.appel("cnas.facture", "action_ordonnancer", [facture])
    finance.refuse("cnas.facture", "action_payer", [facture], jour(), "VIR-E2E-0")
    rpc("finance2").appel("cnas.facture", "action_payer", [facture], jour(), "VIR-E2E-1")

    payee = superviseur.appel("cnas.facture", "read", [facture], ["state", "montant_soins", "montant_pharmacie", "decompte_ids", *MONTANTS])[0]
    assert payee["state"] == "payee" and payee["decompte_ids"]
    if incluses == [feuille]:
        assert {cle: payee[cle] for cle in MONTANTS} == MONTANTS
        assert (payee["montant_soins"], payee["montant_pharmacie"]) == (SOINS, PHARMACIE)
    assert controleur.appel("cnas.feuille_soin", "read", [feuille], ["state"])[0]["state"] == "payee"


def test_decompte_pdf(page, rpc):
    """Le décompte d'une facture payée se télécharge en PDF, par qui y a droit."""
    decompte = rpc("superviseur").appel("cnas.decompte", "search", [("facture_id.formation_id.code", "=", "CS-ABE-01")], limit=1)[0]
    onglet = page("superviseur", chemin=None)
    reponse = onglet.request.get(f"/cnas/decompte/{decompte}/pdf")
    assert reponse.status == 200 and reponse.body()[:5] == b"%PDF-"
    autre = page("formation2", chemin=None)
    assert autre.request.get(f"/cnas/decompte/{decompte}/pdf").status == 404


@pytest.mark.parametrize("changement, attendu", [
    ({"matricule": "TD126000020399"}, "matricule"),
    ({"date_soins": jour(-30)}, "dat"),
    ({"date_soins": "bientôt"}, "dat"),
    ({"pathologie": "ZZZ"}, "pathologie"),
    ({"formation": "INCONNUE"}, "formation"),
    ({"lignes": [{"prestation": "NEANT", "quantite": 1, "prix_unitaire": 100}]}, "prestation"),
    ({"lignes": [{"prestation": "ACT0002", "quantite": 0, "prix_unitaire": 100}]}, "quantité"),
    ({"lignes": [{"prestation": "ACT0002", "quantite": 1, "prix_unitaire": -5}]}, "prix"),
    ({"lignes": []}, "ligne"),
])
def test_entrees_fausses_rien_d_ecrit(rpc, assure, changement, attendu):
    """Une phrase claire, rien d'écrit."""
    agent = rpc("agent")
    reference = f"E2E-FAUX-{attendu + str(len(str(changement)))}"
    avant = agent.appel("cnas.feuille_soin", "search_count", [])
    reponse = agent.appel("cnas.feuille_soin", "importer", [envoi(assure[1], reference, **changement)])[0]
    assert reponse["id"] is False and reponse["erreurs"], reponse
    assert attendu in " ".join(reponse["erreurs"]).lower(), reponse
    assert agent.appel("cnas.feuille_soin", "search_count", []) == avant


def test_droits_fermes_enregistre_puis_rejete(rpc):
    """Sans droits à la date des soins : le dossier est enregistré, puis rejeté avec son motif codé."""
    agent, controleur = rpc("agent"), rpc("controleur")
    regime = agent.appel("cnas.regime", "search", [("code", "=", "ASS")])[0]
    identifiant = agent.appel("cnas.assure", "create", {
        "nom": "TARDIF", "prenom": "Essai", "genre": "feminin", "regime_id": regime, "date_naissance": "1988-01-09",
        "statut_matrimonial": "celibataire", "date_affiliation": jour(10)})
    agent.appel("cnas.assure", "action_immatriculer", [identifiant])
    matricule = agent.appel("cnas.assure", "read", [identifiant], ["matricule"])[0]["matricule"]
    depot = agent.appel("cnas.feuille_soin", "importer", [envoi(matricule, "E2E-FERMES")])[0]
    assert depot["id"], depot
    controleur.appel("cnas.feuille_soin", "action_controler", [depot["id"]])
    lue = controleur.appel("cnas.feuille_soin", "read", [depot["id"]], ["state", "etat_droits", "montant_cnas", "montant_rejete", "anomalie_ids"])[0]
    assert (lue["state"], lue["etat_droits"], lue["montant_cnas"], lue["montant_rejete"]) == ("rejetee", "fermes", 0, 1725)
    regles = controleur.appel("cnas.anomalie", "read", lue["anomalie_ids"], ["regle_id"])
    assert any(r["regle_id"][1].startswith("DRT-") for r in regles), regles


@pytest.mark.parametrize("modele, valeurs", [
    ("cnas.feuille_soin", {"state": "validee"}), ("cnas.feuille_soin", {"montant_cnas": 1}), ("cnas.feuille_soin", {"numero": "X"}),
    ("cnas.assure", {"state": "radie"}), ("cnas.facture", {"state": "payee"}),
])
def test_etats_gardes_par_rpc(rpc, modele, valeurs):
    """Une transition ou un montant écrit à la main est refusé, même à l'administrateur."""
    session = rpc("administrateur")
    identifiant = session.appel(modele, "search", [], limit=1)
    session.refuse(modele, "write", identifiant, valeurs)


def test_ecran_feuille_de_soins(page, rpc):
    """Le contrôleur ouvre un dossier contrôlé : statut, lignes et montants sont à l'écran."""
    trouvees = rpc("controleur").appel("cnas.feuille_soin", "search_read", [("numero", "!=", False), ("montant_cnas", ">", 0)],
                                       fields=["numero"], limit=1)
    onglet = page("controleur", chemin=None)
    onglet.goto(f"/web#id={trouvees[0]['id']}&model=cnas.feuille_soin&view_type=form")
    onglet.pret()
    onglet.wait_for_selector(f".o_form_view :text('{trouvees[0]['numero']}')")
    assert onglet.locator(".o_field_x2many tr.o_data_row").count() >= 1
    assert not onglet.erreurs, onglet.erreurs


def test_portail_feuilles_et_factures(page):
    """La formation voit ses feuilles et ses factures ; chaque page reste légère."""
    onglet = page("formation", chemin="/my")
    liens = {a.get_attribute("href") for a in onglet.locator("a[href*='/my/']").all()}
    visitees = sorted(lien.split("?")[0] for lien in liens if any(mot in lien for mot in ("feuille", "facture", "droit")))
    assert visitees, liens
    for lien in dict.fromkeys(visitees):
        reponse = onglet.goto(lien)
        assert reponse.status == 200, lien
        assert len(reponse.body()) < 100 * 1024, f"{lien} pèse {len(reponse.body())} octets"
    assert not onglet.erreurs, onglet.erreurs


def test_tableaux_de_bord(page, rpc):
    """Le superviseur ouvre un tableau de bord CNAS : il se calcule sans erreur."""
    tableaux = rpc("superviseur").appel("spreadsheet.dashboard", "search_read", [], fields=["name"])
    assert {"Activité", "Liquidation", "Formations", "Population"} <= {t["name"] for t in tableaux}
    onglet = page("superviseur", chemin=None)
    onglet.goto("/web#action=spreadsheet_dashboard.ir_actions_dashboard_action")
    onglet.pret()
    onglet.wait_for_selector(".o-spreadsheet canvas, .o_spreadsheet_dashboard_action canvas, .o-grid canvas")
    assert not onglet.locator(".o_error_dialog").count() and not onglet.erreurs, onglet.erreurs
