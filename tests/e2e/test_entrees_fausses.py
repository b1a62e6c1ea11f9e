"""Entrées fausses : plus de deux mille appels hostiles par XML-RPC, tirés par hypothesis (16 fois `CNAS_EXEMPLES`).

Chaque appel réussit ou reçoit une phrase en français : jamais de trace Python, jamais d'erreur 500, et rien
n'est écrit à moitié (les comptes ne bougent que si l'appel a réussi).
"""
import csv
import os
import re
import xmlrpc.client
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MATRICE = Path(__file__).with_name("matrice_droits.csv")
EXEMPLES = int(os.environ.get("CNAS_EXEMPLES", "130"))
REGLAGES = settings(max_examples=EXEMPLES, deadline=None, derandomize=True,
                    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

TEXTES = st.one_of(
    st.sampled_from([
        "", " ", "0", "-1", "1e309", "NaN", "2026-02-30", "9999-99-99", "0001-01-01", "31/12/2026", "\u202e\u0627\u0644",
        "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "'; DROP TABLE cnas_assure; --", "TD326000000000", "../../etc/passwd",
        "é" * 300, "A" * 5000, "%s %(x)s {0}", "\\u0000", "٣٢٦", "None", "true",
    ]),
    st.text(st.characters(blacklist_categories=("Cs", "Cc"), max_codepoint=0x2FFF), max_size=40),
)
VALEURS = st.recursive(
    st.one_of(TEXTES, st.booleans(), st.integers(-2**31, 2**31 - 1), st.floats(allow_nan=False, allow_infinity=False)),
    lambda v: st.one_of(st.lists(v, max_size=3), st.dictionaries(TEXTES.filter(bool), v, max_size=3)), max_leaves=5)
MODELES = (
    "cnas.assure", "cnas.droit", "cnas.carte", "cnas.attestation", "cnas.employeur", "cnas.declaration_effectif",
    "cnas.feuille_soin", "cnas.feuille_soin.ligne", "cnas.facture", "cnas.entente_prealable",
)


def comptes(rpc, modeles=MODELES):
    """Le nombre d'enregistrements de chaque modèle exposé."""
    appel = rpc("administrateur").appel
    return {modele: appel(modele, "search_count", []) for modele in modeles}


def essayer(rpc, login, modele, methode, *arguments):
    """Rend (réussi, résultat ou phrase) ; échoue si la réponse n'est pas propre."""
    try:
        return True, rpc(login).appel(modele, methode, *arguments)
    except xmlrpc.client.Fault as refus:
        phrase = refus.faultString
        assert "Traceback" not in phrase, phrase
        assert phrase.strip(), f"refus sans phrase : {modele}.{methode}{arguments!r}"
        assert not re.search(r"psycopg2|odoo\.|File \"", phrase), phrase
        assert "Erreur interne" not in phrase, f"{modele}.{methode}{arguments!r} : {phrase}"
        return False, phrase


@pytest.mark.parametrize("login, modele, methode, nombre", [
    ("agent", "cnas.assure", "verifier_droits", 2),
    ("agent", "cnas.assure", "droits_restants", 3),
    ("agent", "cnas.assure", "rechercher_doublons", 1),
    ("agent", "cnas.prestation", "tarif_applicable", 3),
    ("agent", "cnas.facture", "preparer", 2),
])
def test_methodes_publiques(rpc, login, modele, methode, nombre):
    """Des arguments de tout type : une réponse ou une phrase, et rien d'écrit."""
    avant = comptes(rpc)

    @REGLAGES
    @given(st.lists(VALEURS, min_size=nombre, max_size=nombre))
    def tirer(arguments):
        essayer(rpc, login, modele, methode, *arguments)

    tirer()
    assert comptes(rpc) == avant


def test_importer(rpc):
    """Des envois absurdes : refusés feuille par feuille, même longueur, rien d'écrit."""
    avant = comptes(rpc)
    feuille = st.fixed_dictionaries({}, optional=dict.fromkeys(("reference", "formation", "matricule", "date_soins", "date_fin_soins", "pathologie", "praticien", "urgence", "type_soins", "mode", "agence", "date_depot", "entente", "total", "lignes", "pieces"), VALEURS))

    @REGLAGES
    @given(st.one_of(VALEURS, st.lists(st.one_of(feuille, VALEURS), max_size=4)))
    def tirer(envoi):
        reussi, resultat = essayer(rpc, "agent", "cnas.feuille_soin", "importer", envoi)
        if reussi:
            assert len(resultat) == len(envoi)
            for rendu in resultat:
                assert set(rendu) == {"reference", "id", "numero", "state", "erreurs"}
                assert rendu["erreurs"] and not rendu["id"], rendu

    tirer()
    assert comptes(rpc) == avant


@pytest.mark.parametrize("modele, champs", [
    ("cnas.assure", ("nom", "prenom", "genre", "date_naissance", "regime_id", "telephone_1", "email", "nni", "state")),
    ("cnas.employeur", ("raison_sociale", "nif", "rccm", "date_creation", "type_employeur", "telephone_1", "state")),
    ("cnas.droit", ("assure_id", "date_debut", "date_fin", "motif", "state")),
    ("cnas.feuille_soin", ("formation_id", "assure_id", "date_soins", "date_depot", "state", "montant_cnas", "ligne_ids")),
])
def test_creations(rpc, modele, champs):
    """Des créations aux champs de tout type : acceptées entières ou refusées entières."""
    compte = comptes(rpc, [modele])[modele]

    @REGLAGES
    @given(st.fixed_dictionaries({}, optional=dict.fromkeys(champs, VALEURS)))
    def tirer(valeurs):
        nonlocal compte
        reussi, _resultat = essayer(rpc, "agent", modele, "create", valeurs)
        compte += reussi
        assert comptes(rpc, [modele])[modele] == compte

    tirer()


PORTES = {
    "search": 1, "search_count": 1, "search_read": 2, "read": 2, "web_read": 2, "web_search_read": 2, "read_group": 3, "name_search": 2,
    "fields_get": 1, "default_get": 1, "write": 2, "create": 1, "copy": 2, "unlink": 1, "onchange": 4, "web_save": 3, "load": 2,
    "export_data": 2, "message_post": 1, "get_views": 1, "check_access_rights": 2, "demander_changement": 2,
}


@pytest.mark.parametrize("login", ["agent", "formation", "finance"])
def test_toutes_les_portes(rpc, login):
    """Sur tous les modèles, par toutes les portes de l'ORM : une réponse ou une phrase ; un refus n'écrit rien."""
    with MATRICE.open(encoding="utf-8", newline="") as fichier:
        lisibles = [rang["modele"] for rang in csv.DictReader(fichier) if "L" in rang["administrateur"]]
    assert len(lisibles) > 40
    avant = comptes(rpc)

    @settings(REGLAGES, max_examples=2 * EXEMPLES)
    @given(st.sampled_from(lisibles), st.sampled_from(sorted(PORTES)), st.lists(VALEURS, min_size=4, max_size=4))
    def tirer(modele, porte, arguments):
        essayer(rpc, login, modele, porte, *arguments[:PORTES[porte]])

    tirer()
    assert comptes(rpc) == avant


def test_ecritures_interdites(rpc):
    """Aucun rôle n'écrit l'état ni un montant d'un dossier déposé."""
    feuille = rpc("administrateur").appel("cnas.feuille_soin", "search", [("state", "=", "validee")], limit=1)
    facture = rpc("administrateur").appel("cnas.facture", "search", [("state", "in", ("validee", "payee"))], limit=1)
    assert feuille and facture, "la démonstration doit porter une feuille et une facture validées"
    for login in ("agent", "controleur", "superviseur", "administrateur"):
        for modele, ids in (("cnas.feuille_soin", feuille), ("cnas.facture", facture)):
            for champ, valeur in (("state", "annulee"), ("montant_cnas", 1), ("montant_facture", 1)):
                reussi, phrase = essayer(rpc, login, modele, "write", ids, {champ: valeur})
                assert not reussi, f"{login} a écrit {champ} sur {modele}"
                assert phrase


@pytest.mark.parametrize("chemin", [
    "/cnas/verifier/", "/cnas/verifier/x", "/cnas/verifier/%00", "/cnas/verifier/../../etc/passwd", "/cnas/verifier/" + "a" * 4000,
    "/my/formation", "/my/formation/feuilles/999999999", "/my/formation/feuilles/page/-1", "/my/formation/pieces/1",
    "/web/health",
])
def test_adresses_devinees(page, chemin):
    """Une adresse devinée, sans compte : jamais d'erreur 500."""
    onglet = page(None, chemin=None)
    reponse = onglet.request.get(chemin)
    assert reponse.status < 500
