"""Matrice rôle × modèle × opération, écrite une fois dans `matrice_droits.csv` et vérifiée entièrement par XML-RPC.

Lettres : L lire, E écrire, C créer, S supprimer. Une case vide n'a aucun droit. Un modèle ajouté sans sa ligne fait échouer.
"""
import csv
import re
import xmlrpc.client
from pathlib import Path

import pytest

MATRICE = Path(__file__).with_name("matrice_droits.csv")
ROLES = ("agent", "controleur", "medecin", "superviseur", "finance", "administrateur", "formation")
OPERATIONS = {"L": "read", "E": "write", "C": "create", "S": "unlink"}
LISENT_LE_DIAGNOSTIC = {"controleur", "medecin", "superviseur", "administrateur", "formation"}
LISENT_LES_AVIS = LISENT_LE_DIAGNOSTIC - {"formation"}
# Ce qui appartient à une formation : le chemin, depuis le modèle, vers la formation.
A_LA_FORMATION = {
    "cnas.formation_sanitaire": "id", "cnas.convention": "formation_id", "cnas.carnet": "formation_id",
    "cnas.praticien": "formation_ids", "cnas.affectation": "formation_id", "cnas.agrement": "formation_id",
    "cnas.suspension": "formation_id", "cnas.feuille_soin": "formation_id", "cnas.feuille_soin.ligne": "feuille_id.formation_id",
    "cnas.feuille_soin.passage": "feuille_id.formation_id", "cnas.feuille_soin.piece": "feuille_id.formation_id",
    "cnas.anomalie": "feuille_id.formation_id", "cnas.demande_pieces": "feuille_id.formation_id",
    "cnas.entente_prealable": "formation_id", "cnas.facture": "formation_id", "cnas.decompte": "formation_id",
    "cnas.decompte.ligne": "decompte_id.formation_id", "cnas.contestation": "facture_id.formation_id",
    "cnas.indu": "formation_id", "cnas.indu.compensation": "indu_id.formation_id", "cnas.indu.echeance": "indu_id.formation_id",
    "cnas.indu.reglement": "indu_id.formation_id",
}


@pytest.fixture(scope="module")
def attendue():
    """{modèle: {rôle: lettres}}"""
    with MATRICE.open(encoding="utf-8", newline="") as fichier:
        return {rang["modele"]: rang for rang in csv.DictReader(fichier)}


@pytest.fixture(scope="module")
def modeles(rpc):
    """Les modèles durables de la suite."""
    lus = rpc("admin").appel("ir.model", "search_read", [("model", "=like", "cnas.%"), ("transient", "=", False)], fields=["model"])
    return sorted(m["model"] for m in lus if not m["model"].endswith(".mixin"))


def lettres(session, modele):
    """Les droits effectifs de l'usager sur le modèle."""
    return "".join(lettre for lettre, operation in OPERATIONS.items() if session.appel(modele, "check_access_rights", operation, False))


def test_chaque_modele_a_sa_ligne(attendue, modeles):
    """Ni modèle oublié, ni ligne morte."""
    assert set(attendue) == set(modeles)


@pytest.mark.parametrize("role", ROLES)
def test_droits_du_role(rpc, attendue, role):
    """Chaque case de la colonne est exactement ce que le serveur accorde."""
    session = rpc(role)
    accordes = {modele: lettres(session, modele) for modele in attendue}
    ecarts = {m: (accordes[m], rang[role]) for m, rang in attendue.items() if accordes[m] != rang[role]}
    assert not ecarts, f"(accordé, attendu) : {ecarts}"


@pytest.mark.parametrize("role", ROLES)
def test_ce_qui_s_ouvre_se_lit_ce_qui_est_ferme_ne_se_lit_pas(rpc, attendue, role):
    """Lire sans liste de champs ne bute sur rien ; un modèle fermé refuse la recherche, la lecture, le compte et le groupement."""
    session = rpc(role)
    for modele, rang in attendue.items():
        if "L" in rang[role]:
            session.appel(modele, "search_read", [], limit=2)
        else:
            session.refuse(modele, "search", [])
            session.refuse(modele, "read", [1], ["display_name"])
            session.refuse(modele, "read_group", [], ["id"], ["id"])


