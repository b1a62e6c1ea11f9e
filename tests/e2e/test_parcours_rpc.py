"""Du dossier au paiement par XML-RPC : trois dossiers d'une même facture, chaque franc calculé à la main, puis ce qui est interdit.

L'hôpital provincial d'Abéché (niveau 3) n'a rien, il y a vingt mois, dans le jeu de démonstration : la facture ne porte que ces trois-là.
"""
import pytest
from jours import annees_avant, jour, mois

FORMATION, MOIS, SOINS_LE, DEPOSE_LE = "HP-ABE-01", mois(20), mois(20, 10), mois(20, 17)
# Tarifs du niveau 3 à la date des soins : consultation (un acte au plus), comprimé de paracétamol ; le sirop est à 900 au moins.
CONSULTATION, COMPRIME = {"2025": (1500, 25), "2026": (1550, 30)}.get(SOINS_LE[:4], (1600, 35))
# ASS : 80 %, enfant 100 %. En 2026, 1 550 → part 1 240, ticket 310 ; 20 × 30 = 600 → part 480, ticket 120.
PART, PART_COMPRIMES = {1500: 1200, 1550: 1240, 1600: 1280}[CONSULTATION], 16 * COMPRIME
BASE_ADULTE = CONSULTATION + 20 * COMPRIME
ADULTE = ([("ACT0001", 1, 2000), ("MED0001", 20, COMPRIME)],
          {"montant_facture": 2000 + 20 * COMPRIME, "montant_base": BASE_ADULTE, "montant_cnas": PART + PART_COMPRIMES,
           "ticket_moderateur": BASE_ADULTE - PART - PART_COMPRIMES, "depassement": 2000 - CONSULTATION, "montant_rejete": 0})
# Enfant de deux ans : la consultation et le sirop à 900, sous le tarif, pris en entier.
TOTAL_ENFANT = CONSULTATION + 900
ENFANT = ([("ACT0001", 1, CONSULTATION), ("MED0002", 1, 900)],
          {"montant_facture": TOTAL_ENFANT, "montant_base": TOTAL_ENFANT, "montant_cnas": TOTAL_ENFANT, "ticket_moderateur": 0,
           "depassement": 0, "montant_rejete": 0})
# Deux consultations ramenées à une, l'autre en dépassement ; consultation prénatale d'un homme, rejetée.
ABATTU = ([("ACT0001", 2, CONSULTATION), ("ACT0007", 1, 1000)],
          {"montant_facture": 2 * CONSULTATION + 1000, "montant_base": CONSULTATION, "montant_cnas": PART,
           "ticket_moderateur": CONSULTATION - PART, "depassement": CONSULTATION, "montant_rejete": 1000})
TOTAL = {cle: sum(cas[1][cle] for cas in (ADULTE, ENFANT, ABATTU)) for cle in ADULTE[1]}
SOINS, PHARMACIE = PART + CONSULTATION + PART, PART_COMPRIMES + 900


def immatriculer(agent, nom, naissance, **autres):
    """Crée et immatricule un assuré du régime ASS, droits ouverts depuis six mois à la date des soins ; rend (id, matricule)."""
    regime = agent.appel("cnas.regime", "search", [("code", "=", "ASS")])[0]
    identifiant = agent.appel("cnas.assure", "create", {
        "nom": nom, "prenom": "Parcours", "genre": "masculin", "regime_id": regime, "date_naissance": naissance,
        "date_affiliation": mois(26), "statut_matrimonial": "celibataire", **autres})
    assert agent.appel("cnas.assure", "action_immatriculer", [identifiant]) is True
    return identifiant, agent.appel("cnas.assure", "read", [identifiant], ["matricule"])[0]["matricule"]


def dossier(reference, matricule, lignes, **autres):
    """Une feuille au format d'`importer`."""
    return {"reference": reference, "formation": FORMATION, "matricule": matricule, "date_soins": SOINS_LE, "date_depot": DEPOSE_LE,
            "pathologie": "J06.9", "agence": "AG-ABE",
            "lignes": [{"prestation": code, "quantite": q, "prix_unitaire": prix} for code, q, prix in lignes], **autres}


