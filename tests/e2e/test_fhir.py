"""La porte FHIR sur un vrai serveur : le client FHIR de PyPI y fait son parcours, la documentation s'y exécute."""
import re
from datetime import date, timedelta

import pytest
import requests
from conftest import RACINE
from fhirclient import client
from fhirclient.models import (
    chargeitemdefinition,
    claim,
    claimresponse,
    coverageeligibilityrequest,
    coverageeligibilityresponse,
    paymentnotice,
    paymentreconciliation,
)
from jours import jour

DOCUMENT = RACINE / "doc" / "echanges.md"
MONTREE = 'URL, JETON = "http://localhost:8069", "le jeton de la formation"'
SYSTEME = "https://cnas.td/fhir/"


@pytest.fixture(scope="module")
def jeton(serveur):
    """Le jeton que la formation crée dans son espace, par les vraies pages."""
    navigateur = requests.Session()

    def envoyer(adresse, **champs):
        page = navigateur.get(f"{serveur.url}{adresse}", timeout=60).text
        csrf = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
        return navigateur.post(f"{serveur.url}{adresse}", data={"csrf_token": csrf, **champs}, timeout=60)
    envoyer("/web/login", login="formation", password="formation")
    page = envoyer("/my/formation/jetons", quoi="creer", name="Essai FHIR", password="formation").text
    return page.split('id="cle"')[1].split(">")[1].split("<")[0]


@pytest.fixture(scope="module")
def porte(serveur, jeton):
    """Le serveur FHIR, vu par fhirclient."""
    smart = client.FHIRClient(settings={"app_id": "cnas", "api_base": f"{serveur.url}/fhir/"})
    smart.server.session.headers["Authorization"] = f"Bearer {jeton}"
    smart.prepare()
    return smart.server


def code(systeme, valeur):
    return {"coding": [{"system": systeme, "code": valeur}]}


def test_parcours_d_un_client(porte, rpc):
    """Éligibilité, demande, réponse, avis de paiement ; chaque montant est celui de XML-RPC."""
    formation = rpc("formation")
    passee = formation.appel("cnas.feuille_soin", "search", [("state", "=", "payee"), ("mode", "=", "tiers_payant")], limit=1)[0]
    ancienne = claim.Claim.read(passee, porte)
    droits = coverageeligibilityrequest.CoverageEligibilityRequest({
        "status": "active", "purpose": ["validation"], "patient": {"reference": ancienne.patient.reference}, "created": jour(),
        "insurer": {"reference": "Organization/cnas"}}).create(porte)
    reponse = coverageeligibilityresponse.CoverageEligibilityResponse.where({"request": f"CoverageEligibilityRequest/{droits['id']}"}).perform_resources(porte)[0]
    attendu = formation.appel("cnas.assure", "verifier_droits", ancienne.patient.reference.split("/")[1])
    assert reponse.insurance[0].inforce is (attendu["etat_droits"] == "ouverts")

    tarif = chargeitemdefinition.ChargeItemDefinition.read("ACT0001", porte).propertyGroup[0].priceComponent[0].amount
    depose = claim.Claim({
        "status": "active", "use": "claim", "created": jour(), "identifier": [{"system": SYSTEME + "reference", "value": "FHIRCLIENT-1"}],
        "type": code("http://terminology.hl7.org/CodeSystem/claim-type", "professional"), "priority": {"coding": [{"code": "normal"}]},
        "patient": {"reference": ancienne.patient.reference}, "provider": {"reference": ancienne.provider.reference},
        "billablePeriod": {"start": str(date.today() - timedelta(days=1))},
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": code("http://hl7.org/fhir/sid/icd-10", "J06.9")}],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": ancienne.insurance[0].coverage.reference}}],
        "item": [{"sequence": 1, "productOrService": code(SYSTEME + "prestation", "ACT0001"), "quantity": {"value": 1},
                  "unitPrice": {"value": tarif.value, "currency": "XAF"}}]}).create(porte)
    identifiant = int(depose["id"])
    rpc("controleur").appel("cnas.feuille_soin", "action_controler", [identifiant])
    for feuille in (identifiant, passee):
        decision = claimresponse.ClaimResponse.where({"request": f"Claim/{feuille}"}).perform_resources(porte)[0]
        lue = formation.appel("cnas.feuille_soin", "read", [feuille], ["montant_facture", "montant_base", "montant_cnas", "ticket_moderateur"])[0]
        montants = {t.category.coding[0].code: t.amount.value for t in decision.total}
        assert [montants.get(c) for c in ("submitted", "eligible", "benefit", "copay")] == [
            lue[c] for c in ("montant_facture", "montant_base", "montant_cnas", "ticket_moderateur")]

    avis = paymentnotice.PaymentNotice.where({"request": f"Claim/{passee}"}).perform_resources(porte)
    assert avis
    details = [ligne for un in avis for ligne in paymentreconciliation.PaymentReconciliation.read(un.payment.reference.split("/")[1], porte).detail]
    siens = [ligne.amount.value for ligne in details if ligne.request and ligne.request.reference == f"Claim/{passee}"]
    assert sum(siens) == formation.appel("cnas.feuille_soin", "read", [passee], ["montant_cnas"])[0]["montant_cnas"]


def test_chaque_exemple_s_execute(serveur, jeton):
    """Un exemple qui échoue se dit avec sa ligne dans le document."""
    texte = DOCUMENT.read_text(encoding="utf-8")
    assert texte.count(MONTREE) == 1
    espace, joues = {}, 0
    for bloc in re.finditer(r"^```python\n(.*?)^```$", texte, re.MULTILINE | re.DOTALL):
        source = bloc.group(1).replace(MONTREE, f'URL, JETON = "{serveur.url}", "{jeton}"')
        exec(compile("\n" * texte.count("\n", 0, bloc.start(1)) + source, str(DOCUMENT), "exec"), espace)
        joues += 1
    assert joues == texte.count("```python") >= 6


def test_la_fiche_documentee_est_celle_qui_s_ecrit():
    """La table des fiches fixes du document est, champ par champ, celle du code."""
    espace = {}
    source = (RACINE / "cnas_echanges" / "noemie.py").read_text(encoding="utf-8")
    exec(re.search(r"^FICHES = .*?^}", source, re.MULTILINE | re.DOTALL).group(0), espace)
    texte = DOCUMENT.read_text(encoding="utf-8")
    for genre, champs in espace["FICHES"].items():
        rang = next(ligne for ligne in texte.splitlines() if ligne.startswith(f"| {genre} |"))
        assert re.findall(r"(\w+) \((\d+)", rang) == [(nom, str(longueur)) for nom, longueur, _forme in champs], genre