@pytest.mark.parametrize("role", ROLES)
def test_diagnostic_et_avis(rpc, role):
    """Le diagnostic et les avis ne se lisent, ne se cherchent et ne se groupent que par les rôles médicaux et la formation."""
    session = rpc(role)
    ids = session.appel("cnas.feuille_soin", "search", [("state", "!=", "brouillon")], limit=1)
    champs = session.appel("cnas.feuille_soin", "fields_get", [], ["string"])
    assert ("pathologie_id" in champs) == (role in LISENT_LE_DIAGNOSTIC)
    assert ("avis_ids" in champs) == (role in LISENT_LES_AVIS)
    if role in LISENT_LE_DIAGNOSTIC:
        assert session.appel("cnas.feuille_soin", "read", ids, ["pathologie_id"])[0]["pathologie_id"]
        return
    session.refuse("cnas.feuille_soin", "read", ids, ["pathologie_id"])
    session.refuse("cnas.feuille_soin", "search", [("pathologie_id.code", "=", "B54")])
    session.refuse("cnas.feuille_soin", "search", [], order="pathologie_id")
    session.refuse("cnas.feuille_soin", "read_group", [], ["pathologie_id"], ["pathologie_id"])
    session.refuse("cnas.feuille_soin.ligne", "search", [("feuille_id.pathologie_id.code", "=", "B54")])
    session.refuse("cnas.feuille_soin", "export_data", ids, ["pathologie_id/code"])


def test_une_formation_ne_voit_que_la_sienne(rpc, attendue):
    """Sur chaque modèle ouvert au portail qui appartient à une formation, tout ce qui se voit est à elle, et le reste existe."""
    session, admin = rpc("formation"), rpc("admin")
    sienne = session.appel("cnas.formation_sanitaire", "search", [])
    assert len(sienne) == 1
    ailleurs = 0
    for modele, chemin in A_LA_FORMATION.items():
        assert "L" in attendue[modele]["formation"], modele
        vus = set(session.appel(modele, "search", []))
        assert vus <= set(admin.appel(modele, "search", [(chemin, "in", sienne)], context={"active_test": False})), modele
        autres = admin.appel(modele, "search", [("id", "not in", list(vus))], limit=1)
        ailleurs += bool(autres)
        if autres:
            session.refuse(modele, "read", autres, ["display_name"])
    assert ailleurs > len(A_LA_FORMATION) // 2


def boutons(rpc):
    """(modèle, méthode) de chaque bouton des écrans de la suite."""
    vues = rpc("admin").appel("ir.ui.view", "search_read", [("model", "=like", "cnas.%")], fields=["model", "arch_db"])
    trouves = set()
    for vue in vues:
        for bouton in re.findall(r"<button\b[^>]*>", vue["arch_db"]):
            nom = re.search(r'name="(\w+)"', bouton)
            if nom and 'type="object"' in bouton:
                trouves.add((vue["model"], nom.group(1)))
    return sorted(trouves)


def test_une_formation_n_agit_sur_rien_d_autrui(rpc):
    """Chaque bouton de la suite, appelé par une formation sur un enregistrement qui n'est pas à elle : refusé, rien ne bouge."""
    session, admin = rpc("formation"), rpc("admin")
    essais, reussis = 0, []
    for modele, methode in boutons(rpc):
        durable = not admin.appel("ir.model", "search_count", [("model", "=", modele), ("transient", "=", True)])
        vus = session.appel(modele, "search", []) if durable and session.appel(modele, "check_access_rights", "read", False) else []
        autre = admin.appel(modele, "search", [("id", "not in", vus)], limit=1) if durable else []
        if not autre or "write_date" not in admin.appel(modele, "fields_get", ["write_date"], ["string"]):
            continue
        avant = admin.appel(modele, "read", autre, ["write_date"])
        for arguments in ((), ("Un motif d'essai",)):
            essais += 1
            try:
                rendu = session.appel(modele, methode, autre, *arguments)
                if not isinstance(rendu, dict):
                    reussis.append((modele, methode, arguments, rendu))
            except xmlrpc.client.Fault as refus:
                assert "Traceback" not in refus.faultString, (modele, methode)
        assert admin.appel(modele, "read", autre, ["write_date"]) == avant, (modele, methode)
    assert essais > 100, essais
    assert not reussis, reussis