def test_trois_dossiers_jusqu_au_paiement(rpc):
    """Quarante lignes utiles : immatriculer, importer, contrôler, valider, facturer, ordonnancer, payer, lire le décompte."""
    agent, controleur, superviseur, finance = map(rpc, ("agent", "controleur", "superviseur", "finance"))
    pere, matricule_pere = immatriculer(agent, "PERE", "1990-03-02")
    _, matricule_enfant = immatriculer(agent, "ENFANT", annees_avant(mois(26), 2), type_assure="ayant_droit", assure_principal_id=pere, lien="enfant")
    _, matricule_oncle = immatriculer(agent, "ONCLE", "1985-07-14")
    envois = [dossier("PAR-1", matricule_pere, ADULTE[0]), dossier("PAR-2", matricule_enfant, ENFANT[0]), dossier("PAR-3", matricule_oncle, ABATTU[0])]

    recus = agent.appel("cnas.feuille_soin", "importer", envois)
    assert [r["erreurs"] for r in recus] == [[], [], []] and [r["state"] for r in recus] == ["deposee"] * 3
    numeros = [r["numero"] for r in recus]
    assert len(set(numeros)) == 3 and all(n.startswith(f"AG-ABE-{DEPOSE_LE[:4]}-") for n in numeros)
    assert agent.appel("cnas.feuille_soin", "importer", envois) == recus, "rejouer rend les mêmes identifiants"
    ids = [r["id"] for r in recus]

    facture = agent.appel("cnas.facture", "preparer", FORMATION, MOIS)
    assert agent.appel("cnas.facture", "preparer", FORMATION, MOIS) == facture
    assert sorted(agent.appel("cnas.facture", "read", [facture], ["feuille_ids"])[0]["feuille_ids"]) == sorted(ids)
    assert agent.appel("cnas.facture", "action_soumettre", [facture]) is True
    assert agent.appel("cnas.facture", "read", [facture], ["montant_facture"])[0]["montant_facture"] == TOTAL["montant_facture"]
    assert controleur.appel("cnas.facture", "action_controler", [facture]) is True

    for identifiant, (_, attendu), nature in zip(ids, (ADULTE, ENFANT, ABATTU), ("ordinaire", "enfant", "ordinaire")):
        lue = controleur.appel("cnas.feuille_soin", "read", [identifiant], ["state", "nature", "etat_droits", *attendu])[0]
        assert (lue["state"], lue["nature"], lue["etat_droits"]) == ("validee", nature, "ouverts"), lue
        assert {cle: lue[cle] for cle in attendu} == attendu
    decisions = controleur.appel("cnas.feuille_soin.ligne", "search_read", [("feuille_id", "=", ids[2])], fields=["decision", "quantite_retenue"])
    assert [d["decision"] for d in decisions] == ["abattue", "rejetee"] and decisions[0]["quantite_retenue"] == 1

    # Chaque étape refuse qui n'en est pas, et ce qui n'est pas mûr.
    finance.refuse("cnas.facture", "action_ordonnancer", [facture])
    agent.refuse("cnas.facture", "action_valider", [facture])
    assert superviseur.appel("cnas.facture", "action_valider", [facture]) is True
    finance.refuse("cnas.facture", "action_payer", [facture], jour(5), "VIR-AVANT")
    superviseur.refuse("cnas.facture", "action_ordonnancer", [facture])
    assert finance.appel("cnas.facture", "action_ordonnancer", [facture]) is True
    finance.refuse("cnas.facture", "action_payer", [facture], jour(), "VIR-ORDONNATEUR")
    finance = rpc("finance2")
    finance.refuse("cnas.facture", "action_payer", [facture], "bientôt", "VIR-1")
    finance.refuse("cnas.facture", "action_payer", [facture], mois(20, 20), "VIR-AVANT-ORDRE")
    assert finance.appel("cnas.facture", "action_payer", [facture], jour(), "VIR-PARCOURS") is True
    finance.refuse("cnas.facture", "action_payer", [facture], jour(), "VIR-DEUX-FOIS")

    payee = superviseur.appel("cnas.facture", "read", [facture], ["state", "montant_soins", "montant_pharmacie", "decompte_id", *TOTAL])[0]
    assert payee["state"] == "payee" and {cle: payee[cle] for cle in TOTAL} == TOTAL
    assert (payee["montant_soins"], payee["montant_pharmacie"]) == (SOINS, PHARMACIE)
    decompte = finance.appel("cnas.decompte", "read", [payee["decompte_id"][0]], ["net_a_payer", "net_principal", "net_pharmacie", "ligne_ids", *TOTAL])[0]
    assert {cle: decompte[cle] for cle in TOTAL} == TOTAL
    assert (decompte["net_a_payer"], decompte["net_principal"], decompte["net_pharmacie"]) == (SOINS + PHARMACIE, SOINS, PHARMACIE)
    lignes = finance.appel("cnas.decompte.ligne", "read", decompte["ligne_ids"], list(TOTAL))
    assert len(lignes) == 6 and {cle: sum(ligne[cle] for ligne in lignes) for cle in TOTAL} == TOTAL
    assert {f["state"] for f in controleur.appel("cnas.feuille_soin", "read", ids, ["state"])} == {"payee"}


# ---------------------------------------------------------------------- enregistré, puis rejeté avec son motif codé
def test_formation_sans_convention(rpc):
    """Le dépôt est un fait : la feuille s'enregistre, puis la règle FOR-01 la rejette."""
    agent, controleur = rpc("agent"), rpc("controleur")
    sans = agent.appel("cnas.formation_sanitaire", "search_read", [("convention_ids", "=", False), ("state", "!=", "fermee")], fields=["code"], limit=1)
    _, matricule = immatriculer(agent, "SANSCONV", "1991-01-01")
    depot = agent.appel("cnas.feuille_soin", "importer", [dossier("PAR-FOR", matricule, ADULTE[0], formation=sans[0]["code"])])[0]
    assert depot["id"] and not depot["erreurs"], depot
    controleur.appel("cnas.feuille_soin", "action_controler", [depot["id"]])
    lue = controleur.appel("cnas.feuille_soin", "read", [depot["id"]], ["state", "montant_rejete", "montant_cnas"])[0]
    assert (lue["state"], lue["montant_rejete"], lue["montant_cnas"]) == ("rejetee", ADULTE[1]["montant_facture"], 0)
    codes = controleur.appel("cnas.anomalie", "search_read", [("feuille_id", "=", depot["id"])], fields=["code"])
    assert "FOR-01" in {a["code"] for a in codes}


# ---------------------------------------------------------------------- entrées fausses
@pytest.mark.parametrize("valeurs", [
    {"date_soins": jour(-30)}, {"date_soins": "31/02/2026"}, {"date_fin_soins": jour(-30)},
    {"assure_id": 2**31 - 1}, {"assure_id": "x"}, {"formation_id": False}, {"type_soins": "maison"},
    {"ligne_ids": [(0, 0, {"prestation_id": 1, "quantite": 0, "prix_unitaire": 10})]},
    {"ligne_ids": [(0, 0, {"prestation_id": 1, "quantite": -3, "prix_unitaire": 10})]},
    {"ligne_ids": [(0, 0, {"prestation_id": 1, "quantite": 1, "prix_unitaire": -10})]},
    {"ligne_ids": [(0, 0, {"prestation_id": 2**31 - 1, "quantite": 1, "prix_unitaire": 10})]},
])
def test_feuille_fausse_par_create(rpc, valeurs):
    """Une saisie fausse ne se dépose pas, et n'écrit rien quand `create` la refuse."""
    agent = rpc("agent")
    avant = agent.appel("cnas.feuille_soin", "search_count", [])
    bonnes = {"reference": "PAR-CREATE", "formation_id": agent.appel("cnas.formation_sanitaire", "search", [("code", "=", FORMATION)])[0],
              "assure_id": agent.appel("cnas.assure", "search", [("state", "=", "actif")], limit=1)[0],
              "date_soins": SOINS_LE, "date_depot": DEPOSE_LE}
    assert agent.refuse("cnas.feuille_soin", "create", {**bonnes, **valeurs})
    assert agent.appel("cnas.feuille_soin", "search_count", []) == avant


def test_matricule_a_cle_fausse(rpc):
    """`trouve` faux et un motif qui dit quoi vérifier ; une date illisible est refusée par une phrase."""
    agent = rpc("agent")
    bon = agent.appel("cnas.assure", "search_read", [("state", "=", "actif")], fields=["matricule"], limit=1)[0]["matricule"]
    faux = bon[:-1] + str((int(bon[-1]) + 1) % 10)
    reponse = agent.appel("cnas.assure", "verifier_droits", faux, SOINS_LE)
    assert reponse["trouve"] is False and "clé" in reponse["motif"] and reponse["etat_droits"] == "fermes"
    assert agent.appel("cnas.assure", "verifier_droits", f" {bon.lower()} ", SOINS_LE)["trouve"] is True
    assert "date" in agent.refuse("cnas.assure", "verifier_droits", bon, "bientôt").lower()


# ---------------------------------------------------------------------- transitions interdites
def modeles_a_etats(rpc):
    """Les modèles gardés : ceux qui portent un champ `state` et que l'administrateur peut lire."""
    session = rpc("administrateur")
    lus = rpc("admin").appel("ir.model.fields", "search_read", [
        ("name", "=", "state"), ("ttype", "=", "selection"), ("model", "=like", "cnas.%"), ("store", "=", True),
        ("model_id.transient", "=", False)], fields=["model"])
    return sorted({c["model"] for c in lus if session.appel(c["model"], "check_access_rights", "read", False)})


def test_aucun_etat_ne_s_ecrit_a_la_main(rpc):
    """Sur chaque modèle à états, un enregistrement de chaque état : aucun autre état ne s'écrit, par aucun rôle qui peut écrire."""
    essais = 0
    for modele in modeles_a_etats(rpc):
        etats = [valeur for valeur, _ in rpc("administrateur").appel(modele, "fields_get", ["state"], ["selection"])["state"]["selection"]]
        for role in ("agent", "controleur", "medecin", "superviseur", "finance", "administrateur", "formation"):
            session = rpc(role)
            if not session.appel(modele, "check_access_rights", "write", False):
                continue
            for depart in etats:
                trouve = session.appel(modele, "search", [("state", "=", depart)], limit=1)
                for arrivee in (etats if trouve else ()):
                    if arrivee != depart:
                        session.refuse(modele, "write", trouve, {"state": arrivee})
                        essais += 1
                assert not trouve or session.appel(modele, "read", trouve, ["state"])[0]["state"] == depart
    assert essais > 300, essais


@pytest.mark.parametrize("etat", ["deposee", "validee", "rejetee", "payee"])
def test_aucune_feuille_ne_nait_avancee(rpc, etat):
    """`create` avec un état, un montant ou un numéro avancé est refusé ; par le contexte, il est ignoré ou refusé."""
    agent = rpc("superviseur")
    valeurs = {"reference": f"PAR-NEE-{etat}", "date_soins": SOINS_LE, "date_depot": DEPOSE_LE,
               "formation_id": agent.appel("cnas.formation_sanitaire", "search", [("code", "=", FORMATION)])[0],
               "assure_id": agent.appel("cnas.assure", "search", [("state", "=", "actif")], limit=1)[0]}
    for forge in ({"state": etat}, {"montant_cnas": 5000}, {"numero": f"AG-ABE-{DEPOSE_LE[:4]}-999999"}, {"decidee_par_id": agent.uid}):
        agent.refuse("cnas.feuille_soin", "create", {**valeurs, **forge})
    contexte = {"default_state": etat, "default_montant_cnas": 5000, "default_numero": "X-1"}
    nee = agent.appel("cnas.feuille_soin", "create", valeurs, context=contexte)
    lue = agent.appel("cnas.feuille_soin", "read", [nee], ["state", "montant_cnas", "numero"])[0]
    assert (lue["state"], lue["montant_cnas"], lue["numero"]) == ("brouillon", 0, False)
    copie = agent.appel("cnas.feuille_soin", "copy", nee, {"reference": f"PAR-COPIE-{etat}"}, context=contexte)
    assert agent.appel("cnas.feuille_soin", "read", [copie], ["state"])[0]["state"] == "brouillon"
    for methode in ("action_controler", "action_valider"):
        agent.refuse("cnas.feuille_soin", methode, [nee])


@pytest.mark.parametrize("modele, valeurs, etat", [
    ("cnas.assure", {"nom": "FORGE", "prenom": "Essai", "genre": "masculin", "date_naissance": "1990-01-01"}, "actif"),
    ("cnas.employeur", {"raison_sociale": "FORGE SARL", "type_employeur": "prive"}, "actif"),
    ("cnas.formation_sanitaire", {"name": "FORGE", "code": "FORGE-1", "type_formation": "centre_sante"}, "active"),
])
def test_aucun_dossier_ne_nait_actif(rpc, modele, valeurs, etat):
    """Un assuré, un employeur, une formation commencent au brouillon."""
    session = rpc("administrateur")
    if modele == "cnas.assure":
        valeurs = {**valeurs, "regime_id": session.appel("cnas.regime", "search", [("code", "=", "ASS")])[0]}
    session.refuse(modele, "create", {**valeurs, "state": etat})
    nes = session.appel(modele, "search", [("state", "=", "brouillon")], limit=1)
    if nes:
        session.refuse(modele, "write", nes, {"state": etat})
